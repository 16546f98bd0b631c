//! Every story, again and again: with each role ended before and after each of its effects, and
//! with each message lost, doubled and overtaken. A story that is told through [`replay`] gets all
//! of it for free; afterwards the audit must hold.

use crate::world::{Plot, Setup, World};
use bus::{Fate, Route};
use futures::future::LocalBoxFuture;
use process::Faults;
use process::faults::Side;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::LocalSet;

/// A story: what somebody does with a cloud, and what he waits for.
pub type Story = for<'w> fn(&'w World) -> LocalBoxFuture<'w, ()>;

/// How much a replay tried.
#[derive(Debug, Default)]
pub struct Tried {
    /// Crashes that happened.
    pub crashes: usize,
    /// Messages whose fate was changed.
    pub messages: u64,
}

/// Heartbeats that are lost, doubled and delayed, and crashed at.
const BEATS: usize = 4;

/// Tells the story once as it is, then once for each crash and each changed message.
pub fn replay(conductors: usize, hosts: usize, story: Story) -> Tried {
    let setup = || Setup {
        conductors,
        hosts,
        ..Setup::default()
    };
    let mut tried = Tried::default();
    let messages = messages(setup(), story);
    let agents = (0..hosts).map(|n| format!("agent-{n}"));
    let roles = ["conductor-0".to_owned(), "api-0".to_owned()];
    for role in roles.into_iter().chain(agents) {
        let counting = Faults::counting();
        let counted = Setup {
            plot: Plot::role(&role, counting.clone()),
            ..setup()
        };
        tell(counted, story, "counting");
        let effects = counting.seen();
        assert!(!effects.is_empty(), "{role} has no effects to crash at");
        let beats = |effect: &&str| effect.ends_with("heartbeat");
        for (n, effect) in without_repetition(&effects, beats) {
            for side in [Side::Before, Side::After] {
                let faults = Faults::crash_at(n as u64, side);
                let crashing = Setup {
                    plot: Plot::role(&role, faults),
                    ..setup()
                };
                let what = format!("{role} crashes {side:?} effect {n}, {effect}");
                tried.crashes += tell(crashing, story, &what);
            }
        }
    }
    for (number, _) in without_repetition(&messages, |beat| *beat) {
        for fate in [Fate::Drop, Fate::Twice, Fate::Delay(Duration::from_secs(7))] {
            let chaos = move |n: u64, _: &Route| {
                if n == number as u64 {
                    fate
                } else {
                    Fate::Deliver
                }
            };
            let chaotic = Setup {
                chaos: Some(Box::new(chaos)),
                ..setup()
            };
            let what = format!("message {number} has the fate {fate:?}");
            tell(chaotic, story, &what);
            tried.messages += 1;
        }
    }
    tried
}

/// Tells it as it is; of each message, whether it was a heartbeat.
fn messages(setup: Setup, story: Story) -> Vec<bool> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let list = seen.clone();
    let chaos = move |_: u64, route: &Route| {
        let beat = matches!(route, Route::Heartbeat(_));
        list.lock().unwrap().push(beat);
        Fate::Deliver
    };
    let setup = Setup {
        chaos: Some(Box::new(chaos)),
        ..setup
    };
    tell(setup, story, "as it is");
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// All with their numbers, but of the heartbeats only the first: what comes every few seconds is
/// alike, and stories that wait would take hours.
fn without_repetition<T>(all: &[T], beat: impl Fn(&T) -> bool) -> Vec<(usize, &T)> {
    let mut beats = 0;
    let mut kept: Vec<_> = all.iter().enumerate().collect();
    kept.retain(|(_, one)| {
        beats += usize::from(beat(one));
        !beat(one) || beats <= BEATS
    });
    kept
}

/// Tells a story once on virtual time; answers how often a role crashed.
pub fn tell(setup: Setup, story: Story, what: &str) -> usize {
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        LocalSet::new().block_on(&runtime, async {
            let world = World::with(setup).await;
            story(&world).await;
            world.audit().await;
            world.crashes()
        })
    }));
    told.unwrap_or_else(|cause| {
        let text = cause
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| cause.downcast_ref::<&str>().map(|text| text.to_string()))
            .unwrap_or_default();
        panic!("when {what}: {text}")
    })
}
