//! What the agent knows of a pod beyond what its engine shows: how often a container was begun, how
//! its last life ended, what its probes said. Kept in the ledger, so it outlives the agent.

use super::probes::Verdict;
use compute_driver::PodHere;
use schemas::Timestamp;
use schemas::workload::pod::{Member, Restart};
use schemas::workload::{Observation, Pod, RunState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The status of what could not be started.
const NOT_STARTED: i64 = 128;

/// Of one pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// The life of the sandbox that the rest is about; empty before the first.
    pub sandbox: String,
    /// By the names that ids are derived from.
    pub members: BTreeMap<String, Note>,
}

/// Of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Its present or last life.
    pub boot: String,
    /// When that was first seen.
    pub begun: Timestamp,
    /// Lives before it.
    pub restarts: u32,
    /// Its startup probe has succeeded, or it has none.
    pub started: bool,
    /// Its readiness probe succeeds, or it has none.
    pub ready: bool,
    /// How that life ended, if it did.
    pub end: Option<End>,
    /// Why we ended it.
    pub killed: Option<String>,
    /// It does not begin again before.
    pub again_at: Option<Timestamp>,
    /// Lives in a row that ended soon.
    pub short: u32,
}

/// The end of a life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Exit status; `None` when nobody saw it.
    pub exit_code: Option<i64>,
    /// In Kubernetes' words, and ours.
    pub reason: String,
}

/// How long a container that has ended waits before it begins again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackOff {
    /// After the second end in a row; twice as long after each further one.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
    /// A life this long begins the row anew.
    pub reset: Duration,
}

impl BackOff {
    /// The first end is followed at once.
    fn wait(&self, ends_before: u32) -> Duration {
        match ends_before {
            0 => Duration::ZERO,
            n => {
                let factor = 1u32.checked_shl(n - 1).unwrap_or(u32::MAX);
                self.first.saturating_mul(factor).min(self.longest)
            }
        }
    }
}

impl End {
    pub(crate) fn is_good(&self) -> bool {
        self.exit_code == Some(0)
    }
}

impl Notes {
    /// Takes note of what is there. Another sandbox means that all begins anew.
    pub(crate) fn observe(
        &mut self,
        pod: &Pod,
        here: Option<&PodHere>,
        now: Timestamp,
        rules: &BackOff,
    ) {
        let Some(here) = here else { return };
        let sandbox = here.sandbox.as_ref();
        let sandbox = sandbox.filter(|it| it.incarnation == pod.incarnation);
        if let Some(sandbox) = sandbox.filter(|it| !it.boot.is_empty() && it.boot != self.sandbox) {
            if !self.sandbox.is_empty() {
                self.members.values_mut().for_each(Note::renew);
            }
            self.sandbox.clone_from(&sandbox.boot);
        }
        for (name, member) in pod.members() {
            let seen = here.members.get(&name);
            if let Some(seen) = seen.filter(|it| it.incarnation == pod.incarnation) {
                let note = self.members.entry(name).or_default();
                note.observe(member, seen, now, rules);
            }
        }
    }

    /// What probes say of the life that is noted.
    pub(crate) fn hear(&mut self, name: &str, boot: &str, verdict: &Verdict) {
        if let Some(note) = self.members.get_mut(name).filter(|note| note.boot == boot) {
            note.started = verdict.started;
            note.ready = verdict.ready;
        }
    }

    /// The engine will not start it, now or later.
    pub(crate) fn refuse(&mut self, name: &str, text: &str, now: Timestamp, rules: &BackOff) {
        let note = self.members.entry(name.to_owned()).or_default();
        note.end = Some(End {
            exit_code: Some(NOT_STARTED),
            reason: format!("StartError: {text}"),
        });
        note.wait(now, rules);
    }

    /// We end it.
    pub(crate) fn kill(&mut self, name: &str, why: &str) {
        if let Some(note) = self.members.get_mut(name) {
            note.killed = Some(why.to_owned());
        }
    }

    pub(crate) fn end(&self, name: &str) -> Option<&End> {
        self.members.get(name)?.end.as_ref()
    }
}

impl Note {
    fn observe(&mut self, member: &Member, seen: &Observation, now: Timestamp, rules: &BackOff) {
        if seen.boot.is_empty() {
            return;
        }
        // A clock that was set back must not make it wait for days.
        self.again_at = self.again_at.map(|at| at.min(now + rules.longest));
        if seen.boot != self.boot {
            *self = Note {
                restarts: self.restarts + u32::from(!self.boot.is_empty()),
                boot: seen.boot.clone(),
                begun: now,
                started: member.startup.is_none(),
                ready: member.readiness.is_none(),
                short: self.short,
                ..Note::default()
            };
        }
        if seen.state == RunState::Exited && self.end.is_none() {
            let text = match (seen.oom_killed, seen.exit_code) {
                (true, _) => "OOMKilled".to_owned(),
                (_, Some(0)) => "Completed".to_owned(),
                (_, Some(_)) => "Error".to_owned(),
                (_, None) => "ContainerStatusUnknown: it ended while nobody watched".to_owned(),
            };
            self.end = Some(End {
                exit_code: seen.exit_code,
                reason: match &self.killed {
                    Some(why) => format!("{text}: {why}"),
                    None => text,
                },
            });
            if now.since(self.begun) >= rules.reset {
                self.short = 0;
            }
            self.wait(now, rules);
        }
    }

    fn wait(&mut self, now: Timestamp, rules: &BackOff) {
        self.again_at = Some(now + rules.wait(self.short));
        self.short = self.short.saturating_add(1);
    }

    fn renew(&mut self) {
        self.end = None;
        self.killed = None;
        self.again_at = None;
        self.started = false;
        self.ready = false;
    }
}

/// Does a container of the pod that has ended so begin again?
pub(crate) fn begins_again(restart: Restart, is_init: bool, end: &End) -> bool {
    match restart {
        Restart::Never => false,
        Restart::Always if !is_init => true,
        Restart::Always | Restart::OnFailure => !end.is_good(),
    }
}
