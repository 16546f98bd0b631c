//! A cluster's network when its nodes lie on several machines: on each of them a bridge, and between
//! the bridges a tunnel (VXLAN, RFC 7348).

use crate::ids::NetworkId;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// UDP port of the tunnels (IANA's for VXLAN).
pub const TUNNEL_PORT: u16 = 4789;

/// What a tunnel adds to each packet, in bytes: IPv4 20, UDP 8, VXLAN 8, Ethernet 14.
pub const TUNNEL_BYTES: u32 = 50;

/// What a network on one machine has that the same network on another one has differently, or that all
/// of them have to agree on. The default leaves both to the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// The machine's own address on it; `None`: the first of the subnet.
    pub gateway: Option<Ipv4Addr>,
    /// The largest packet on it, in bytes.
    pub mtu: Option<u32>,
}

/// How one machine's part of a network is joined with the others: all of it, as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// The network, which is on this machine already.
    pub network: NetworkId,
    /// Its number in tunnels (24 bits), which no other network of the cloud has.
    pub vni: u32,
    /// The largest packet on it, in bytes; the tunnel's path takes [`TUNNEL_BYTES`] more.
    pub mtu: u32,
    /// Where this machine's end is.
    pub address: Ipv4Addr,
    /// The other machines that the network is on. None: it is on this one alone, without a tunnel.
    pub peers: Vec<Peer>,
}

/// Another machine that a network is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Where its end of the tunnel is.
    pub address: Ipv4Addr,
    /// Hardware addresses of who is on the network there, as far as they are known. What is for others,
    /// or for all, goes to every peer.
    pub macs: Vec<String>,
}

/// Where a machine's end of tunnels is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tunnel {
    /// Its address.
    pub address: Ipv4Addr,
    /// The largest packet that its interface takes, in bytes.
    pub mtu: u32,
}
