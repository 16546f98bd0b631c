//! API servers of clusters of Kubernetes. Of adopted clusters, which somebody else made and runs, this cloud
//! knows nothing else; of its own ones it is what sees their nodes and takes their pods. What opens an API
//! server is sealed before it comes here.

use super::clusters::{self, Asked, Cluster};
use super::schema::{adopted_clusters as adopted, clusters as all_clusters};
use crate::kept::kept;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::container_infra::adopted::{Seen, Sight};
use schemas::container_infra::cluster::KUBECONFIG;
use schemas::container_infra::status::{Operation, Progress, Status};
use schemas::{Error, Kind, Timestamp};

/// What events call it when one is given another kubeconfig.
pub const RENEW: &str = "change-credentials";

/// A row: one for each cluster whose API server is known, beside its own.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = adopted, treat_none_as_null = true)]
pub struct Adopted {
    /// Whose.
    pub cluster_id: String,
    /// Where its API server is: `https://…`
    pub server: String,
    /// The authority of the server's certificate (PEM); none: one that every machine knows.
    pub ca_pem: Option<String>,
    /// The kubeconfig, sealed for [`Adopted::about`].
    pub sealed_kubeconfig: String,
    /// Looks that were begun.
    pub asked: i64,
    /// µs; when the last was begun.
    pub asked_at: Option<i64>,
    /// The last look that came to something.
    pub answered: i64,
    /// µs; when it did.
    pub answered_at: Option<i64>,
    /// What it came to: `Sight`.
    pub sight: Option<String>,
    /// Rises with each change of the row.
    pub revision: i64,
    /// 1 = the cluster is this cloud's own making, and so is the kubeconfig.
    pub own: i32,
    /// µs; own ones: the kubeconfig is good until then.
    pub valid_until: Option<i64>,
    /// What was seen when it answered last: `Seen`.
    pub seen: Option<String>,
}

impl std::fmt::Debug for Adopted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Adopted({} {})", self.cluster_id, self.server)
    }
}

impl Adopted {
    /// What its kubeconfig is sealed for, so that it cannot be moved to another row.
    pub fn about(cluster_id: &str) -> String {
        format!("adopted {cluster_id}")
    }

    /// One that was not looked at yet.
    pub fn new(cluster_id: &str, server: &str, ca_pem: Option<&str>, sealed: String) -> Adopted {
        Adopted {
            cluster_id: cluster_id.to_owned(),
            server: server.to_owned(),
            ca_pem: ca_pem.map(str::to_owned),
            sealed_kubeconfig: sealed,
            asked: 0,
            asked_at: None,
            answered: 0,
            answered_at: None,
            sight: None,
            revision: 1,
            own: 0,
            valid_until: None,
            seen: None,
        }
    }

    /// The same for a cluster of this cloud's own making.
    pub fn own(
        cluster_id: &str,
        (server, ca_pem): (&str, &str),
        sealed: String,
        until: Timestamp,
    ) -> Adopted {
        Adopted {
            own: 1,
            valid_until: Some(until.0),
            ..Adopted::new(cluster_id, server, Some(ca_pem), sealed)
        }
    }

    /// It is somewhere else, or is opened by something newer. What was seen elsewhere is forgotten.
    pub fn moves(&mut self, (server, ca_pem): (&str, &str), sealed: String, until: Timestamp) {
        if self.server != server {
            self.server = server.to_owned();
            self.answered = self.asked;
            self.answered_at = None;
            self.sight = None;
        }
        self.ca_pem = Some(ca_pem.to_owned());
        self.sealed_kubeconfig = sealed;
        self.valid_until = Some(until.0);
    }

    /// Does somebody else run it?
    pub fn is_foreign(&self) -> bool {
        self.own == 0
    }

    /// What the last look came to.
    pub fn sight(&self) -> Result<Option<Sight>> {
        let sight = self.sight.as_deref().map(serde_json::from_str);
        Ok(sight.transpose()?)
    }

    /// What was seen when it answered last.
    pub fn seen(&self) -> Result<Option<Seen>> {
        let seen = self.seen.as_deref().map(serde_json::from_str);
        Ok(seen.transpose()?)
    }

    /// Another look begins; its number.
    pub fn ask(&mut self, now: Timestamp) -> i64 {
        self.asked += 1;
        self.asked_at = Some(now.0);
        self.asked
    }

    /// Keeps what the look of this number came to; false for one that is not the last begun.
    pub fn hear(&mut self, number: i64, sight: &Sight, now: Timestamp) -> Result<bool> {
        if number != self.asked || self.answered >= number {
            return Ok(false);
        }
        self.answered = number;
        self.answered_at = Some(now.0);
        self.sight = Some(serde_json::to_string(sight)?);
        if let Sight::Answers(seen) = sight {
            self.seen = Some(serde_json::to_string(seen)?);
        }
        Ok(true)
    }

    /// It is opened otherwise from now on.
    fn renew(&mut self, fresh: &Adopted) {
        if self.server != fresh.server {
            self.seen = None;
        }
        self.server.clone_from(&fresh.server);
        self.ca_pem.clone_from(&fresh.ca_pem);
        self.sealed_kubeconfig.clone_from(&fresh.sealed_kubeconfig);
        self.begin_anew();
    }

    /// What was seen last is no more. A look that was begun before comes to nothing, and the next is due at
    /// once.
    pub fn begin_anew(&mut self) {
        self.asked += 1;
        self.answered = self.asked;
        self.asked_at = None;
        self.answered_at = None;
        self.sight = None;
    }
}

/// The API server of this cluster, if it is known.
pub fn get(conn: &mut Conn, cluster_id: &str) -> Result<Option<Adopted>> {
    Ok(adopted::table
        .find(cluster_id)
        .select(Adopted::as_select())
        .first(conn)
        .optional()?)
}

/// The same for several.
pub fn of_all(conn: &mut Conn, cluster_ids: &[String]) -> Result<Vec<Adopted>> {
    let mut all = Vec::new();
    for some in cluster_ids.chunks(500) {
        all.extend(
            adopted::table
                .filter(adopted::cluster_id.eq_any(some))
                .select(Adopted::as_select())
                .load(conn)?,
        );
    }
    Ok(all)
}

/// All that the caller may see and that are to stay, with their clusters, in the order of their making.
pub fn list(conn: &mut Conn, scope: &Scope) -> Result<Vec<(Cluster, Adopted)>> {
    let mut query = all_clusters::table
        .inner_join(adopted::table.on(adopted::cluster_id.eq(all_clusters::id)))
        .filter(all_clusters::deleting.eq(0))
        .order((all_clusters::created_at, all_clusters::id))
        .select((Cluster::as_select(), Adopted::as_select()))
        .into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(all_clusters::project_id.eq(project.clone()));
    }
    Ok(query.load(conn)?)
}

/// Refuses what only this cloud's own nodes can be made to do.
///
/// # Errors
/// `BadRequest` with what to do instead.
pub fn refuse(conn: &mut Conn, cluster: &Cluster, what: &str) -> Result<()> {
    match get(conn, &cluster.id)? {
        None => Ok(()),
        Some(adopted) if !adopted.is_foreign() => Ok(()),
        Some(adopted) => Err(Error::BadRequest(format!(
            "Cluster {} cannot be {what}: it is adopted, and this cloud runs none of its nodes. Do it where \
             the cluster of {} was made.",
            cluster.name, adopted.server
        ))
        .into()),
    }
}

/// Writes a new one, in the transaction that makes its cluster.
pub fn insert(tx: &mut Tx<'_>, row: &Adopted) -> Result<()> {
    diesel::insert_into(adopted::table)
        .values(row)
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, row: &mut Adopted) -> Result<()> {
    let read = row.revision;
    row.revision += 1;
    let changed = kept(
        diesel::update(adopted::table.find(row.cluster_id.clone()))
            .filter(adopted::revision.eq(read))
            .set(&*row),
    )
    .execute(&mut **tx)?;
    match changed {
        1 => Ok(()),
        _ => Err(Fail::Again),
    }
}

/// Gives an adopted cluster another kubeconfig, of which `fingerprint` is shown. It is adopted with that
/// as with the first: what was given up is tried again.
///
/// # Errors
/// `NotFound`; `BadRequest` for one that was not adopted, or is being deleted.
pub fn renew(tx: &mut Tx<'_>, asked: &Asked, fresh: &Adopted, fingerprint: &str) -> Result<()> {
    let id = &fresh.cluster_id;
    let found = clusters::get(tx, &asked.scope, id)?;
    let mut cluster = found.ok_or_else(|| clusters::missing(id))?;
    let row = get(tx, id)?.filter(Adopted::is_foreign);
    let mut row = row.ok_or_else(|| unadopted(&cluster))?;
    if cluster.deleting != 0 {
        let told = format!("Cluster {} is being deleted.", cluster.name);
        return Err(Error::BadRequest(told).into());
    }
    let operation = match cluster.state()? {
        Status(Operation::Create, Progress::InProgress | Progress::Failed) => Operation::Create,
        _ => Operation::Update,
    };
    let mut spec = cluster.spec()?;
    spec.labels.insert(KUBECONFIG.into(), fingerprint.into());
    cluster.set_spec(&spec)?;
    cluster.begin(tx.now(), operation, &asked.request_id)?;
    clusters::event(tx, &cluster, &asked.user_id, RENEW, "request", "", "")?;
    clusters::update(tx, &mut cluster)?;
    row.renew(fresh);
    update(tx, &mut row)?;
    tx.due(Kind::Cluster, id)
}

/// Refuses a kubeconfig for a cluster that this cloud made.
pub fn unadopted(cluster: &Cluster) -> Error {
    Error::BadRequest(format!(
        "Cluster {} was not adopted: it takes no kubeconfig. A cluster is adopted when it is made.",
        cluster.name
    ))
}

/// Forgets it, kubeconfig and all.
pub(super) fn remove_all(tx: &mut Tx<'_>, cluster_id: &str) -> Result<()> {
    diesel::delete(adopted::table.find(cluster_id)).execute(&mut **tx)?;
    Ok(())
}
