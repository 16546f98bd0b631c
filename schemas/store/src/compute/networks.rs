//! Each project's own network, and each cluster's. Its subnet is a numbered /24 of one pool, so that the engine's few
//! default subnets never run out.

use crate::schema::project_networks;
use crate::{Fail, Result, Tx};
use diesel::prelude::*;
use schemas::ids::NetworkId;
use uuid::Uuid;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = project_networks)]
pub struct ProjectNetwork {
    /// Owner: a project, or a cluster.
    pub project_id: String,
    /// UUID.
    pub id: String,
    /// Which /24 of the pool.
    pub number: i64,
}

/// What users call it.
pub const LABEL: &str = "private";

/// The id of an owner's network, which is the same before it is made.
pub fn id_of(project_id: &str) -> String {
    let owner = Uuid::parse_str(project_id)
        .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, project_id.as_bytes()));
    NetworkId::derived(owner, LABEL).to_string()
}

/// The owner's network; made when it is first asked for, with the lowest free number.
pub fn ensure(tx: &mut Tx<'_>, project_id: &str) -> Result<ProjectNetwork> {
    let known = project_networks::table
        .find(project_id)
        .select(ProjectNetwork::as_select())
        .first(&mut **tx)
        .optional()?;
    if let Some(network) = known {
        return Ok(network);
    }
    let taken: Vec<i64> = project_networks::table
        .select(project_networks::number)
        .order(project_networks::number)
        .load(&mut **tx)?;
    let number = (0i64..)
        .zip(&taken)
        .find(|(free, taken)| free != *taken)
        .map(|(free, _)| free);
    let network = ProjectNetwork {
        project_id: project_id.to_owned(),
        id: id_of(project_id),
        number: number.unwrap_or(taken.len() as i64),
    };
    let inserted = diesel::insert_into(project_networks::table)
        .values(&network)
        .execute(&mut **tx)
        .map_err(Fail::from);
    match inserted {
        Ok(_) => Ok(network),
        Err(fail) if fail.is_duplicate() => Err(Fail::Again),
        Err(fail) => Err(fail),
    }
}

/// Forgets an owner's network, on which nothing is any more: its number is free.
pub fn remove(tx: &mut Tx<'_>, owner: &str) -> Result<()> {
    diesel::delete(project_networks::table.find(owner)).execute(&mut **tx)?;
    Ok(())
}
