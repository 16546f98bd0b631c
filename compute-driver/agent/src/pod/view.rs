//! A pod as conductors are told of it, in Kubernetes' words.

use super::notes::{Notes, begins_again};
use super::plan::{lost, member, over, sandbox};
use compute_driver::PodHere;
use schemas::workload::pod::{Member, MemberSeen, MemberState, Phase};
use schemas::workload::{Pod, PodSeen, RunState};

/// What is to be seen of a pod.
pub(crate) fn view(pod: &Pod, here: Option<&PodHere>, notes: &Notes) -> PodSeen {
    let init = pod.spec.init.iter();
    let init = init.map(|it| one(pod, here, notes, it, &format!("init/{}", it.name)));
    let containers = pod.spec.containers.iter();
    let containers: Vec<_> = containers
        .map(|it| one(pod, here, notes, it, &it.name))
        .collect();
    let begun =
        |name: &str| member(pod, here, name).is_some_and(lives) || notes.end(name).is_some();
    let phase = match over(pod, notes) {
        Some(phase) => phase,
        None if lost(pod, here, notes) => Phase::Failed,
        None if pod.spec.containers.iter().all(|it| begun(&it.name)) => Phase::Running,
        None => Phase::Pending,
    };
    let interfaces = here.and_then(|here| here.sandbox.as_ref());
    let interfaces = interfaces.filter(|it| it.incarnation == pod.incarnation && lives(it.state));
    PodSeen {
        incarnation: pod.incarnation,
        phase,
        ready: phase == Phase::Running && containers.iter().all(|it| it.ready),
        interfaces: interfaces.map_or(Vec::new(), |it| it.interfaces.clone()),
        init: init.collect(),
        containers,
    }
}

fn lives(state: RunState) -> bool {
    matches!(state, RunState::Running | RunState::Paused)
}

fn one(pod: &Pod, here: Option<&PodHere>, notes: &Notes, it: &Member, name: &str) -> MemberSeen {
    let is_init = name != it.name;
    let note = notes.members.get(name).cloned().unwrap_or_default();
    let state = match (member(pod, here, name), &note.end) {
        (Some(state), _) if lives(state) => MemberState::Running,
        (_, Some(end)) if begins_again(pod.spec.restart, is_init, end) => MemberState::Waiting {
            reason: again(end.exit_code, &end.reason),
        },
        (_, Some(end)) => MemberState::Ended {
            exit_code: end.exit_code,
            reason: end.reason.clone(),
        },
        (_, None) if lost(pod, here, notes) => MemberState::Ended {
            exit_code: None,
            reason: "Error: the pod's sandbox ended".into(),
        },
        (_, None) => MemberState::Waiting {
            reason: waits(pod, here, notes, is_init).into(),
        },
    };
    let ready = match (&state, is_init) {
        (MemberState::Running, false) => note.started && note.ready,
        (MemberState::Ended { exit_code, .. }, true) => *exit_code == Some(0),
        _ => false,
    };
    MemberSeen {
        name: it.name.clone(),
        state,
        restarts: note.restarts,
        ready,
    }
}

fn again(exit_code: Option<i64>, reason: &str) -> String {
    match exit_code {
        Some(_) if reason.starts_with("StartError") => format!("CrashLoopBackOff: {reason}"),
        Some(code) => format!("CrashLoopBackOff: it ended with status {code} ({reason})"),
        None => format!("CrashLoopBackOff: {reason}"),
    }
}

fn waits(pod: &Pod, here: Option<&PodHere>, notes: &Notes, is_init: bool) -> &'static str {
    let done = |name: String| notes.end(&name).is_some_and(|end| end.is_good());
    let mut init = pod.spec.init.iter();
    let initialized = init.all(|it| done(format!("init/{}", it.name)));
    match sandbox(pod, here) {
        Some(state) if lives(state) && (is_init || !initialized) => "PodInitializing",
        _ => "ContainerCreating",
    }
}
