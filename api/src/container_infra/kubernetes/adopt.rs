//! Adopting: the label `kubeconfig` leaves the labels of a new cluster where its body is read, and comes
//! here alone; what remains there is a fingerprint.

use crate::ctx::Caller;
use crate::state::AppState;
use kubernetes::Kubeconfig;
use process::reach::{self, Barred};
use schemas::container_infra::body::invalid;
use schemas::container_infra::cluster::{Create, KUBECONFIG};
use schemas::{Error, Result, Secret};
use serde_json::{Map, Value};
use std::time::Duration;
use store::container_infra::adopted::{self as rows, Adopted};
use store::container_infra::authorities::NODES;
use store::container_infra::clusters::Cluster;
use store::container_infra::spec;

/// For the name server, while somebody waits who could correct the name.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a new cluster adopts, if it does. A fingerprint takes the secret's place among its labels.
///
/// # Errors
/// `BadRequest` that names what the kubeconfig may not say, or where this cloud asks nobody.
pub(in crate::container_infra) async fn adoption(
    state: &AppState,
    cluster_id: &str,
    create: &mut Create,
) -> Result<Option<Adopted>> {
    let Some(text) = create.kubeconfig.take() else {
        return Ok(None);
    };
    let fresh = Fresh::judged(state, cluster_id, &text).await?;
    let labels = &mut create.labels.get_or_insert_default().0;
    labels.insert(KUBECONFIG.into(), fresh.fingerprint);
    Ok(Some(fresh.row))
}

/// A kubeconfig that was judged, and is sealed for a cluster.
pub(in crate::container_infra) struct Fresh {
    /// As if the cluster was adopted now.
    pub row: Adopted,
    /// What is shown of it.
    pub fingerprint: String,
}

impl Fresh {
    /// Reads, judges and seals it.
    ///
    /// # Errors
    /// `BadRequest` that names what the kubeconfig may not say, or where this cloud asks nobody.
    pub(in crate::container_infra) async fn judged(
        state: &AppState,
        cluster_id: &str,
        text: &Secret,
    ) -> Result<Fresh> {
        let kubeconfig = Kubeconfig::parse(text.reveal())?;
        let url = kubeconfig.server();
        let port = url.port_or_known_default().unwrap_or(443);
        let allow = &state.settings.container_infra.kubernetes.allow;
        // A name that nobody knows now may be known when the conductor asks.
        if let Err(why @ (Barred::Private | Barred::Nameless)) =
            reach::judged(url, port, allow, PATIENCE).await
        {
            return Err(Error::BadRequest(format!(
                "labels.kubeconfig: the API server {url} is not asked: {why}. An operator may allow its \
                 network (container_infra.kubernetes.allow)."
            )));
        }
        let sealed = state
            .seals
            .seal(&Adopted::about(cluster_id), kubeconfig.reveal())?;
        Ok(Fresh {
            row: Adopted::new(cluster_id, url.as_str(), kubeconfig.ca_pem(), sealed),
            fingerprint: kubeconfig.fingerprint(),
        })
    }
}

/// Takes another kubeconfig out of the changed document of a cluster: what it leaves there is what was
/// shown before.
///
/// # Errors
/// `BadRequest` for a document without the one that there was, or with what is no text.
pub(in crate::container_infra) fn other(
    before: &Map<String, Value>,
    after: &mut Map<String, Value>,
) -> Result<Option<Secret>> {
    let was = before.get("labels").and_then(|all| all.get(KUBECONFIG));
    let Some(Value::Object(labels)) = after.get_mut("labels") else {
        return Ok(None);
    };
    if labels.get(KUBECONFIG) == was {
        return Ok(None);
    }
    let is = match was {
        Some(was) => labels.insert(KUBECONFIG.into(), was.clone()),
        None => labels.remove(KUBECONFIG),
    };
    match is {
        Some(Value::String(text)) => Ok(Some(Secret::new(text))),
        Some(_) => Err(invalid("labels", "kubeconfig is a text.")),
        None => Err(invalid(
            "labels",
            "kubeconfig can be replaced, and not removed: without it the cluster is not reached.",
        )),
    }
}

/// Refuses the label where it would be kept in clear, and shared.
///
/// # Errors
/// `BadRequest`.
pub(in crate::container_infra) fn unshared(labels: Option<&spec::Labels>) -> Result<()> {
    match labels.is_some_and(|labels| labels.contains_key(KUBECONFIG)) {
        true => Err(invalid(
            "labels",
            "kubeconfig holds credentials, and is said by the cluster that it adopts alone, when it is made.",
        )),
        false => Ok(()),
    }
}

/// How this cluster was adopted, if it was.
///
/// # Errors
/// Those of the database.
pub(in crate::container_infra) async fn adopted(
    caller: &Caller,
    cluster: &Cluster,
) -> Result<Option<Adopted>> {
    let id = cluster.id.clone();
    let found = caller.read(move |conn| rows::get(conn, &id)).await?;
    Ok(found.filter(Adopted::is_foreign))
}

/// Refuses what only clusters of this cloud's making can be made to do.
///
/// # Errors
/// `BadRequest`.
pub(in crate::container_infra) async fn refuse(
    caller: &Caller,
    cluster: &Cluster,
    what: &'static str,
) -> Result<()> {
    let cluster = cluster.clone();
    caller
        .read(move |conn| rows::refuse(conn, &cluster, what))
        .await
}

/// The authority that an adopted cluster's kubeconfig names.
///
/// # Errors
/// `NotFound` when it names none, or none of this kind.
pub(in crate::container_infra) fn authority(
    cluster: &Cluster,
    adopted: &Adopted,
    kind: &str,
) -> Result<String> {
    let known = adopted.ca_pem.clone().filter(|_| kind == NODES);
    known.ok_or_else(|| {
        Error::NotFound(format!(
            "Of the adopted cluster {} no authority of the kind {kind} is known: its kubeconfig names none.",
            cluster.name
        ))
    })
}
