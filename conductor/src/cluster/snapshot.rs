//! All that a decision about a cluster depends on, read in one transaction.

use super::condition::Standing;
use super::kubernetes::{self, Plane};
use super::swarm::{self, Swarm};
use crate::context::Context;
use schemas::Timestamp;
use schemas::host::{Inventory, Seen};
use schemas::workload::Observation;
use schemas::workload::kubernetes::API_PORT;
use std::collections::BTreeMap;
use std::time::Duration;
use store::compute::guests;
use store::compute::hosts::{self, Host};
use store::compute::servers::{self, Server};
use store::container_infra::clusters::{self, Cluster};
use store::container_infra::nodegroups::{self, NodeGroup};
use store::container_infra::nodes::{self, Node, Phase};
use store::container_infra::{authorities, control_plane, rcs, spec};
use store::{Conn, Result, Scope};

/// The port that a node's engine listens on, inside.
pub(super) const ENGINE_PORT: u16 = 2376;

/// A cluster with all its nodes.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub cluster: Cluster,
    pub spec: spec::Cluster,
    pub groups: Vec<Group>,
    /// Generation of the authority that signs for its nodes.
    pub authority: i64,
    /// Until when that authority is one.
    pub authority_until: Timestamp,
    /// Its nodes' engines that are known as hosts, and are not forgotten yet.
    pub engines: usize,
    /// Pods, containers and controllers that are left in it.
    pub guests: i64,
    /// What its nodes form, if they do; nothing any more when it is being deleted.
    pub swarm: Option<Swarm>,
    /// Their API server, if they are nodes of Kubernetes; nothing any more when it is being deleted.
    pub kubernetes: Option<Plane>,
}

/// A group with its places.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub row: NodeGroup,
    pub places: Vec<Place>,
}

/// A node with the server in it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub row: Node,
    pub phase: Phase,
    pub server: Option<Seat>,
    /// How it stands to what the cluster's nodes form.
    pub standing: Standing,
    /// What runs on its node is still to move away before its server goes.
    pub held: bool,
}

/// A node's server as its cluster sees it.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub life: Life,
    /// The machine does not answer; `Some(true)`: it was declared dead.
    pub machine_lost: Option<bool>,
    /// The inner engine.
    pub engine: Engine,
    /// Where it is reached from outside: its engine, or the API server on it.
    pub api_address: Option<String>,
    /// What it is called where the cluster's nodes are listed.
    pub name: String,
    /// It is on a machine.
    pub placed: bool,
}

/// What a server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It is on its way; the step, in words.
    Making(String),
    /// It runs.
    Up,
    /// It does not run, though it did.
    Down(String),
    /// It cannot be.
    Failed(String),
    /// It is being deleted.
    Going,
}

/// What a node's engine does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// Nothing was heard of it.
    Unheard,
    /// It works; so many containers of ours are on it.
    Works(i32),
    /// Why it does not.
    Broken(String),
}

impl Snapshot {
    /// Reads it; nothing when the row is gone.
    pub(super) fn read(
        conn: &mut Conn,
        id: &str,
        now: Timestamp,
        context: &Context,
    ) -> Result<Option<Snapshot>> {
        let Some(cluster) = clusters::get(conn, &Scope::All, id)? else {
            return Ok(None);
        };
        let silence = context.settings.silence();
        let engines = hosts::of_cluster(conn, id)?;
        let mut seats = seats(conn, &cluster, &engines, now, silence)?;
        let mut groups: Vec<Group> = nodegroups::of(conn, id)?
            .into_iter()
            .map(|row| Group {
                row,
                places: Vec::new(),
            })
            .collect();
        for row in nodes::of(conn, id)? {
            let place = Place {
                phase: row.phase()?,
                server: seats.remove(&row.server_id),
                standing: Standing::Apart,
                held: false,
                row,
            };
            let own = |group: &&mut Group| group.row.id == place.row.nodegroup_id;
            if let Some(group) = groups.iter_mut().find(own) {
                group.places.push(place);
            }
        }
        let authority = authorities::of(conn, id, authorities::NODES)?;
        let mut at = Snapshot {
            spec: cluster.spec()?,
            authority: authority.first().map_or(0, |newest| newest.generation),
            authority_until: Timestamp(authority.first().map_or(0, |newest| newest.valid_until)),
            engines: engines.len(),
            guests: guests::left(conn, id)? + rcs::count(conn, id)?,
            swarm: Swarm::read(conn, &cluster, context)?,
            kubernetes: Plane::read(conn, &cluster)?,
            groups,
            cluster,
        };
        swarm::stand(&mut at, now);
        kubernetes::stand(&mut at);
        Ok(Some(at))
    }

    /// Is this a group whose one node holds all that the cluster is?
    pub(super) fn lasts(&self, group: &NodeGroup) -> bool {
        self.cluster.deleting == 0 && control_plane::lasts(&self.cluster, group)
    }

    /// Every place with its group.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Group, &Place)> {
        let of = |group| std::iter::repeat(group);
        self.groups
            .iter()
            .flat_map(move |group| of(group).zip(&group.places))
    }
}

/// The servers of a cluster's nodes, by id.
fn seats(
    conn: &mut Conn,
    cluster: &Cluster,
    engines: &[Host],
    now: Timestamp,
    silence: Duration,
) -> Result<BTreeMap<String, Seat>> {
    let engines: BTreeMap<&str, &Host> = engines.iter().map(|host| (&*host.id, host)).collect();
    let mut machines: BTreeMap<String, Option<Host>> = BTreeMap::new();
    let door = match control_plane::is_one(cluster) {
        true => ("https", API_PORT),
        false => ("tcp", ENGINE_PORT),
    };
    let mut seats = BTreeMap::new();
    for server in servers::nodes_of(conn, &cluster.id)? {
        let machine = match &server.host_id {
            Some(id) => match machines.get(id) {
                Some(known) => known.clone(),
                None => {
                    let found = hosts::get(conn, id)?;
                    machines.insert(id.clone(), found.clone());
                    found
                }
            },
            None => None,
        };
        let seat = Seat {
            life: life(&server)?,
            machine_lost: machine
                .as_ref()
                .filter(|machine| !machine.is_up(now, silence))
                .map(|machine| machine.forced_down != 0),
            engine: engine(engines.get(&*server.id).copied(), now, silence)?,
            api_address: match &machine {
                Some(machine) => api_address(&server, machine, door)?,
                None => None,
            },
            name: match control_plane::is_one(cluster) {
                true => called(&server)?,
                false => server.hostname.clone(),
            },
            placed: machine.is_some(),
        };
        seats.insert(server.id, seat);
    }
    Ok(seats)
}

fn life(server: &Server) -> Result<Life> {
    if server.deleting != 0 {
        return Ok(Life::Going);
    }
    if server.vm_state == "error" && server.task_state.is_none() {
        let fault = server.fault()?.map(|fault| fault.message);
        let unknown = || "its server failed for an unknown reason".to_owned();
        return Ok(Life::Failed(fault.unwrap_or_else(unknown)));
    }
    Ok(match (server.vm_state.as_str(), &server.task_state) {
        ("active", None) => Life::Up,
        (_, Some(task)) => {
            let step = server.sight()?.step;
            Life::Making(step.unwrap_or_else(|| task.replace(['_', '-'], " ")))
        }
        ("building", None) => Life::Making("waits for its server".into()),
        (state, None) => Life::Down(format!("its server is {state}")),
    })
}

fn engine(host: Option<&Host>, now: Timestamp, silence: Duration) -> Result<Engine> {
    let Some(host) = host else {
        return Ok(Engine::Unheard);
    };
    if !host.is_up(now, silence) {
        let since = Timestamp(host.seen_at).seconds();
        return Ok(Engine::Broken(format!(
            "its engine has not been heard of since {since}"
        )));
    }
    Ok(works(host.inventory()?, host.servers))
}

fn works(inventory: Inventory, containers: i32) -> Engine {
    match inventory.engine_problem {
        Some(problem) => Engine::Broken(format!("its engine does not work: {problem}")),
        // Its agent speaks, and has not heard the engine say what it is yet: so early it makes no
        // problem of that.
        None if inventory.engine.is_empty() => Engine::Unheard,
        None => Engine::Works(containers),
    }
}

/// A node of Kubernetes keeps the name that it was made with.
fn called(server: &Server) -> Result<String> {
    let kubernetes = server.spec()?.node.and_then(|node| node.kubernetes);
    Ok(kubernetes.map_or_else(|| server.hostname.clone(), |it| it.name))
}

fn api_address(
    server: &Server,
    machine: &Host,
    (scheme, port): (&str, u16),
) -> Result<Option<String>> {
    let Some(Seen::Container(Observation { published, .. })) = server.sight()?.state else {
        return Ok(None);
    };
    let address = machine.inventory()?.address;
    let port = published.get(&port);
    Ok(port.map(|port| match address.contains(':') {
        true => format!("{scheme}://[{address}]:{port}"),
        false => format!("{scheme}://{address}:{port}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_works_when_it_has_said_what_it_is_and_not_when_its_agent_speaks() {
        let begins = Inventory::default();
        assert_eq!(works(begins.clone(), 0), Engine::Unheard);
        let answers = Inventory {
            engine: "Docker 20.10".into(),
            ..begins
        };
        assert_eq!(works(answers.clone(), 2), Engine::Works(2));
        let broken = Inventory {
            engine_problem: Some("silent".into()),
            ..answers
        };
        let why = "its engine does not work: silent".into();
        assert_eq!(works(broken, 2), Engine::Broken(why));
    }
}
