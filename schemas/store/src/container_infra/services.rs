//! Services of clusters: rows and queries. What is behind them is worked out in
//! [`super::endpoints`].

use crate::container_infra::schema::{bay_services as table, service_ports as ports};
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
pub use schemas::container_infra::service::{Port, Reach, Target};
use schemas::{Error, Kind as Work};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = table)]
pub struct Service {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// The cluster whose pods are behind it.
    pub cluster_id: String,
    /// Its own within the cluster.
    pub name: String,
    /// Its virtual address, its own within the cluster; `None`: its name stands for its pods.
    pub address: Option<String>,
    /// Rises with each change of the row.
    pub revision: i64,
    /// Request that asked for the present state.
    pub request_id: String,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: Option<i64>,
    /// [`Spec`].
    pub spec: String,
}

/// What a service is: the JSON in `bay_services.spec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Pods with all of these labels are behind it; none: no pod is.
    pub selector: BTreeMap<String, String>,
    /// In the manifest's order.
    pub ports: Vec<Port>,
    /// How it is reached.
    pub reach: Reach,
    /// Pods that are not ready are behind it, too (`publishNotReadyAddresses`).
    #[serde(default)]
    pub not_ready_too: bool,
}

impl Service {
    /// What it is.
    pub fn spec(&self) -> Result<Spec> {
        Ok(serde_json::from_str(&self.spec)?)
    }

    /// Replaces what it is.
    pub fn set_spec(&mut self, spec: &Spec) -> Result<()> {
        self.spec = serde_json::to_string(spec)?;
        Ok(())
    }
}

/// One that the caller may see.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Service>> {
    let row: Option<Service> = table::table
        .find(id)
        .select(Service::as_select())
        .first(conn)
        .optional()?;
    Ok(row.filter(|row| scope.sees(&row.project_id)))
}

/// Those the caller may see, oldest first: of one cluster, or of all.
pub fn list(conn: &mut Conn, scope: &Scope, cluster: Option<&str>) -> Result<Vec<Service>> {
    let mut query = table::table
        .order((table::created_at, table::id))
        .select(Service::as_select())
        .into_boxed();
    if let Some(cluster) = cluster {
        query = query.filter(table::cluster_id.eq(cluster.to_owned()));
    }
    if let Scope::Project(project) = scope {
        query = query.filter(table::project_id.eq(project.clone()));
    }
    Ok(query.load(conn)?)
}

/// Those with this name that the caller may see, in one cluster or in all.
pub fn named(
    conn: &mut Conn,
    scope: &Scope,
    cluster: Option<&str>,
    name: &str,
) -> Result<Vec<Service>> {
    let rows = list(conn, scope, cluster)?;
    Ok(rows.into_iter().filter(|row| row.name == name).collect())
}

/// May the project have one more? `most`: negative = any number.
///
/// # Errors
/// `OverQuota`.
pub fn one_more(conn: &mut Conn, project_id: &str, most: i64) -> Result<()> {
    let there: i64 = table::table
        .filter(table::project_id.eq(project_id))
        .count()
        .get_result(conn)?;
    super::bounded("services", there, most)
}

/// The addresses that the services of a cluster have.
pub fn addresses(conn: &mut Conn, cluster: &str) -> Result<BTreeSet<String>> {
    let rows: Vec<Option<String>> = table::table
        .filter(table::cluster_id.eq(cluster))
        .select(table::address)
        .load(conn)?;
    Ok(rows.into_iter().flatten().collect())
}

/// The ports of the machines that are published for services.
pub fn published(conn: &mut Conn) -> Result<BTreeSet<u16>> {
    let rows: Vec<i32> = ports::table.select(ports::number).load(conn)?;
    Ok(rows
        .into_iter()
        .filter_map(|number| u16::try_from(number).ok())
        .collect())
}

/// Which service a port of the machines is published for.
pub fn at_port(conn: &mut Conn, port: u16) -> Result<Option<String>> {
    Ok(ports::table
        .find(i32::from(port))
        .select(ports::service_id)
        .first(conn)
        .optional()?)
}

/// Writes a new one, with its published ports, and makes its cluster's endpoints due.
///
/// # Errors
/// `Conflict` when the cluster has one of this name, or an address or port is taken.
pub fn insert(tx: &mut Tx<'_>, row: &Service) -> Result<()> {
    let same = named(tx, &Scope::All, Some(&row.cluster_id), &row.name)?;
    if !same.is_empty() {
        return Err(Error::Conflict(format!(
            "Service {} already exists in this cluster.",
            row.name
        ))
        .into());
    }
    if let Some(address) = &row.address
        && addresses(tx, &row.cluster_id)?.contains(address)
    {
        return Err(Error::Conflict(format!(
            "Another service of this cluster has the address {address}; choose another or none."
        ))
        .into());
    }
    diesel::insert_into(table::table)
        .values(row)
        .execute(&mut **tx)?;
    publish(tx, row)?;
    tx.due(Work::Endpoints, &row.cluster_id)
}

/// Writes a changed row back, if nobody else changed it since it was read, and makes its cluster's
/// endpoints due.
///
/// # Errors
/// `Fail::Again` when somebody did; `Conflict` when a port is taken.
pub fn update(tx: &mut Tx<'_>, row: &mut Service) -> Result<()> {
    let read = row.revision;
    row.revision += 1;
    let changed = diesel::update(table::table.find(&row.id))
        .filter(table::revision.eq(read))
        .set((
            table::address.eq(&row.address),
            table::revision.eq(row.revision),
            table::request_id.eq(&row.request_id),
            table::updated_at.eq(row.updated_at),
            table::spec.eq(&row.spec),
        ))
        .execute(&mut **tx)?;
    if changed != 1 {
        return Err(Fail::Again);
    }
    unpublish(tx, &row.id)?;
    publish(tx, row)?;
    tx.due(Work::Endpoints, &row.cluster_id)
}

/// Removes it, and makes its cluster's endpoints due.
pub fn remove(tx: &mut Tx<'_>, row: &Service) -> Result<()> {
    unpublish(tx, &row.id)?;
    diesel::delete(table::table.find(&row.id)).execute(&mut **tx)?;
    tx.due(Work::Endpoints, &row.cluster_id)
}

/// Removes those of a cluster that goes.
pub fn remove_all(tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
    for row in list(tx, &Scope::All, Some(cluster))? {
        remove(tx, &row)?;
    }
    Ok(())
}

fn publish(tx: &mut Tx<'_>, row: &Service) -> Result<()> {
    for port in row.spec()?.ports.iter().filter_map(|port| port.node_port) {
        if let Some(other) = at_port(tx, port)? {
            return Err(Error::Conflict(match other == row.id {
                true => format!("nodePort {port} is given twice."),
                false => {
                    format!("nodePort {port} is another service's already; choose another or none.")
                }
            })
            .into());
        }
        diesel::insert_into(ports::table)
            .values((
                ports::number.eq(i32::from(port)),
                ports::service_id.eq(&row.id),
            ))
            .execute(&mut **tx)?;
    }
    Ok(())
}

fn unpublish(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    diesel::delete(ports::table.filter(ports::service_id.eq(id))).execute(&mut **tx)?;
    Ok(())
}
