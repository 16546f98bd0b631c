//! A cloud whose containers are looked after: somebody does to the rows what conductors and agents
//! would, and answers for a node.

use super::cloud::Cloud;
use schemas::host::{Inventory, Op, Reply, Seen};
use schemas::ids::{EpochId, HostId, WorkloadId};
use schemas::workload::{Limits, Observation, Power, RunState};
use std::ops::Deref;
use std::time::Duration;
use store::compute::guests::{self, Kind};
use store::compute::hosts;
use store::compute::servers::{self, Server};
use store::{Conn, Fail, Scope, Store, Tx};
use tokio_util::task::AbortOnDropHandle;

/// Words in a container's environment that say what becomes of it.
pub const FAILS: &str = "fails";

pub struct Conducted {
    cloud: Cloud,
    pub node: HostId,
    _others: Vec<AbortOnDropHandle<()>>,
}

impl Deref for Conducted {
    type Target = Cloud;
    fn deref(&self) -> &Cloud {
        &self.cloud
    }
}

impl Conducted {
    pub async fn new() -> Conducted {
        Conducted::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut api::container_infra::Settings)) -> Conducted {
        let cloud = Cloud::with(change).await;
        let node = HostId::new();
        let inventory = Inventory {
            hostname: "node-0".into(),
            ..Inventory::default()
        };
        let hello = move |tx: &mut Tx<'_>| hosts::report(tx, node, EpochId::new(), &inventory);
        assert!(cloud.store.write(hello).await.unwrap());
        let conductor = tokio::spawn(conduct(cloud.store.clone(), node));
        let mut calls = cloud.state.bus.calls(node).await;
        let agent = tokio::spawn(async move {
            loop {
                let (call, responder) = calls.next().await;
                let _ = responder.reply(&answer(call.op)).await;
            }
        });
        Conducted {
            _others: [conductor, agent].map(AbortOnDropHandle::new).into(),
            cloud,
            node,
        }
    }
}

fn answer(op: Op) -> Reply {
    let text = match op {
        Op::Logs { .. } => "hello\n".into(),
        Op::Exec { command, .. } if command[0] == "fail" => {
            return Reply::Failed {
                text: "the container engine failed: no more pids".into(),
                code: "internal".into(),
            };
        }
        Op::Exec { command, .. } => command.join("|"),
        other => panic!("{other:?}"),
    };
    Reply::Text {
        text,
        exit_code: Some(1),
    }
}

async fn conduct(store: Store, node: HostId) {
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    loop {
        beat.tick().await;
        let all = |conn: &mut Conn| guests::list(conn, &Scope::All, None, Kind::Container);
        for row in store.read(all).await.unwrap() {
            if row.task_state.is_some() {
                let look = move |tx: &mut Tx<'_>| settle(tx, &row.id, node);
                store.write(look).await.unwrap();
            }
        }
    }
}

/// What a conductor would have written by the time that the agent has done as told.
fn settle(tx: &mut Tx<'_>, id: &str, node: HostId) -> Result<(), Fail> {
    let Some(mut row) = servers::any(tx, id)?.filter(|row| row.task_state.is_some()) else {
        return Ok(());
    };
    if row.deleting != 0 {
        return servers::remove(tx, &row);
    }
    let spec = row.spec()?;
    let told = serde_json::to_string(&spec.guest)?;
    row.task_state = None;
    row.deadline = None;
    row.host_id = Some(node.to_string());
    if told.contains(FAILS) {
        row.vm_state = "error".into();
        row.fail(tx.now(), "the command nothing was not found in the image")?;
        return servers::update(tx, &mut row);
    }
    let (vm_state, state) = match spec.power {
        Power::Running => ("active", RunState::Running),
        Power::Stopped => ("stopped", RunState::Exited),
        Power::Paused => ("paused", RunState::Paused),
    };
    row.vm_state = vm_state.into();
    row.fault = None;
    let mut sight = row.sight()?;
    sight.state = Some(Seen::Container(observation(&row, state)));
    row.set_sight(&sight)?;
    servers::update(tx, &mut row)
}

fn observation(row: &Server, state: RunState) -> Observation {
    Observation {
        id: WorkloadId::parse(&row.id).unwrap(),
        incarnation: 1,
        state,
        boot: format!("boot-{}", row.generation),
        exit_code: None,
        oom_killed: false,
        error: None,
        interfaces: Vec::new(),
        limits: Limits::default(),
        published: Default::default(),
        node: None,
    }
}
