//! What is shown of a pod: Kubernetes' phase, the node it is on, and in words why it is not what it
//! should be.

use crate::call::Call;
use crate::container_infra::view::{links, when};
use schemas::host::Seen;
use schemas::workload::PodSeen;
use schemas::workload::pod::{MemberState, Phase};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::compute::hosts;
use store::compute::servers::{Server, Sight};
use store::compute::spec::{Guest, Spec};
use store::{Conn, Result};

/// A pod with what is shown of it.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) row: Server,
    spec: Spec,
    sight: Sight,
    fault: Option<String>,
    /// Host name of its node.
    host: Option<String>,
}

impl Loaded {
    /// These, in this order.
    pub(super) fn all(conn: &mut Conn, rows: Vec<Server>) -> Result<Vec<Loaded>> {
        let mut ids: Vec<String> = rows.iter().filter_map(|row| row.host_id.clone()).collect();
        ids.sort();
        ids.dedup();
        let hosts = hosts::briefs(conn, &ids)?;
        let names: BTreeMap<String, String> = hosts
            .into_iter()
            .map(|host| (host.id, host.hostname))
            .collect();
        rows.into_iter()
            .map(|row| {
                Ok(Loaded {
                    spec: row.spec()?,
                    sight: row.sight()?,
                    fault: row.fault()?.map(|fault| fault.message),
                    host: row.host_id.as_ref().and_then(|id| names.get(id).cloned()),
                    row,
                })
            })
            .collect()
    }

    /// What its node says, if that is of what it should be now.
    fn seen(&self) -> Option<&PodSeen> {
        match &self.sight.state {
            Some(Seen::Pod(seen)) if seen.incarnation == self.spec.incarnation => Some(seen),
            _ => None,
        }
    }

    fn failed(&self) -> bool {
        self.row.vm_state == "error"
    }

    fn phase(&self) -> Phase {
        match self.seen() {
            _ if self.failed() => Phase::Failed,
            Some(seen) if self.row.host_id.is_some() => seen.phase,
            _ => Phase::Pending,
        }
    }

    /// Why it is not what it should be; nothing when it is.
    fn reason(&self) -> Option<String> {
        if self.row.deleting != 0 {
            return Some("It is being deleted.".into());
        }
        if self.failed() {
            return self.fault.clone();
        }
        if let Some(problem) = &self.sight.problem {
            return Some(problem.text.clone());
        }
        if self.row.host_id.is_none() {
            let waits = || "It waits for a node.".to_owned();
            return Some(self.sight.step.clone().unwrap_or_else(waits));
        }
        match self.seen() {
            Some(seen) => told(seen),
            None => {
                let waits = || "Its node has not answered yet.".to_owned();
                Some(self.sight.step.clone().unwrap_or_else(waits))
            }
        }
    }
}

/// What its containers wait for, or ended of.
fn told(seen: &PodSeen) -> Option<String> {
    let all = seen.init.iter().chain(&seen.containers);
    let words: Vec<String> = all
        .filter_map(|member| match &member.state {
            MemberState::Waiting { reason } => Some(format!("{}: {reason}", member.name)),
            MemberState::Ended {
                exit_code: Some(0), ..
            }
            | MemberState::Running => None,
            MemberState::Ended { exit_code, reason } => Some(match exit_code {
                Some(code) => format!("{}: {reason} (exit status {code})", member.name),
                None => format!("{}: {reason}", member.name),
            }),
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// What lists may be sorted by.
pub(super) const KEYS: &[&str] = &[
    "uuid",
    "name",
    "desc",
    "bay_uuid",
    "status",
    "host",
    "created_at",
    "updated_at",
];

/// In a list.
pub(super) fn brief(call: &Call, pod: &Loaded) -> Value {
    let (labels, images) = match &pod.spec.guest {
        Some(Guest::Pod {
            spec, asked_images, ..
        }) => (json!(spec.labels), json!(asked_images)),
        _ => (json!({}), json!([])),
    };
    json!({
        "uuid": pod.row.id,
        "name": pod.row.name,
        "desc": pod.spec.description,
        "bay_uuid": pod.row.guest_of,
        "images": images,
        "labels": labels,
        "status": pod.phase().as_str(),
        "status_reason": pod.reason(),
        "host": pod.host,
        "links": links(call, "pods", &pod.row.id),
    })
}

/// Alone.
pub(super) fn whole(call: &Call, pod: &Loaded) -> Value {
    let mut view = brief(call, pod);
    view["created_at"] = when(pod.row.created_at);
    let changed = pod.row.updated_at != pod.row.created_at;
    view["updated_at"] = if changed {
        when(pod.row.updated_at)
    } else {
        Value::Null
    };
    view
}

/// What a list is sorted by.
pub(super) fn value(call: &Call, pod: &Loaded, key: &str) -> Value {
    match key {
        "created_at" => pod.row.created_at.into(),
        "updated_at" => pod.row.updated_at.into(),
        key => brief(call, pod)[key].take(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::workload::pod::MemberSeen;

    fn member(name: &str, state: MemberState) -> MemberSeen {
        MemberSeen {
            name: name.into(),
            state,
            restarts: 0,
            ready: false,
        }
    }

    #[test]
    fn only_what_does_not_work_is_told() {
        let ended = |exit_code, reason: &str| MemberState::Ended {
            exit_code,
            reason: reason.into(),
        };
        let seen = |containers| PodSeen {
            incarnation: 1,
            phase: Phase::Running,
            ready: false,
            interfaces: Vec::new(),
            init: vec![member("first", ended(Some(0), "Completed"))],
            containers,
        };
        assert_eq!(told(&seen(vec![member("a", MemberState::Running)])), None);
        let waiting = MemberState::Waiting {
            reason: "CrashLoopBackOff".into(),
        };
        let all = vec![
            member("a", waiting),
            member("b", MemberState::Running),
            member("c", ended(Some(3), "Error")),
            member("d", ended(None, "Unknown")),
        ];
        let words = told(&seen(all)).unwrap();
        assert_eq!(
            words,
            "a: CrashLoopBackOff; c: Error (exit status 3); d: Unknown"
        );
    }
}
