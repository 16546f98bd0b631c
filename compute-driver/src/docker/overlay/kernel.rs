//! The kernel's network side, by netlink.

use crate::error::{DriverError, Result};
use futures::{StreamExt, TryStreamExt};
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use rtnetlink::packet_route::address::AddressAttribute;
use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage};
use rtnetlink::packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};
use rtnetlink::{Error, Handle, LinkVxlan};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// A conversation with the kernel, which ends when it is dropped.
pub(super) struct Kernel {
    pub(super) handle: Handle,
    talk: JoinHandle<()>,
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.talk.abort();
    }
}

/// An entry of a tunnel's table: what is for this hardware address goes there.
pub(super) type Way = ([u8; 6], Ipv4Addr);

impl Kernel {
    pub(super) fn open() -> Result<Kernel> {
        let (connection, handle, _) = rtnetlink::new_connection()
            .map_err(|error| DriverError::host_fault(format!("no netlink socket: {error}")))?;
        Ok(Kernel {
            handle,
            talk: tokio::spawn(connection),
        })
    }

    /// The interface of this name.
    pub(super) async fn link(&self, name: &str) -> Result<Option<LinkMessage>> {
        let asked = self.handle.link().get().match_name(name.to_owned());
        match bounded(asked.execute().try_next()).await {
            Err(Failed::Kernel(error)) if is(&error, nix::errno::Errno::ENODEV) => Ok(None),
            other => other.map_err(|failed| failed.during(format!("looking for {name}"))),
        }
    }

    /// The largest packet of the interface that has the address.
    pub(super) async fn mtu_at(&self, address: Ipv4Addr) -> Result<Option<u32>> {
        let asked = self.handle.address().get();
        let asked = asked.set_address_filter(IpAddr::V4(address)).execute();
        let all: Vec<_> = bounded(asked.try_collect())
            .await
            .map_err(|failed| failed.during("listing addresses"))?;
        let has = |attribute: &AddressAttribute| matches!(attribute, AddressAttribute::Local(IpAddr::V4(it)) if *it == address);
        let Some(found) = all.iter().find(|it| it.attributes.iter().any(has)) else {
            return Ok(None);
        };
        let asked = self.handle.link().get().match_index(found.header.index);
        let link = bounded(asked.execute().try_next())
            .await
            .map_err(|failed| failed.during("looking at the interface of tunnels"))?;
        let mtu = link.and_then(|link| {
            link.attributes.into_iter().find_map(|it| match it {
                LinkAttribute::Mtu(mtu) => Some(mtu),
                _ => None,
            })
        });
        Ok(mtu)
    }

    /// Makes a device and removes it: whether the kernel can is known no other way.
    pub(super) async fn can_tunnel(&self) -> Result<()> {
        let name = format!("jp-{:x}", std::process::id());
        self.remove(&name).await?;
        // Not up, so it takes no packet.
        let probe = LinkVxlan::new(&name, 0xff_ffff).learning(false);
        bounded(self.handle.link().add(probe.build()).execute())
            .await
            .map_err(|failed| failed.during("making a tunnel (VXLAN) to see whether that works"))?;
        self.remove(&name).await.map(drop)
    }

    /// Removes the interface of this name. False when there was none.
    pub(super) async fn remove(&self, name: &str) -> Result<bool> {
        let Some(link) = self.link(name).await? else {
            return Ok(false);
        };
        let removed = self.handle.link().del(link.header.index).execute();
        match bounded(removed).await {
            Err(Failed::Kernel(error)) if is(&error, nix::errno::Errno::ENODEV) => Ok(false),
            other => other
                .map(|()| true)
                .map_err(|failed| failed.during(format!("removing {name}"))),
        }
    }

    /// A tunnel's table.
    pub(super) async fn ways(&self, device: u32) -> Result<Vec<Way>> {
        let asked = self.handle.neighbours().get();
        let asked = asked.set_address_family(AddressFamily::Bridge).execute();
        let all: Vec<NeighbourMessage> = bounded(asked.try_collect())
            .await
            .map_err(|failed| failed.during("reading a tunnel's table"))?;
        let own = all.iter().filter(|it| {
            it.header.ifindex == device && it.header.flags.contains(NeighbourFlags::Own)
        });
        Ok(own.filter_map(way).collect())
    }

    /// Adds an entry to a tunnel's table; several may lead to different places.
    pub(super) async fn add_way(&self, device: u32, (mac, to): Way) -> Result<()> {
        let mut request =
            NetlinkMessage::from(RouteNetlinkMessage::NewNeighbour(entry(device, (mac, to))));
        request.header.flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND;
        let mut handle = self.handle.clone();
        let ask = async {
            let mut answers = handle.request(request)?;
            while let Some(answer) = answers.next().await {
                if let NetlinkPayload::Error(error) = answer.payload
                    && error.code.is_some()
                {
                    return Err(Error::NetlinkError(error));
                }
            }
            Ok(())
        };
        match bounded(ask).await {
            Err(Failed::Kernel(error)) if is(&error, nix::errno::Errno::EEXIST) => Ok(()),
            other => other.map_err(|failed| failed.during(format!("leading a tunnel to {to}"))),
        }
    }

    /// Takes an entry out of a tunnel's table.
    pub(super) async fn drop_way(&self, device: u32, way: Way) -> Result<()> {
        let asked = self.handle.neighbours().del(entry(device, way)).execute();
        match bounded(asked).await {
            Err(Failed::Kernel(error)) if is(&error, nix::errno::Errno::ENOENT) => Ok(()),
            other => {
                other.map_err(|failed| failed.during("taking an entry out of a tunnel's table"))
            }
        }
    }
}

fn entry(device: u32, (mac, to): Way) -> NeighbourMessage {
    let mut entry = NeighbourMessage::default();
    entry.header.family = AddressFamily::Bridge;
    entry.header.ifindex = device;
    entry.header.state = NeighbourState::Permanent;
    entry.header.flags = NeighbourFlags::Own;
    entry.attributes = vec![
        NeighbourAttribute::LinkLayerAddress(mac.to_vec()),
        NeighbourAttribute::Destination(NeighbourAddress::Inet(to)),
    ];
    entry
}

fn way(entry: &NeighbourMessage) -> Option<Way> {
    let (mut mac, mut to) = (None, None);
    for attribute in &entry.attributes {
        match attribute {
            NeighbourAttribute::LinkLayerAddress(bytes) => {
                mac = <[u8; 6]>::try_from(bytes.as_slice()).ok();
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet(address)) => to = Some(*address),
            _ => {}
        }
    }
    Some((mac?, to?))
}

/// Why the kernel did not do it.
pub(super) enum Failed {
    Kernel(Error),
    Late,
}

impl Failed {
    pub(super) fn during(self, what: impl std::fmt::Display) -> DriverError {
        match self {
            Failed::Kernel(error) => DriverError::host_fault(format!(
                "{what}: the kernel refuses: {error} (tunnels take root and the module vxlan)"
            )),
            Failed::Late => DriverError::Timeout {
                op: "netlink",
                after: PATIENCE,
            },
        }
    }
}

pub(super) async fn bounded<T>(
    work: impl Future<Output = std::result::Result<T, Error>>,
) -> std::result::Result<T, Failed> {
    match timeout(PATIENCE, work).await {
        Ok(result) => result.map_err(Failed::Kernel),
        Err(_) => Err(Failed::Late),
    }
}

fn is(error: &Error, errno: nix::errno::Errno) -> bool {
    matches!(error, Error::NetlinkError(message) if message.raw_code() == -(errno as i32))
}
