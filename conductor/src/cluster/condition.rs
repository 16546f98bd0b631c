//! How one node is, in one word and a reason.

use super::snapshot::{Engine, Life, Place};
use store::container_infra::nodes::Phase;

/// How a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Its engine works.
    Well,
    /// On its way; the step.
    Making(String),
    /// Its server runs, its engine does not answer yet; what is known of that.
    Starting(String),
    /// Its engine works, it is not part of what the cluster's nodes form yet; what is known of that.
    Joining(String),
    /// Its engine works, it waits for other nodes.
    Waiting(String),
    /// It was well once.
    Unwell(String),
    /// Its machine does not answer, so nobody can tell.
    Unknown(String),
    /// Its machine was declared dead.
    Dead(String),
    /// Its server cannot be.
    Failed(String),
    /// It has no server.
    Gone,
    /// On its way out.
    Going,
}

/// How a node stands to what its cluster's nodes form: a Swarm, or Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// They form nothing.
    Apart,
    /// As it should, or nobody can tell and it did.
    In,
    /// It waits for others.
    Waits(String),
    /// It is not what it was told to be.
    Out(String),
}

/// How this node is.
pub(super) fn of(place: &Place) -> Condition {
    let ready = place.row.ready != 0;
    let Some(seat) = &place.server else {
        return match place.phase {
            Phase::Launch => Condition::Making("waits to be made".into()),
            _ => Condition::Gone,
        };
    };
    match (&seat.life, seat.machine_lost) {
        (Life::Going, _) => Condition::Going,
        (Life::Failed(why), _) => Condition::Failed(why.clone()),
        (_, Some(true)) => Condition::Dead("its machine was declared dead".into()),
        (_, Some(false)) => Condition::Unknown("its machine does not answer".into()),
        (Life::Making(step), None) if ready => Condition::Unwell(format!("its server: {step}")),
        (Life::Making(step), None) => Condition::Making(step.clone()),
        (Life::Down(why), None) if ready => Condition::Unwell(why.clone()),
        (Life::Down(why), None) => {
            Condition::Failed(format!("{why} before its engine had answered"))
        }
        (Life::Up, None) => match &seat.engine {
            Engine::Works(_) => match &place.standing {
                Standing::Apart | Standing::In => Condition::Well,
                Standing::Waits(why) => Condition::Waiting(why.clone()),
                Standing::Out(why) if ready => Condition::Unwell(why.clone()),
                Standing::Out(why) => Condition::Joining(why.clone()),
            },
            Engine::Unheard if ready => Condition::Unwell("its engine is not heard of".into()),
            Engine::Unheard => Condition::Starting("its engine starts".into()),
            Engine::Broken(why) if ready => Condition::Unwell(why.clone()),
            Engine::Broken(why) => Condition::Starting(why.clone()),
        },
    }
}

impl Condition {
    /// In words, for whoever looks at the cluster; nothing when it is well.
    pub(super) fn words(&self) -> Option<&str> {
        match self {
            Condition::Well => None,
            Condition::Making(text)
            | Condition::Starting(text)
            | Condition::Joining(text)
            | Condition::Waiting(text)
            | Condition::Unwell(text)
            | Condition::Unknown(text)
            | Condition::Dead(text)
            | Condition::Failed(text) => Some(text),
            Condition::Gone => Some("its server is gone"),
            Condition::Going => Some("its server is being deleted"),
        }
    }
}
