//! `/certificates`: a cluster's authorities. They show themselves, sign users' requests, and are
//! followed by others.

use super::cluster_rules as rules;
use super::clusters::{asked, issuer, new_authorities, owned};
use super::view::{accepted, links};
use super::{Ident, Object, kubernetes};
use crate::call::Call;
use crate::ctx::{Caller, Pending};
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, get, patch, post};
use schemas::container_infra::body::{self, invalid};
use schemas::container_infra::certificate::{Sign, kind};
use schemas::{Error, Result};
use serde_json::{Value, json};
use store::container_infra::authorities::{self, Authority, NODES};
use store::container_infra::clusters::Cluster;
use store::container_infra::operations;

/// The routes of certificates.
pub fn routes() -> Vec<Route> {
    vec![
        get("/certificates/{cluster}", show).takes(&["ca_cert_type"]),
        get("/certificates/{cluster}/{kind}", show_kind),
        post("/certificates", sign),
        patch("/certificates/{cluster}", rotate),
    ]
}

/// A cluster's authorities of a kind, the newest first.
async fn of(caller: &Caller, cluster: &Cluster, kind: &'static str) -> Result<Vec<Authority>> {
    let id = cluster.id.clone();
    let found = caller
        .read(move |conn| authorities::of(conn, &id, kind))
        .await?;
    match found.is_empty() {
        true => Err(Error::not_found("The authority of cluster", &cluster.id)),
        false => Ok(found),
    }
}

async fn show(
    pending: Pending<rules::CertificateGet>,
    Path(cluster): Path<Ident>,
    query: Query,
) -> Reply {
    let wanted = kind(query.get("ca_cert_type").unwrap_or(NODES))?;
    shown(pending, cluster, wanted).await
}

async fn show_kind(
    pending: Pending<rules::CertificateGet>,
    Path((cluster, word)): Path<(Ident, String)>,
) -> Reply {
    let wanted = kind(&word)?;
    shown(pending, cluster, wanted).await
}

async fn shown(
    pending: Pending<rules::CertificateGet>,
    cluster: Ident,
    kind: &'static str,
) -> Reply {
    let (ctx, cluster) = owned(pending, cluster).await?;
    let pem = match kubernetes::adopted(&ctx, &cluster).await? {
        Some(adopted) => kubernetes::authority(&cluster, &adopted, kind)?,
        // While another one takes over, nodes of both are there.
        None => {
            let found = of(&ctx, &cluster, kind).await?;
            found.iter().map(|one| one.certificate.as_str()).collect()
        }
    };
    let mut view = named(&ctx, &cluster)?;
    view["pem"] = json!(pem);
    view["ca_cert_type"] = json!(kind);
    reply::ok(&view)
}

/// What names the cluster in every answer.
fn named(call: &Call, cluster: &Cluster) -> Result<Value> {
    let mut view = json!({
        "cluster_uuid": cluster.id,
        "links": links(call, "certificates", &cluster.id),
    });
    let spec = cluster.spec().map_err(Error::internal)?;
    if spec.bay {
        view["bay_uuid"] = json!(cluster.id);
    }
    Ok(view)
}

async fn sign(pending: Pending<rules::CertificateCreate>, Object(map): Object) -> Reply {
    let wanted: Sign = body::create(map, &["pem", "links", "created_at", "updated_at"])?;
    let kind = wanted.kind()?;
    let ident = Ident::of(wanted.cluster()?);
    let (ctx, cluster) = owned(pending, ident).await.map_err(|error| match error {
        // Named in a body, it is a mistake in the body.
        Error::NotFound(told) => Error::BadRequest(told),
        other => other,
    })?;
    kubernetes::refuse(&ctx, &cluster, "asked to sign").await?;
    let found = of(&ctx, &cluster, kind).await?;
    let newest = found
        .first()
        .ok_or_else(|| invalid("ca_cert_type", "There is no such authority."))?;
    let authority = issuer(ctx.state(), newest)?;
    let pem = authority.sign(&wanted.csr, ctx.state().clock.now())?;
    let mut view = named(&ctx, &cluster)?;
    view["csr"] = json!(&*wanted.csr);
    view["pem"] = json!(pem);
    view["ca_cert_type"] = json!(kind);
    reply::created(&view)
}

async fn rotate(pending: Pending<rules::CertificateRotate>, Path(cluster): Path<Ident>) -> Reply {
    let (ctx, cluster) = owned(pending, cluster).await?;
    kubernetes::refuse(&ctx, &cluster, "given another authority").await?;
    let newest = of(&ctx, &cluster, NODES).await?;
    let generation = newest.first().map_or(0, |one| one.generation) + 1;
    let newer = new_authorities(ctx.state(), &cluster.id, &cluster.name, generation)?;
    let (asked, id) = (asked(&ctx), cluster.id.clone());
    ctx.store()
        .write(move |tx| operations::rotate(tx, &asked, &id, &newer))
        .await?;
    accepted(&cluster.id)
}
