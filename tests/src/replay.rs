//! Every story, again and again: with each role ended before and after each of its effects, and
//! with each message lost, doubled and overtaken. A story that is told through [`replay`] gets all
//! of it for free; afterwards the audit must hold.

use crate::world::{Plot, Setup, World};
use bus::{Fate, Route};
use futures::future::LocalBoxFuture;
use process::Faults;
use process::faults::Side;
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

/// Tells the story once as it is, then once for each crash and each changed message.
pub fn replay(hosts: usize, story: Story) -> Tried {
    let setup = || Setup {
        hosts,
        ..Setup::default()
    };
    let mut tried = Tried::default();
    let published = tell(setup(), story, "as it is").1;
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
        for (n, effect) in effects.iter().enumerate() {
            for side in [Side::Before, Side::After] {
                let faults = Faults::crash_at(n as u64, side);
                let crashing = Setup {
                    plot: Plot::role(&role, faults),
                    ..setup()
                };
                let what = format!("{role} crashes {side:?} effect {n}, {effect}");
                tried.crashes += tell(crashing, story, &what).0;
            }
        }
    }
    for number in 0..published {
        for fate in [Fate::Drop, Fate::Twice, Fate::Delay(Duration::from_secs(7))] {
            let chaos = move |n: u64, _: &Route| if n == number { fate } else { Fate::Deliver };
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

/// Tells a story once on virtual time; answers how often a role crashed, and messages sent.
pub fn tell(setup: Setup, story: Story, what: &str) -> (usize, u64) {
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
            (world.crashes(), world.broker.stats().published)
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
