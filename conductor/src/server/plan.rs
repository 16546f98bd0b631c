//! The decision, pure: `plan(snapshot, now) -> Step`.

use super::task::Task;
use crate::Settings;
use schemas::Timestamp;
use schemas::host::{Problem, Seen};
use schemas::workload::pod::Phase;
use schemas::workload::{Observation, PodSeen, Power, RunState};
use std::time::Duration;
use store::compute::servers::{Server, Sight};
use store::compute::spec::Spec;
use store::image::snapshots;

/// All that a decision depends on.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub server: Server,
    pub spec: Spec,
    pub sight: Sight,
    /// The host it is placed on; `None` when it is not placed, or the host's row is gone.
    pub host: Option<HostView>,
    /// A pod that a node of its cluster may still send something new.
    pub serving: bool,
}

#[derive(Clone, Debug)]
pub(super) struct HostView {
    pub name: String,
    /// Heard of lately, not declared dead.
    pub up: bool,
    /// Why its engine does not answer.
    pub engine_problem: Option<String>,
    /// It was a node, and with its server all that was on it has gone.
    pub gone: bool,
}

impl HostView {
    /// Why nobody can say what is on it now. What is left there is found out, and removed if
    /// unwanted, when it returns and says what it has.
    fn absence(&self) -> Option<String> {
        match &self.engine_problem {
            _ if !self.up => Some(format!("host {} fell silent", self.name)),
            Some(problem) => Some(format!(
                "the engine of host {} is down: {problem}",
                self.name
            )),
            None => None,
        }
    }
}

/// One next step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// The row and all it holds go.
    Remove,
    /// A host is to be chosen.
    Place,
    /// Room for another size is to be found on its host.
    Grow,
    /// The host is told (again) what should be.
    Tell,
    /// Nothing to do before `until`.
    Wait { until: Timestamp, reason: String },
    /// The agent has done as asked: the row says so.
    Settle { vm_state: &'static str },
    /// The agent could not do as asked, and more tries would not help.
    Fail {
        vm_state: &'static str,
        reason: String,
    },
    /// Off this host, to another one. `gone`: nothing is left there (or nobody can say).
    Leave { gone: bool, reason: String },
    /// Its host is gone with all that was on it, for good.
    Lose { reason: String },
    /// It ended by itself: that is its new desired state.
    Ended,
    /// It was ended or removed from outside: brought back.
    Revive { reason: String },
    /// All is as it should be.
    Rest,
}

pub(super) fn plan(at: &Snapshot, now: Timestamp, settings: &Settings) -> Step {
    let server = &at.server;
    let gone = matches!(at.sight.state, Some(Seen::Absent)) && answered(server);
    if server.deleting != 0 {
        return match &at.host {
            None => Step::Remove,
            Some(_) if gone => Step::Remove,
            Some(host) if host.absence().is_some() => Step::Remove,
            Some(_) => match let_go(at).filter(|until| now < *until) {
                Some(until) => Step::Wait {
                    until,
                    reason: "waits for its cluster's nodes to send it nothing more".into(),
                },
                None => tell(at, now, settings),
            },
        };
    }
    let task = under_way(server);
    let settled = !at.spec.leaving && !task.is_some_and(Task::is_build);
    if let Some(host) = at.host.as_ref().filter(|host| host.gone && settled) {
        return Step::Lose {
            reason: format!(
                "The node {} it was on is gone, and its container too.",
                host.name
            ),
        };
    }
    if at.spec.held_in_error && task.is_none() {
        return Step::Rest;
    }
    if server.vm_state == "error" && task.is_none() && server.host_id.is_none() {
        return Step::Rest;
    }
    let Some(host) = &at.host else {
        return if at.spec.leaving {
            Step::Leave {
                gone: true,
                reason: "its host is no longer registered".into(),
            }
        } else {
            Step::Place
        };
    };
    if at.spec.leaving {
        return if gone || host.absence().is_some() {
            Step::Leave {
                gone: true,
                reason: format!("host {} failed it", host.name),
            }
        } else {
            tell(at, now, settings)
        };
    }
    if task == Some(Task::ResizePrep) {
        return Step::Grow;
    }
    if answered(server) {
        return decided(at, task);
    }
    if task.is_some_and(Task::is_build)
        && let Some(reason) = host.absence()
    {
        return Step::Leave { gone: true, reason };
    }
    if let Some(deadline) = server.deadline
        && now.0 >= deadline
        && let Some(task) = task
    {
        return Step::Fail {
            vm_state: after_failure(task, at),
            reason: overdue(at, task, host),
        };
    }
    tell(at, now, settings)
}

/// What is being done to it. While a snapshot is made of it the task is the snapshot's, which ends by
/// itself; a deadline says that the server is being brought back beside that.
pub(super) fn under_way(server: &Server) -> Option<Task> {
    match server.task_state.as_deref()? {
        snapshots::TASK => server.deadline.map(|_| Task::PoweringOn),
        name => Task::parse(name),
    }
}

/// Until when a pod that is to go is let run for those who may still be sent to it.
fn let_go(at: &Snapshot) -> Option<Timestamp> {
    let told = matches!(at.sight.told, Some((generation, _)) if generation == at.server.generation);
    at.server
        .deadline
        .filter(|_| at.serving && !told)
        .map(Timestamp)
}

fn answered(server: &Server) -> bool {
    server.seen_generation >= server.generation
}

fn tell(at: &Snapshot, now: Timestamp, settings: &Settings) -> Step {
    let every = Duration::from_secs(settings.resend_s);
    match at.sight.told {
        Some((generation, told)) if generation == at.server.generation => {
            let next = Timestamp(told) + every;
            if now < next {
                return Step::Wait {
                    until: next,
                    reason: waits_for(at),
                };
            }
            Step::Tell
        }
        _ => Step::Tell,
    }
}

fn waits_for(at: &Snapshot) -> String {
    let host = at
        .host
        .as_ref()
        .map_or("its host", |host| host.name.as_str());
    match &at.sight.step {
        Some(step) => format!("{host}: {step}"),
        None => format!("waits for {host} to answer"),
    }
}

fn overdue(at: &Snapshot, task: Task, host: &HostView) -> String {
    let last = match (&at.sight.problem, &at.sight.step) {
        (Some(problem), _) => problem.text.clone(),
        (None, Some(step)) => format!("last heard: {step}"),
        (None, None) if !host.up => "the host is silent".into(),
        (None, None) => "the host did not answer".into(),
    };
    format!(
        "{} on host {} was not done in time: {last}",
        task.as_str(),
        host.name
    )
}

/// The agent has finished with this generation: did it succeed, and has anything happened since?
fn decided(at: &Snapshot, task: Option<Task>) -> Step {
    let seen = match &at.sight.state {
        Some(Seen::Container(seen)) => Some(seen),
        _ => None,
    };
    if let Some(problem) = &at.sight.problem {
        return match task {
            Some(task) => failed(at, task, problem),
            None => Step::Rest,
        };
    }
    if let Some(Seen::Pod(pod)) = &at.sight.state {
        return settled(at, task, of_pod(pod));
    }
    let Some(seen) = seen else {
        return Step::Revive {
            reason: "its container is gone from the host".into(),
        };
    };
    let state = vm_state(seen, at);
    if at.spec.power == Power::Running && matches!(seen.state, RunState::Exited) {
        // Until the first settling a quick exit is still a boot that worked.
        return match brought_down(seen) {
            Some(how) => Step::Revive { reason: how.into() },
            None => Step::Ended,
        };
    }
    settled(at, task, state)
}

fn settled(at: &Snapshot, task: Option<Task>, state: &'static str) -> Step {
    if task.is_some() || at.server.vm_state != state || holds_too_much(&at.spec) {
        return Step::Settle { vm_state: state };
    }
    Step::Rest
}

/// A pod is brought back by its own host; its row follows.
fn of_pod(seen: &PodSeen) -> &'static str {
    match seen.phase {
        Phase::Pending | Phase::Running => "active",
        Phase::Succeeded | Phase::Failed => "stopped",
    }
}

/// A change of size was given up while its host was silent, which has come round since.
fn holds_too_much(spec: &Spec) -> bool {
    spec.previous_flavor.is_none() && spec.charged != spec.flavor.size()
}

/// How it ended, if not by itself: without anybody watching the engine, or by a signal that an engine
/// sends when it stops or crashes (SIGTERM, SIGKILL; 255 = the shim died). A want of memory looks
/// alike, and is the workload's own doing.
fn brought_down(seen: &Observation) -> Option<&'static str> {
    match seen.exit_code {
        _ if seen.oom_killed => None,
        None => Some("it ended while its host or engine was restarted"),
        Some(137 | 143 | 255) => Some("its container was killed from outside"),
        Some(_) => None,
    }
}

fn failed(at: &Snapshot, task: Task, problem: &Problem) -> Step {
    let reason = problem.text.clone();
    if task.is_build() && problem.host_fault {
        // Even without a container something may be there that was made for it: its network.
        return Step::Leave {
            gone: false,
            reason,
        };
    }
    Step::Fail {
        vm_state: after_failure(task, at),
        reason,
    }
}

/// A failed change of a server that ran leaves it as it is seen; a failed build or rebuild is ERROR.
fn after_failure(task: Task, at: &Snapshot) -> &'static str {
    match (&at.sight.state, task) {
        (_, Task::Rebuilding | Task::Scheduling | Task::Spawning) => "error",
        // It goes back to the size it had.
        (Some(Seen::Container(seen)), Task::ResizeFinish) => by_itself(seen.state),
        (Some(Seen::Container(seen)), _) => vm_state(seen, at),
        (Some(Seen::Pod(seen)), _) => of_pod(seen),
        _ => "error",
    }
}

fn vm_state(seen: &Observation, at: &Snapshot) -> &'static str {
    match seen.state {
        RunState::Paused => "paused",
        _ if at.spec.previous_flavor.is_some() => "resized",
        state => by_itself(state),
    }
}

fn by_itself(state: RunState) -> &'static str {
    match state {
        RunState::Running => "active",
        RunState::Paused => "paused",
        RunState::Created | RunState::Exited => "stopped",
        RunState::Unknown => "error",
    }
}

#[cfg(test)]
pub(super) mod tests;
