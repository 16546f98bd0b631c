//! Replication controllers: rows and queries. What they keep are guests of their cluster
//! ([`crate::compute::guests`]).

use crate::compute::guests::{self, Kind};
use crate::compute::launch::Launch;
use crate::compute::servers::Server;
use crate::compute::spec::{BootImage, Flavor, Guest};
use crate::container_infra::schema::replication_controllers as table;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::container_infra::placing::Placing;
use schemas::ids::{ClusterId, ServerId};
use schemas::workload::pod::PodSpec;
use schemas::{Error, Kind as Work};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq)]
#[diesel(table_name = table)]
pub struct Controller {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// The cluster its pods run in.
    pub cluster_id: String,
    /// Its own within the cluster.
    pub name: String,
    /// Pods there should be.
    pub replicas: i64,
    /// Pods it has made so far.
    pub made: i64,
    /// 1 = tombstone: the row goes with the last of its pods.
    pub deleting: i32,
    /// Rises with each change of the row.
    pub revision: i64,
    /// Request that asked for the present change.
    pub request_id: String,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: Option<i64>,
    /// [`Spec`].
    pub spec: String,
}

/// What its pods are like: the JSON in `replication_controllers.spec`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Pods with all of these labels are its own.
    pub selector: BTreeMap<String, String>,
    /// What a new pod runs.
    pub pod: PodSpec,
    /// Its containers' images as they were asked for, in order.
    pub asked_images: Vec<String>,
    /// Which nodes they may be on.
    #[serde(default)]
    pub placing: Placing,
    /// The image of its first container.
    pub boot: BootImage,
    /// Room it needs: what its containers request, together.
    pub room: Flavor,
    /// Host name inside all of them; each one's own name when absent.
    #[serde(default)]
    pub hostname: Option<String>,
}

impl Controller {
    /// What its pods are like.
    pub fn spec(&self) -> Result<Spec> {
        Ok(serde_json::from_str(&self.spec)?)
    }

    /// Replaces what its pods are like.
    pub fn set_spec(&mut self, spec: &Spec) -> Result<()> {
        self.spec = serde_json::to_string(spec)?;
        Ok(())
    }
}

/// The labels of a pod; of anything else none.
pub fn labels(pod: &Server) -> Result<BTreeMap<String, String>> {
    Ok(match pod.spec()?.guest {
        Some(Guest::Pod { spec, .. }) => spec.labels,
        _ => BTreeMap::new(),
    })
}

/// One that the caller may see.
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Controller>> {
    let row: Option<Controller> = table::table
        .find(id)
        .select(Controller::as_select())
        .first(conn)
        .optional()?;
    Ok(row.filter(|row| scope.sees(&row.project_id)))
}

/// Those with this name that the caller may see, in one cluster or in all.
pub fn named(
    conn: &mut Conn,
    scope: &Scope,
    cluster: Option<&str>,
    name: &str,
) -> Result<Vec<Controller>> {
    let rows = list(conn, scope, cluster)?;
    Ok(rows.into_iter().filter(|row| row.name == name).collect())
}

/// Those the caller may see, oldest first: of one cluster, or of all.
pub fn list(conn: &mut Conn, scope: &Scope, cluster: Option<&str>) -> Result<Vec<Controller>> {
    let mut query = table::table
        .order((table::created_at, table::id))
        .select(Controller::as_select())
        .into_boxed();
    if let Some(cluster) = cluster {
        query = query.filter(table::cluster_id.eq(cluster.to_owned()));
    }
    if let Scope::Project(project) = scope {
        query = query.filter(table::project_id.eq(project.clone()));
    }
    Ok(query.load(conn)?)
}

/// How many a cluster has.
pub fn count(conn: &mut Conn, cluster: &str) -> Result<i64> {
    Ok(table::table
        .filter(table::cluster_id.eq(cluster))
        .count()
        .get_result(conn)?)
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
    super::bounded("replication controllers", there, most)
}

/// Pods that a project has or will have: what its controllers should keep, and what nobody keeps.
pub fn promised(conn: &mut Conn, project_id: &str) -> Result<i64> {
    use crate::schema::servers;
    let kept: Vec<i64> = table::table
        .filter(table::project_id.eq(project_id))
        .select(table::replicas)
        .load(conn)?;
    let free: i64 = servers::table
        .filter(servers::guest_of.is_not_null())
        .filter(
            servers::project_id
                .eq(project_id)
                .and(servers::guest_kind.eq(Kind::Pod.as_str()))
                .and(servers::guest_owner.is_null()),
        )
        .count()
        .get_result(conn)?;
    Ok(kept
        .iter()
        .fold(free, |sum, more| sum.saturating_add(*more)))
}

/// May the project have so many more pods? `most`: negative = any number.
///
/// # Errors
/// `OverQuota`.
pub fn room_for(conn: &mut Conn, project_id: &str, more: i64, most: i64) -> Result<()> {
    if most < 0 || more <= 0 {
        return Ok(());
    }
    let there = promised(conn, project_id)?;
    match there.saturating_add(more) > most {
        true => Err(Error::OverQuota(format!(
            "The project has {there} pods, those its replication controllers should have among them; \
             {more} more were asked for, and {most} is the most it may have: delete some first."
        ))
        .into()),
        false => Ok(()),
    }
}

/// A pod came to the cluster, or its labels changed: whose it is may be another controller's now.
pub fn wake(tx: &mut Tx<'_>, cluster: &str) -> Result<()> {
    let ids: Vec<String> = table::table
        .filter(table::cluster_id.eq(cluster))
        .select(table::id)
        .load(&mut **tx)?;
    ids.iter()
        .try_for_each(|id| tx.due(Work::ReplicationController, id))
}

/// Writes a new one and makes it due.
///
/// # Errors
/// `Conflict` when the cluster has one of this name.
pub fn insert(tx: &mut Tx<'_>, row: &Controller) -> Result<()> {
    let same = named(tx, &Scope::All, Some(&row.cluster_id), &row.name)?;
    if !same.is_empty() {
        return Err(Error::Conflict(format!(
            "Replication controller {} already exists in this cluster.",
            row.name
        ))
        .into());
    }
    diesel::insert_into(table::table)
        .values(row)
        .execute(&mut **tx)?;
    tx.due(Work::ReplicationController, &row.id)
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did.
pub fn update(tx: &mut Tx<'_>, row: &mut Controller) -> Result<()> {
    let read = row.revision;
    row.revision += 1;
    let changed = diesel::update(table::table.find(&row.id))
        .filter(table::revision.eq(read))
        .set((
            table::replicas.eq(row.replicas),
            table::made.eq(row.made),
            table::deleting.eq(row.deleting),
            table::revision.eq(row.revision),
            table::request_id.eq(&row.request_id),
            table::updated_at.eq(row.updated_at),
            table::spec.eq(&row.spec),
        ))
        .execute(&mut **tx)?;
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// It is to go, with its pods.
pub fn condemn(tx: &mut Tx<'_>, row: &mut Controller, request_id: &str) -> Result<()> {
    if row.deleting != 0 {
        return Ok(());
    }
    row.deleting = 1;
    row.request_id = request_id.to_owned();
    row.updated_at = Some(tx.now().0);
    update(tx, row)?;
    tx.due(Work::ReplicationController, &row.id)
}

/// Removes the row, which wakes its cluster.
pub fn remove(tx: &mut Tx<'_>, row: &Controller) -> Result<()> {
    diesel::delete(table::table.find(&row.id)).execute(&mut **tx)?;
    tx.due(Work::Cluster, &row.cluster_id)
}

/// Makes its next pod. The pod's id is derived from the number written down with it, so that a
/// repeated look makes nothing twice.
pub fn make_pod(tx: &mut Tx<'_>, row: &mut Controller, spec: &Spec) -> Result<()> {
    let bad = |what: &str| Fail::Told(Error::internal(format_args!("{what} is no UUID")));
    let own = Uuid::parse_str(&row.id).map_err(|_| bad("a controller's id"))?;
    let cluster = ClusterId::parse(&row.cluster_id).ok_or_else(|| bad("a cluster's id"))?;
    row.made += 1;
    let id = ServerId::derived(own, &format!("pod-{}", row.made));
    update(tx, row)?;
    let name = pod_name(&row.name, id);
    let guest = Guest::Pod {
        spec: spec.pod.clone(),
        asked_images: spec.asked_images.clone(),
        placing: spec.placing.clone(),
    };
    let wanted = Launch {
        hostname: Some(spec.hostname.clone().unwrap_or_else(|| name.clone())),
        within: Some(cluster),
        ..Launch::plain(
            [&row.project_id, &row.user_id, &row.request_id],
            name,
            spec.boot.clone(),
            spec.room.clone(),
        )
    };
    guests::launch(tx, id, &wanted, &guest, Some(&row.id)).map(drop)
}

/// A controller's name with five letters behind it, short enough for a host name (63).
fn pod_name(controller: &str, id: ServerId) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
    let suffix: String = id.0.as_bytes()[..5].iter().map(letter).collect();
    let mut name: String = controller.chars().take(57).collect();
    name.truncate(name.trim_end_matches(['-', '.']).len());
    format!("{name}-{suffix}")
}

/// The pods of a cluster, for its controllers.
pub fn pods(conn: &mut Conn, row: &Controller) -> Result<Vec<Server>> {
    guests::list(conn, &Scope::All, Some(&row.cluster_id), Kind::Pod)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_called_after_its_controller_and_fits_a_host_name() {
        let id = ServerId::parse("0199d7a8-0000-7000-8000-000000000000").unwrap();
        let name = pod_name("web", id);
        assert!(name.starts_with("web-") && name.len() == 9, "{name}");
        let name = pod_name(&"a.".repeat(40), id);
        assert!(name.len() <= 63 && !name.contains(".-"), "{name}");
    }
}
