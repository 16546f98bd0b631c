//! What to do next with one pod: a pure function of what should be, what is, and what was.
//!
//! ```text
//!   no sandbox ─► Images ─► Networks ─► Sandbox
//!   sandbox    ─► Begin(init 1) ─► … ─► Begin(init n) ─► Begin(all containers)
//!   ended      ─► restart policy: Rest until its back-off is over, Begin
//!   liveness   ─► Kill
//!   over       ─► End(what runs)
//! ```

use super::notes::{Notes, begins_again};
use compute_driver::PodHere;
use schemas::Timestamp;
use schemas::workload::pod::{Phase, Restart};
use schemas::workload::{Pod, RunState};
use std::collections::BTreeMap;
use std::time::Duration;

const BETWEEN_STATES: Duration = Duration::from_secs(1);

/// The next act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Have all images on the engine.
    Images,
    /// Have the networks on the engine.
    Networks,
    /// Make the sandbox and start it; what there was of the pod goes.
    Sandbox,
    /// Make these containers, anew if they have ended, and start them.
    Begin(Vec<String>),
    /// End one that its probe says is broken, for that reason.
    Kill(String, String),
    /// End these: the pod's life is over.
    End(Vec<String>),
    /// All is as it should be until something happens, or this much time has passed.
    Rest(Option<Duration>),
}

/// What this pass has done already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// The images are on the engine.
    pub images: bool,
    /// The networks are on the engine.
    pub networks: bool,
}

/// The next step. `broken` are the containers that have to be killed, and why.
pub(crate) fn plan(
    pod: &Pod,
    here: Option<&PodHere>,
    notes: &Notes,
    past: &Past,
    broken: &BTreeMap<String, String>,
    now: Timestamp,
) -> Step {
    if over(pod, notes).is_some() || lost(pod, here, notes) {
        let living = living(here);
        return match living.is_empty() {
            true => Step::Rest(None),
            false => Step::End(living),
        };
    }
    match sandbox(pod, here) {
        Some(RunState::Running | RunState::Paused) => {}
        Some(RunState::Unknown) => return Step::Rest(Some(BETWEEN_STATES)),
        _ if !past.images => return Step::Images,
        _ if !past.networks => return Step::Networks,
        _ => return Step::Sandbox,
    }
    let member = |name: &str| member(pod, here, name);
    let containers = pod.spec.containers.iter().map(|it| it.name.clone());
    if !containers.clone().any(|name| member(&name).is_some()) {
        for init in &pod.spec.init {
            let name = format!("init/{}", init.name);
            if notes.end(&name).is_some_and(|end| end.is_good()) {
                continue;
            }
            return match next(notes, &name, member(&name), now) {
                Next::Begin => Step::Begin(vec![name]),
                Next::Wait(length) => Step::Rest(length),
            };
        }
    }
    let (mut begin, mut rest) = (Vec::new(), None::<Duration>);
    for name in containers {
        let state = member(&name);
        if let (Some(RunState::Running), Some(why)) = (state, broken.get(&name)) {
            return Step::Kill(name, why.clone());
        }
        let ended = notes.end(&name);
        if ended.is_some_and(|end| !begins_again(pod.spec.restart, false, end)) {
            continue;
        }
        match next(notes, &name, state, now) {
            Next::Begin => begin.push(name),
            Next::Wait(Some(length)) => rest = Some(rest.map_or(length, |it| it.min(length))),
            Next::Wait(None) => {}
        }
    }
    match begin.is_empty() {
        true => Step::Rest(rest),
        false => Step::Begin(begin),
    }
}

enum Next {
    Begin,
    Wait(Option<Duration>),
}

/// Of a container that is to live.
fn next(notes: &Notes, name: &str, state: Option<RunState>, now: Timestamp) -> Next {
    match state {
        Some(RunState::Running | RunState::Paused) => return Next::Wait(None),
        Some(RunState::Unknown) => return Next::Wait(Some(BETWEEN_STATES)),
        None | Some(RunState::Created | RunState::Exited) => {}
    }
    let note = notes.members.get(name);
    let again_at = note
        .filter(|it| it.end.is_some())
        .and_then(|it| it.again_at);
    match again_at {
        Some(at) if at > now => Next::Wait(Some(at.since(now))),
        _ => Next::Begin,
    }
}

/// How the pod's life has ended, if it has and does not go on.
pub(crate) fn over(pod: &Pod, notes: &Notes) -> Option<Phase> {
    let restart = pod.spec.restart;
    let init_failed = pod.spec.init.iter().any(|init| {
        let end = notes.end(&format!("init/{}", init.name));
        end.is_some_and(|end| !end.is_good() && !begins_again(restart, true, end))
    });
    let begun = |name: &String| {
        notes
            .members
            .get(name)
            .is_some_and(|it| !it.boot.is_empty())
    };
    // Containers that were begun say that all went well before, whatever is noted.
    if init_failed && !pod.spec.containers.iter().any(|it| begun(&it.name)) {
        return Some(Phase::Failed);
    }
    let mut all_good = true;
    for container in &pod.spec.containers {
        let end = notes.end(&container.name)?;
        if begins_again(restart, false, end) {
            return None;
        }
        all_good &= end.is_good();
    }
    Some(if all_good {
        Phase::Succeeded
    } else {
        Phase::Failed
    })
}

/// Its sandbox is gone, and it is not to be made again.
pub(crate) fn lost(pod: &Pod, here: Option<&PodHere>, notes: &Notes) -> bool {
    let gone = matches!(sandbox(pod, here), None | Some(RunState::Exited));
    pod.spec.restart == Restart::Never && gone && !notes.sandbox.is_empty()
}

pub(crate) fn sandbox(pod: &Pod, here: Option<&PodHere>) -> Option<RunState> {
    let sandbox = here?.sandbox.as_ref()?;
    (sandbox.incarnation == pod.incarnation).then_some(sandbox.state)
}

pub(crate) fn member(pod: &Pod, here: Option<&PodHere>, name: &str) -> Option<RunState> {
    let member = here?.members.get(name)?;
    (member.incarnation == pod.incarnation).then_some(member.state)
}

fn living(here: Option<&PodHere>) -> Vec<String> {
    let members = here.into_iter().flat_map(|here| &here.members);
    let living = members.filter(|(_, it)| matches!(it.state, RunState::Running | RunState::Paused));
    living.map(|(name, _)| name.clone()).collect()
}
