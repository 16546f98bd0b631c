//! Swarms of clusters: which manager is spoken to, the tokens while somebody needs them, and what each
//! node was told and said. Tokens are sealed before they come here.

use super::schema::{swarm_parts as parts, swarms};
use crate::kept::kept;
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::host::SwarmSeen;

/// A row: one for each cluster whose nodes form a Swarm.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = swarms, treat_none_as_null = true)]
pub struct Swarm {
    /// Whose.
    pub cluster_id: String,
    /// The node's server that begins it, and is told what is to be seen to for all; while that works.
    pub manager_id: Option<String>,
    /// How often a Swarm was begun for this cluster: more than once, when every manager was lost.
    pub begun: i64,
    /// Managers it had when last seen whole.
    pub managers: i64,
    /// `schemas::host::JoinTokens`, sealed for [`Swarm::about`], while they may open it.
    pub sealed_tokens: Option<String>,
    /// Rises with each change of the row.
    pub revision: i64,
}

impl std::fmt::Debug for Swarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Swarm({} {:?} {})",
            self.cluster_id, self.manager_id, self.begun
        )
    }
}

impl Swarm {
    /// None yet.
    pub fn of(cluster_id: &str) -> Swarm {
        Swarm {
            cluster_id: cluster_id.to_owned(),
            manager_id: None,
            begun: 0,
            managers: 0,
            sealed_tokens: None,
            revision: 1,
        }
    }

    /// What its tokens are sealed for, so that they cannot be moved to another row.
    pub fn about(&self) -> String {
        format!("swarm {}", self.cluster_id)
    }
}

/// A row: one for each server that is a node of such a cluster and was told its part.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = parts, treat_none_as_null = true)]
pub struct Part {
    /// The node's server.
    pub server_id: String,
    /// Whose node.
    pub cluster_id: String,
    /// Rises with each change of what it is told.
    pub generation: i64,
    /// A digest of what it was told last.
    pub told: String,
    /// µs.
    pub told_at: i64,
    /// Generation of the last telling it has finished, or given up.
    pub seen_generation: i64,
    /// Of the last observation.
    pub seen_epoch: String,
    /// Of the last observation.
    pub seen_seq: i64,
    /// `SwarmSeen`, without tokens.
    pub seen: String,
    /// Why it is not as it was told to be, in words.
    pub problem: Option<String>,
    /// µs; since when what runs on it is moving away.
    pub leaving_since: Option<i64>,
    /// Rises with each change of the row.
    pub revision: i64,
}

impl Part {
    /// Of a node that was told nothing yet.
    pub fn of(cluster_id: &str, server_id: &str) -> Result<Part> {
        Ok(Part {
            server_id: server_id.to_owned(),
            cluster_id: cluster_id.to_owned(),
            generation: 0,
            told: String::new(),
            told_at: 0,
            seen_generation: 0,
            seen_epoch: String::new(),
            seen_seq: 0,
            seen: serde_json::to_string(&SwarmSeen::default())?,
            problem: None,
            leaving_since: None,
            revision: 0,
        })
    }

    /// What it said last.
    pub fn seen(&self) -> Result<SwarmSeen> {
        Ok(serde_json::from_str(&self.seen)?)
    }

    /// Keeps what it said; tokens are not kept here.
    pub fn set_seen(&mut self, seen: &SwarmSeen) -> Result<()> {
        self.seen = serde_json::to_string(&SwarmSeen {
            tokens: None,
            ..seen.clone()
        })?;
        Ok(())
    }

    /// It has finished what it was told last.
    pub fn answered(&self) -> bool {
        self.generation > 0 && self.seen_generation == self.generation
    }
}

/// A cluster's Swarm, if it was ever looked at.
pub fn get(conn: &mut Conn, cluster_id: &str) -> Result<Option<Swarm>> {
    Ok(swarms::table
        .find(cluster_id)
        .select(Swarm::as_select())
        .first(conn)
        .optional()?)
}

/// What all nodes of a cluster were told and said.
pub fn parts(conn: &mut Conn, cluster_id: &str) -> Result<Vec<Part>> {
    Ok(parts::table
        .filter(parts::cluster_id.eq(cluster_id))
        .order(parts::server_id)
        .select(Part::as_select())
        .load(conn)?)
}

/// One node's.
pub fn part(conn: &mut Conn, server_id: &str) -> Result<Option<Part>> {
    Ok(parts::table
        .find(server_id)
        .select(Part::as_select())
        .first(conn)
        .optional()?)
}

/// Writes a new one.
pub fn insert(tx: &mut Tx<'_>, swarm: &Swarm) -> Result<()> {
    diesel::insert_into(swarms::table)
        .values(swarm)
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, swarm: &mut Swarm) -> Result<()> {
    let read = swarm.revision;
    swarm.revision += 1;
    let changed = kept(
        diesel::update(swarms::table.find(swarm.cluster_id.clone()))
            .filter(swarms::revision.eq(read))
            .set(&*swarm),
    )
    .execute(&mut **tx)?;
    once(changed)
}

/// Writes a node's part: a new one, or one that nobody else changed since it was read.
///
/// # Errors
/// As [`update`].
pub fn put_part(tx: &mut Tx<'_>, part: &mut Part) -> Result<()> {
    let read = part.revision;
    part.revision += 1;
    if read == 0 {
        diesel::insert_into(parts::table)
            .values(&*part)
            .execute(&mut **tx)?;
        return Ok(());
    }
    let changed = kept(
        diesel::update(parts::table.find(part.server_id.clone()))
            .filter(parts::revision.eq(read))
            .set(&*part),
    )
    .execute(&mut **tx)?;
    once(changed)
}

fn once(changed: usize) -> Result<()> {
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// Forgets a node that is gone.
pub fn remove_part(tx: &mut Tx<'_>, server_id: &str) -> Result<()> {
    diesel::delete(parts::table.find(server_id)).execute(&mut **tx)?;
    Ok(())
}

/// Forgets all of a cluster's.
pub(super) fn remove_all(tx: &mut Tx<'_>, cluster_id: &str) -> Result<()> {
    diesel::delete(parts::table.filter(parts::cluster_id.eq(cluster_id))).execute(&mut **tx)?;
    diesel::delete(swarms::table.find(cluster_id)).execute(&mut **tx)?;
    Ok(())
}
