//! The networks of clusters whose nodes may lie on several machines: each one's number in tunnels, which
//! machines it is on, by which address each of them is on it, and how far each was told.
//!
//! A cluster that was begun when no machine could tunnel has no row, and stays on one machine.

use super::schema::{bay_overlay_hosts as hosts, bay_overlays as overlays};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::workload::Peer;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = overlays)]
pub struct Overlay {
    /// Whose network.
    pub cluster_id: String,
    /// Its number in tunnels, which no other cluster has.
    pub vni: i64,
    /// The largest packet on it, in bytes.
    pub mtu: i64,
    /// Rises with each change of `members`.
    pub generation: i64,
    /// `Vec<Member>`, in the order of their ids.
    pub members: String,
}

/// A machine that a cluster's network is on, as the others are to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The machine.
    pub host: String,
    /// Where its tunnels end, and who is on the network there.
    pub peer: Peer,
}

/// A row: a machine that has, or had, a part of a cluster's network.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = hosts, treat_none_as_null = true)]
#[diesel(primary_key(cluster_id, host_id))]
pub struct Part {
    /// Whose network.
    pub cluster_id: String,
    /// The machine.
    pub host_id: String,
    /// Its own address on the network.
    pub gateway: String,
    /// Generation that it was told last; 0 = none.
    pub told: i64,
    /// µs; when.
    pub told_at: i64,
    /// Generation that it has carried out; 0 = none.
    pub applied: i64,
    /// 1 = what it was told last has peers, so it may have a tunnel.
    pub joined: i64,
    /// Why it could not.
    pub problem: Option<String>,
}

impl Overlay {
    /// The machines it is on.
    pub fn members(&self) -> Result<Vec<Member>> {
        Ok(serde_json::from_str(&self.members)?)
    }
}

/// A cluster's; `None` when it has none.
pub fn get(conn: &mut Conn, cluster: &str) -> Result<Option<Overlay>> {
    Ok(overlays::table
        .find(cluster)
        .select(Overlay::as_select())
        .first(conn)
        .optional()?)
}

/// All there are.
pub fn all(conn: &mut Conn) -> Result<Vec<Overlay>> {
    Ok(overlays::table
        .order(overlays::cluster_id)
        .select(Overlay::as_select())
        .load(conn)?)
}

/// Writes down that a cluster's network has this number in tunnels, and packets of this many bytes. The
/// number is free again when the cluster's row goes.
///
/// # Errors
/// `Again` when another transaction has just taken it.
pub fn begin(tx: &mut Tx<'_>, cluster: &str, vni: i64, mtu: i64) -> Result<Overlay> {
    let row = Overlay {
        cluster_id: cluster.to_owned(),
        vni,
        mtu,
        generation: 0,
        members: "[]".into(),
    };
    let inserted = diesel::insert_into(overlays::table)
        .values(&row)
        .execute(&mut **tx);
    match inserted.map_err(Fail::from) {
        Ok(_) => Ok(row),
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Writes down which machines a network is on now, under the next generation.
pub fn put(tx: &mut Tx<'_>, row: &mut Overlay, members: &[Member]) -> Result<()> {
    row.generation += 1;
    row.members = serde_json::to_string(members)?;
    diesel::update(overlays::table.find(&row.cluster_id))
        .set((
            overlays::generation.eq(row.generation),
            overlays::members.eq(&row.members),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// The machines that have, or had, a part of a cluster's network.
pub fn parts(conn: &mut Conn, cluster: &str) -> Result<Vec<Part>> {
    Ok(hosts::table
        .filter(hosts::cluster_id.eq(cluster))
        .order(hosts::host_id)
        .select(Part::as_select())
        .load(conn)?)
}

/// The clusters whose networks a machine has, or had, a part of.
pub fn on_host(conn: &mut Conn, host: &str) -> Result<Vec<String>> {
    Ok(hosts::table
        .filter(hosts::host_id.eq(host))
        .select(hosts::cluster_id)
        .load(conn)?)
}

/// One machine's part.
pub fn part(conn: &mut Conn, cluster: &str, host: &str) -> Result<Option<Part>> {
    Ok(hosts::table
        .find((cluster, host))
        .select(Part::as_select())
        .first(conn)
        .optional()?)
}

/// The machine's own address on a cluster's network. One that has none gets one, and keeps it until it
/// has nothing of the network any more: the first of the subnet if that is free, else the highest free
/// one. `None` when all are taken. `taken` are those of nodes.
///
/// # Errors
/// `Again` when another transaction has just taken it.
pub fn seat(
    tx: &mut Tx<'_>,
    cluster: &str,
    host: &str,
    subnet: Ipv4Addr,
    taken: &[Ipv4Addr],
) -> Result<Option<Ipv4Addr>> {
    let parts = parts(tx, cluster)?;
    if let Some(part) = parts.iter().find(|part| part.host_id == host) {
        return Ok(part.gateway.parse().ok());
    }
    let given: Vec<Ipv4Addr> = parts
        .iter()
        .filter_map(|part| part.gateway.parse().ok())
        .collect();
    let mut all = std::iter::once(1)
        .chain((2..=254).rev())
        .map(|last| Ipv4Addr::from(u32::from(subnet) + last));
    let Some(free) = all.find(|address| !given.contains(address) && !taken.contains(address))
    else {
        return Ok(None);
    };
    let row = Part {
        cluster_id: cluster.to_owned(),
        host_id: host.to_owned(),
        gateway: free.to_string(),
        told: 0,
        told_at: 0,
        applied: 0,
        joined: 0,
        problem: None,
    };
    let inserted = diesel::insert_into(hosts::table)
        .values(&row)
        .execute(&mut **tx);
    match inserted.map_err(Fail::from) {
        Ok(_) => Ok(Some(free)),
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Writes down how far a machine is.
pub fn note(tx: &mut Tx<'_>, part: &Part) -> Result<()> {
    diesel::update(hosts::table.find((&part.cluster_id, &part.host_id)))
        .set(part)
        .execute(&mut **tx)?;
    Ok(())
}

/// A machine has nothing of a cluster's network any more: its address there is free.
pub fn forget(tx: &mut Tx<'_>, cluster: &str, host: &str) -> Result<()> {
    diesel::delete(hosts::table.find((cluster, host))).execute(&mut **tx)?;
    Ok(())
}

/// Removes all of a cluster that goes.
pub fn remove_all(tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
    diesel::delete(hosts::table.filter(hosts::cluster_id.eq(cluster))).execute(&mut **tx)?;
    diesel::delete(overlays::table.find(cluster)).execute(&mut **tx)?;
    Ok(())
}
