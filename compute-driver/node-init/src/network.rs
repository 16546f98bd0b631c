//! The node's network: what the outer engine gave the container, moved to where the inner engine is.
//!
//! The interface itself has to stay: the outer engine finds its counters by it. So a macvlan over it
//! moves, with the interface's address *and hardware address*: neighbours know the pair and go on
//! without asking anew. The interface below gets another hardware address and keeps no other.

mod guests;
mod message;

use crate::config::Config;
use crate::error::{During, Error, Result};
use crate::guests::Place;
use futures::TryStreamExt;
use ipnet::IpNet;
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;
use rtnetlink::packet_route::address::AddressMessage;
use rtnetlink::packet_route::link::{LinkFlags, LinkMessage, MacVlanMode};
use rtnetlink::packet_route::route::RouteMessage;
use rtnetlink::{Handle, LinkMacVlan, LinkUnspec};
use std::fs::File;

/// An interface, and all that has to move.
struct Interface {
    index: u32,
    name: String,
    hardware: Vec<u8>,
    addresses: Vec<AddressMessage>,
    routes: Vec<RouteMessage>,
}

/// What the node has got.
pub struct Network {
    /// Its addresses.
    pub addresses: Vec<IpNet>,
    /// Where it is in the network of its cluster's guests, if it is on one.
    pub place: Option<Place>,
}

/// Moves every interface that has an address into the holder's network namespace, and shows it the ways
/// to the pods of other nodes.
///
/// # Errors
/// When the kernel refuses, or one of the node's networks is one that the config has inside.
pub fn hand_over(holder: Pid, config: &Config) -> Result<Network> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .during("preparing to speak to the kernel's network side")?;
    runtime.block_on(async {
        let outside = connect()?;
        let inside = connect_in(holder)?;
        let loopback = LinkUnspec::new_with_name("lo").up().build();
        let up = inside.link().set(loopback).execute().await;
        up.during("starting the loopback interface")?;
        let mut all = Network {
            addresses: Vec::new(),
            place: None,
        };
        for interface in find(&outside).await? {
            let addresses = interface.addresses.iter().filter_map(message::network);
            let addresses: Vec<IpNet> = addresses.collect();
            if let Some(conflict) = addresses.iter().find_map(|it| config.conflict(*it)) {
                return Err(Error::refused(conflict));
            }
            let gateways = interface.routes.iter().filter_map(message::gateway);
            let gateways = gateways.collect::<Vec<_>>();
            let index = interface.move_to(&outside, &inside, holder).await?;
            if let (Some(layout), None) = (&config.guests, &all.place) {
                all.place = guests::join(&inside, index, layout, &addresses, &gateways).await?;
            }
            all.addresses.extend(addresses);
        }
        Ok(all)
    })
}

fn connect() -> Result<Handle> {
    let connection = rtnetlink::new_connection();
    let (connection, handle, _) = connection.during("opening a netlink socket")?;
    tokio::spawn(connection);
    Ok(handle)
}

/// A socket belongs for good to the network namespace it is made in.
fn connect_in(process: Pid) -> Result<Handle> {
    let namespace = |of: &str| {
        let path = format!("/proc/{of}/ns/net");
        File::open(&path).during(format!("opening {path}"))
    };
    let (ours, theirs) = (namespace("self")?, namespace(&process.to_string())?);
    setns(theirs, CloneFlags::CLONE_NEWNET).during("entering the node's network namespace")?;
    let handle = connect();
    setns(ours, CloneFlags::CLONE_NEWNET).during("leaving the node's network namespace")?;
    handle
}

async fn find(outside: &Handle) -> Result<Vec<Interface>> {
    let links = outside.link().get().execute().try_collect::<Vec<_>>().await;
    let addresses = outside.address().get().execute();
    let addresses = addresses.try_collect::<Vec<_>>().await;
    let addresses = addresses.during("listing addresses")?;
    let mut routes = Vec::new();
    for request in message::all_routes() {
        let some = outside.route().get(request).execute();
        routes.extend(
            some.try_collect::<Vec<_>>()
                .await
                .during("listing routes")?,
        );
    }
    let links = links.during("listing interfaces")?;
    let all = links.iter().filter_map(|link| {
        let index = link.header.index;
        let ours = |it: &&AddressMessage| it.header.index == index && message::moves(it);
        let addresses: Vec<_> = addresses.iter().filter(ours).cloned().collect();
        if addresses.is_empty() || link.header.flags.contains(LinkFlags::Loopback) {
            return None;
        }
        let (name, hardware) = message::name_and_hardware(link)?;
        let routes = routes.iter().filter_map(|it| message::route_by(it, index));
        let routes = routes.collect();
        Some(Interface {
            index,
            name,
            hardware,
            addresses,
            routes,
        })
    });
    Ok(all.collect())
}

impl Interface {
    /// Returns the interface's number in the node.
    async fn move_to(self, outside: &Handle, inside: &Handle, holder: Pid) -> Result<u32> {
        let name = &self.name;
        for address in &self.addresses {
            let removed = outside.address().del(address.clone()).execute().await;
            removed.during(format!("taking the address off {name}"))?;
        }
        let other = LinkUnspec::new_with_index(self.index)
            .address(message::other_hardware(&self.hardware))
            .build();
        let set = outside.link().set(other).execute().await;
        set.during(format!("giving {name} another hardware address"))?;
        // Kernels before 6.13 refuse a name that this side has, though it is meant for the other.
        let passing = format!("node{}", self.index);
        // The only one over its interface: there is nobody to be bridged to.
        let twin = LinkMacVlan::new(&passing, self.index, MacVlanMode::Private)
            .address(self.hardware.clone())
            .setns_by_pid(holder.as_raw().cast_unsigned())
            .build();
        let added = outside.link().add(twin).execute().await;
        added.during(format!("making a macvlan over {name} in the node"))?;

        let index = index_of(inside, &passing).await?;
        let named = LinkUnspec::new_with_index(index).name(name).build();
        let named = inside.link().set(named).execute().await;
        named.during(format!("naming {name} in the node"))?;
        for address in &self.addresses {
            let Some(net) = message::network(address) else {
                continue;
            };
            let mut add = inside.address().add(index, net.addr(), net.prefix_len());
            message::already_ours(add.message_mut());
            let added = add.execute().await;
            added.during(format!("giving {name} the address {net} in the node"))?;
        }
        let up = LinkUnspec::new_with_index(index).up().build();
        let up = inside.link().set(up).execute().await;
        up.during(format!("starting {name} in the node"))?;
        for route in self.routes {
            let route = message::through(route, index);
            let added = inside.route().add(route).execute().await;
            added.during(format!("giving {name} its routes in the node"))?;
        }
        Ok(index)
    }
}

async fn index_of(inside: &Handle, name: &str) -> Result<u32> {
    let found = inside.link().get().match_name(name.to_owned()).execute();
    let found: Option<LinkMessage> = found
        .try_collect::<Vec<_>>()
        .await
        .during(format!("looking for {name} in the node"))?
        .pop();
    let missing = || Error::refused(format!("{name} did not arrive in the node"));
    Ok(found.ok_or_else(missing)?.header.index)
}
