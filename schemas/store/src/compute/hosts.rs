//! Hosts: what agents report, what operators say, what is reserved.

mod lending;

pub use lending::{lend, take_back};

use crate::compute::nodes;
use crate::compute::spec::Size;
use crate::kept::kept;
use crate::schema::hosts;
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Timestamp;
use schemas::host::Inventory;
use schemas::ids::{EpochId, HostId};

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = hosts)]
pub struct Host {
    /// UUID, chosen by the agent at its first start.
    pub id: String,
    /// As shown by `hypervisor list`.
    pub hostname: String,
    /// Availability zone.
    pub zone: String,
    /// Present life of its agent.
    pub epoch: String,
    /// µs; last sign of life.
    pub seen_at: i64,
    /// `enabled` or `disabled` (by an operator).
    pub state: String,
    /// Why it is disabled.
    pub disabled_reason: Option<String>,
    /// 1 = an operator says it is dead.
    pub forced_down: i32,
    /// Logical CPUs.
    pub cpus: i32,
    /// MiB.
    pub memory_mb: i64,
    /// GiB.
    pub disk_gb: i64,
    /// Reserved.
    pub used_vcpus: i32,
    /// Reserved, MiB.
    pub used_memory_mb: i64,
    /// Reserved, GiB.
    pub used_disk_gb: i64,
    /// Servers placed here.
    pub servers: i32,
    /// `Inventory`.
    pub inventory: String,
    /// Rises with each change.
    pub revision: i64,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: i64,
    /// The cluster whose node this is; `None` for a machine. A node has the id of its server.
    pub cluster_id: Option<String>,
    /// The server that has the machine for itself; see [`lend`].
    pub lent_to: Option<String>,
}

/// How much more than it has a host may be asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverCommit {
    /// CPUs are shared in time.
    pub cpu: f64,
    /// Memory.
    pub memory: f64,
    /// Disk.
    pub disk: f64,
}

impl Default for OverCommit {
    fn default() -> Self {
        OverCommit {
            cpu: 16.0,
            memory: 1.0,
            disk: 1.0,
        }
    }
}

impl Host {
    /// What the agent reported.
    pub fn inventory(&self) -> Result<Inventory> {
        Ok(serde_json::from_str(&self.inventory)?)
    }

    /// The id, typed.
    pub fn host_id(&self) -> Option<HostId> {
        HostId::parse(&self.id)
    }

    /// Heard of within `silence` and not declared dead.
    pub fn is_up(&self, now: Timestamp, silence: std::time::Duration) -> bool {
        self.forced_down == 0 && now.since(Timestamp(self.seen_at)) < silence
    }

    /// The most that may be reserved.
    pub fn capacity(&self, over: OverCommit) -> Size {
        Size {
            vcpus: (f64::from(self.cpus) * over.cpu) as i32,
            memory_mb: (self.memory_mb as f64 * over.memory) as i64,
            disk_gb: (self.disk_gb as f64 * over.disk) as i64,
        }
    }

    /// What is reserved.
    pub fn used(&self) -> Size {
        Size {
            vcpus: self.used_vcpus,
            memory_mb: self.used_memory_mb,
            disk_gb: self.used_disk_gb,
        }
    }
}

/// One host.
pub fn get(conn: &mut Conn, id: &str) -> Result<Option<Host>> {
    Ok(hosts::table
        .find(id)
        .select(Host::as_select())
        .first(conn)
        .optional()?)
}

/// One machine: what operators give orders about.
pub fn machine(conn: &mut Conn, id: &str) -> Result<Option<Host>> {
    Ok(get(conn, id)?.filter(|host| host.cluster_id.is_none()))
}

/// All hosts, machines and nodes, by name.
pub fn list(conn: &mut Conn) -> Result<Vec<Host>> {
    Ok(hosts::table
        .order((hosts::hostname, hosts::id))
        .select(Host::as_select())
        .load(conn)?)
}

/// The nodes of a cluster.
pub fn of_cluster(conn: &mut Conn, cluster_id: &str) -> Result<Vec<Host>> {
    Ok(hosts::table
        .filter(hosts::cluster_id.eq(cluster_id))
        .order(hosts::id)
        .select(Host::as_select())
        .load(conn)?)
}

/// The machines, by name: what operators are shown.
pub fn machines(conn: &mut Conn) -> Result<Vec<Host>> {
    Ok(hosts::table
        .filter(hosts::cluster_id.is_null())
        .order((hosts::hostname, hosts::id))
        .select(Host::as_select())
        .load(conn)?)
}

/// Writes down a sign of life. False, and nothing changes: it is an older life's news, or whoever
/// sends it says to be what it is not (see [`nodes::is_node`]).
pub fn report(tx: &mut Tx<'_>, id: HostId, epoch: EpochId, inventory: &Inventory) -> Result<bool> {
    let (id, epoch) = (id.to_string(), epoch.to_string());
    let now = tx.now().0;
    let facts = (
        hosts::hostname.eq(&inventory.hostname),
        hosts::zone.eq(&inventory.zone),
        hosts::epoch.eq(&epoch),
        hosts::seen_at.eq(now),
        hosts::cpus.eq(i32::try_from(inventory.cpus).unwrap_or(i32::MAX)),
        hosts::memory_mb.eq((inventory.memory_bytes >> 20) as i64),
        hosts::disk_gb.eq((inventory.disk_bytes >> 30) as i64),
        hosts::inventory.eq(serde_json::to_string(inventory)?),
        hosts::updated_at.eq(now),
    );
    let cluster = inventory.cluster.map(|cluster| cluster.to_string());
    // Lives are UUIDv7: text order is time order.
    let row = hosts::table.find(&id).filter(hosts::epoch.le(&epoch));
    let change = (facts.clone(), hosts::revision.eq(hosts::revision + 1));
    let known = match &cluster {
        None => kept(diesel::update(row.filter(hosts::cluster_id.is_null())).set(change))
            .execute(&mut **tx),
        Some(cluster) => {
            kept(diesel::update(row.filter(hosts::cluster_id.eq(cluster))).set(change))
                .execute(&mut **tx)
        }
    }?;
    if known == 1 {
        return Ok(true);
    }
    if get(tx, &id)?.is_some() {
        return Ok(false);
    }
    if let Some(cluster) = &cluster
        && !nodes::is_node(tx, &id, cluster)?
    {
        tracing::warn!(
            host = id,
            cluster,
            "says that it is a node, which no server is"
        );
        return Ok(false);
    }
    let inserted = diesel::insert_into(hosts::table)
        .values((
            facts,
            hosts::id.eq(&id),
            hosts::state.eq("enabled"),
            hosts::forced_down.eq(0),
            hosts::used_vcpus.eq(0),
            hosts::used_memory_mb.eq(0),
            hosts::used_disk_gb.eq(0),
            hosts::servers.eq(0),
            hosts::revision.eq(1),
            hosts::created_at.eq(now),
            hosts::cluster_id.eq(cluster),
        ))
        .execute(&mut **tx)
        .map_err(Fail::from);
    match inserted {
        Ok(_) => Ok(true),
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Reserves room, if the host takes new servers, is not lent as a whole and still has it (false otherwise). `count` is
/// 1 for a new server, 0 for a change of an existing one.
pub fn reserve(tx: &mut Tx<'_>, id: &str, size: Size, count: i32, capacity: Size) -> Result<bool> {
    let reserved = kept(
        diesel::update(hosts::table.find(id))
            .filter(
                (hosts::used_vcpus.le(capacity.vcpus - size.vcpus))
                    .and(hosts::used_memory_mb.le(capacity.memory_mb - size.memory_mb))
                    .and(hosts::used_disk_gb.le(capacity.disk_gb - size.disk_gb)),
            )
            .filter(
                (hosts::state.eq("enabled").and(hosts::forced_down.eq(0)))
                    .and(hosts::lent_to.is_null())
                    .or(count.into_sql::<diesel::sql_types::Integer>().eq(0)),
            )
            .set((
                hosts::used_vcpus.eq(hosts::used_vcpus + size.vcpus),
                hosts::used_memory_mb.eq(hosts::used_memory_mb + size.memory_mb),
                hosts::used_disk_gb.eq(hosts::used_disk_gb + size.disk_gb),
                hosts::servers.eq(hosts::servers + count),
            )),
    )
    .execute(&mut **tx)?;
    Ok(reserved == 1)
}

/// Gives room back.
pub fn release(tx: &mut Tx<'_>, id: &str, size: Size, count: i32) -> Result<()> {
    kept(diesel::update(hosts::table.find(id)).set((
        hosts::used_vcpus.eq(hosts::used_vcpus - size.vcpus),
        hosts::used_memory_mb.eq(hosts::used_memory_mb - size.memory_mb),
        hosts::used_disk_gb.eq(hosts::used_disk_gb - size.disk_gb),
        hosts::servers.eq(hosts::servers - count),
    )))
    .execute(&mut **tx)?;
    Ok(())
}

/// What an operator says about a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// New servers are placed there, or not.
    pub enabled: Option<bool>,
    /// Why it is disabled.
    pub reason: Option<String>,
    /// It is dead, whatever its agent says.
    pub forced_down: Option<bool>,
}

/// Writes an operator's order down and makes the host due. False when there is no such host.
pub fn order(tx: &mut Tx<'_>, id: &str, order: &Order) -> Result<bool> {
    let Some(mut host) = get(tx, id)? else {
        return Ok(false);
    };
    if let Some(enabled) = order.enabled {
        host.state = if enabled { "enabled" } else { "disabled" }.into();
        host.disabled_reason = order.reason.clone().filter(|_| !enabled);
    }
    if let Some(down) = order.forced_down {
        host.forced_down = i32::from(down);
    }
    let now = tx.now().0;
    diesel::update(hosts::table.find(id))
        .set((
            hosts::state.eq(&host.state),
            hosts::disabled_reason.eq(&host.disabled_reason),
            hosts::forced_down.eq(host.forced_down),
            hosts::revision.eq(hosts::revision + 1),
            hosts::updated_at.eq(now),
        ))
        .execute(&mut **tx)?;
    tx.due(schemas::Kind::Host, id)?;
    Ok(true)
}

/// A host without its inventory.
#[derive(Clone, Debug, Queryable, Selectable, PartialEq, Eq)]
#[diesel(table_name = hosts)]
pub struct Brief {
    /// UUID.
    pub id: String,
    /// Name.
    pub hostname: String,
    /// `enabled` or `disabled`.
    pub state: String,
    /// 1 = an operator says it is dead.
    pub forced_down: i32,
    /// µs; last sign of life.
    pub seen_at: i64,
}

impl Brief {
    /// Heard of within `silence` and not declared dead.
    pub fn is_up(&self, now: Timestamp, silence: std::time::Duration) -> bool {
        self.forced_down == 0 && now.since(Timestamp(self.seen_at)) < silence
    }
}

/// These hosts, without their inventories.
pub fn briefs(conn: &mut Conn, ids: &[String]) -> Result<Vec<Brief>> {
    let all = hosts::table.select(Brief::as_select());
    Ok(match ids {
        [] => Vec::new(),
        // Whoever shows one server asks so; a list of values would be parsed anew each time.
        [one] => all.filter(hosts::id.eq(one)).load(conn)?,
        some => all.filter(hosts::id.eq_any(some)).load(conn)?,
    })
}

/// These hosts, in no order; without those that are not there.
pub fn these(conn: &mut Conn, ids: &[String]) -> Result<Vec<Host>> {
    let all = hosts::table.select(Host::as_select());
    Ok(match ids {
        [] => Vec::new(),
        // As of briefs.
        [one] => all.filter(hosts::id.eq(one)).load(conn)?,
        some => all.filter(hosts::id.eq_any(some)).load(conn)?,
    })
}

/// Declares a host dead whose row stays for what is still placed there.
pub fn bury(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::update(hosts::table.find(id))
        .set((
            hosts::forced_down.eq(1),
            hosts::revision.eq(hosts::revision + 1),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Ids of the machines of this name (one, but for a machine whose agent was set up anew). Names of
/// nodes are their owners' choice, so none of them can be taken for a machine.
pub fn named(conn: &mut Conn, hostname: &str) -> Result<Vec<String>> {
    Ok(hosts::table
        .filter(hosts::hostname.eq(hostname).or(hosts::id.eq(hostname)))
        .filter(hosts::cluster_id.is_null())
        .select(hosts::id)
        .load(conn)?)
}

/// Is there a machine in this zone?
pub fn zone_exists(conn: &mut Conn, zone: &str) -> Result<bool> {
    let any: Option<String> = hosts::table
        .filter(hosts::zone.eq(zone).and(hosts::cluster_id.is_null()))
        .select(hosts::id)
        .first(conn)
        .optional()?;
    Ok(any.is_some())
}

/// Forgets a host on which no server is placed. False when there is one.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<bool> {
    if !crate::compute::servers::names_on(tx, id)?.is_empty() {
        return Ok(false);
    }
    diesel::delete(hosts::table.find(id)).execute(&mut **tx)?;
    Ok(true)
}
