//! Process 1 of the container. Prepares what only the machine's root can, and then keeps the holder.

use crate::cgroup::Cgroups;
use crate::config::Config;
use crate::engine::Plan;
use crate::error::{During, Error, Result};
use crate::holder::{self, Holding};
use crate::services::{self, Entrance};
use crate::supervise::{self, Signals};
use crate::telling::say;
use crate::wire::Wire;
use crate::{again, files, identity, mounts, network, resolver};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitCode, Stdio};

/// How long the engine may take to end, in seconds: what it gives its containers, and its own work.
const PATIENCE_S: u32 = 25;

/// Brings the node up and ends with its engine.
pub fn run() -> Result<ExitCode> {
    if std::process::id() != 1 {
        return Err(Error::refused(
            "node-init is process 1 of a node's container and nothing else: it rearranges the network",
        ));
    }
    let signals = Signals::hold()?;
    let config = Config::read()?;
    say(format_args!(
        "root inside is user {} of the machine, of {} users",
        config.uid_base, config.uid_count
    ));
    files::hand_over(&config)?;
    let cgroups = Cgroups::find()?;
    cgroups.prepare(config.uid_base)?;
    say(format_args!(
        "cgroups {}: the engine has its own",
        cgroups.version()
    ));
    mounts::open_sys()?;
    let resolvers = resolvers(&config);

    let (mut wire, end) = Wire::pair()?;
    let child = start_holder(end)?;
    let pid = supervise::pid(&child);
    let Holding::Namespaces = wire.receive()? else {
        return Err(Error::refused("the holder is out of step"));
    };
    let entrance = config.guests.as_ref().map(|_| Entrance::of(pid));
    let entrance = entrance.transpose()?;
    identity::map(pid, &config)?;
    cgroups.enter(pid)?;
    let network = network::hand_over(pid, &config)?;
    say(match network.addresses.as_slice() {
        [] => "no network: only the machine reaches the engine, by its socket".to_owned(),
        some => format!("the node's addresses: {}", listed(some)),
    });
    let place = network.place;
    // Kubernetes serves its own.
    let entrance = entrance.filter(|_| config.kubernetes.is_none());
    let services = entrance.zip(place.clone());
    let services = services.map(|(entrance, place)| services::Plan {
        entrance,
        place,
        resolvers: resolvers.clone(),
    });
    let services = services.as_ref().map(services::companion).transpose()?;
    let owner = config.uid_base;
    wire.send(&Plan {
        cgroups: cgroups.clone(),
        memory: cgroups.memory(),
        config,
        resolvers,
        place,
    })?;
    let Holding::Inside = wire.receive()? else {
        return Err(Error::refused("the holder is out of step"));
    };
    cgroups.settle(pid, owner)?;
    wire.send(&holder::Go)?;
    let status = signals.keep(&child, Some(PATIENCE_S), services.into_iter().collect())?;
    Ok(ExitCode::from(status))
}

fn start_holder(wire: OwnedFd) -> Result<Child> {
    let mut holder = again::as_(holder::WORD);
    holder.stdin(Stdio::from(wire));
    holder.spawn().during("starting the holder")
}

fn resolvers(config: &Config) -> Vec<IpAddr> {
    let resolvers = match config.resolvers.as_slice() {
        [] => resolver::reachable(),
        given => given.to_vec(),
    };
    say(match resolvers.as_slice() {
        [] => "no name server: names are not resolved; node.json may give resolvers".to_owned(),
        some => format!("name servers: {}", listed(some)),
    });
    resolvers
}

fn listed(all: &[impl ToString]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(", ")
}
