//! What the nodes of a cluster are to know of its services: one table for all of them, with a
//! generation, and how far each node is.

use crate::container_infra::schema::{
    bay_endpoints as table, bay_services as services, endpoint_hosts as hosts,
};
use crate::{Conn, Result, Tx};
use diesel::prelude::*;
use schemas::Kind as Work;
use schemas::workload::Services;

/// The newest table of a cluster.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = table)]
pub struct Endpoints {
    /// The cluster.
    pub cluster_id: String,
    /// Rises with each change of the table.
    pub generation: i64,
    /// [`Services`].
    pub table_json: String,
    /// µs; when the table changed last.
    pub updated_at: i64,
}

/// How far one node is.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = hosts)]
pub struct Told {
    /// Its cluster.
    pub cluster_id: String,
    /// The node, as a host.
    pub host_id: String,
    /// Generation that it was told last; 0 = none.
    pub told: i64,
    /// µs; when.
    pub told_at: i64,
    /// Generation that it has carried out, or given up; 0 = none.
    pub applied: i64,
    /// Why it could not.
    pub problem: Option<String>,
}

impl Endpoints {
    /// The table.
    pub fn table(&self) -> Result<Services> {
        Ok(serde_json::from_str(&self.table_json)?)
    }
}

/// The newest table of a cluster; `None` while it never had a service.
pub fn get(conn: &mut Conn, cluster: &str) -> Result<Option<Endpoints>> {
    Ok(table::table
        .find(cluster)
        .select(Endpoints::as_select())
        .first(conn)
        .optional()?)
}

/// How far the nodes of a cluster are.
pub fn told(conn: &mut Conn, cluster: &str) -> Result<Vec<Told>> {
    Ok(hosts::table
        .filter(hosts::cluster_id.eq(cluster))
        .order(hosts::host_id)
        .select(Told::as_select())
        .load(conn)?)
}

/// Writes a table down, under the next generation.
pub fn put(tx: &mut Tx<'_>, before: Option<&Endpoints>, wanted: &Services) -> Result<Endpoints> {
    let row = Endpoints {
        cluster_id: wanted.cluster_id.to_string(),
        generation: before.map_or(0, |it| it.generation) + 1,
        table_json: serde_json::to_string(wanted)?,
        updated_at: tx.now().0,
    };
    match before {
        None => diesel::insert_into(table::table)
            .values(&row)
            .execute(&mut **tx)?,
        Some(_) => diesel::update(table::table.find(&row.cluster_id))
            .set((
                table::generation.eq(row.generation),
                table::table_json.eq(&row.table_json),
                table::updated_at.eq(row.updated_at),
            ))
            .execute(&mut **tx)?,
    };
    Ok(row)
}

/// Writes down how far a node is.
pub fn note(tx: &mut Tx<'_>, row: &Told) -> Result<()> {
    let changed = diesel::update(hosts::table.find((&row.cluster_id, &row.host_id)))
        .set((
            hosts::told.eq(row.told),
            hosts::told_at.eq(row.told_at),
            hosts::applied.eq(row.applied),
            hosts::problem.eq(&row.problem),
        ))
        .execute(&mut **tx)?;
    if changed == 0 {
        diesel::insert_into(hosts::table)
            .values(row)
            .execute(&mut **tx)?;
    }
    Ok(())
}

/// A node is to be told anew (its agent has begun anew), or is none any more.
pub fn forget(tx: &mut Tx<'_>, cluster: &str, host: &str) -> Result<()> {
    diesel::delete(hosts::table.find((cluster, host))).execute(&mut **tx)?;
    Ok(())
}

/// Something may have changed behind the services of this cluster, if it has any.
pub fn wake(tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
    let any: i64 = services::table
        .filter(services::cluster_id.eq(cluster))
        .count()
        .get_result(&mut **tx)?;
    match any > 0 || get(tx, cluster)?.is_some() {
        true => tx.due(Work::Endpoints, cluster),
        false => Ok(()),
    }
}

/// Removes all of a cluster that goes.
pub fn remove_all(tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
    diesel::delete(hosts::table.filter(hosts::cluster_id.eq(cluster))).execute(&mut **tx)?;
    diesel::delete(table::table.find(cluster)).execute(&mut **tx)?;
    Ok(())
}
