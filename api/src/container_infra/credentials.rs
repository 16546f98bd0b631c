//! `/credentials` (since 1.12): clusters of this cloud have no credentials of their own, so there is
//! nothing to change. Those of adopted ones are their owner's to make, and come by a label.

use super::cluster_rules as rules;
use super::clusters::owned;
use super::{Ident, kubernetes};
use crate::ctx::Pending;
use crate::extract::Path;
use crate::reply::Reply;
use crate::route::{Route, patch};
use schemas::Error;

/// The route of credentials.
pub fn routes() -> Vec<Route> {
    vec![patch("/credentials/{cluster}", rotate).since(1, 12)]
}

async fn rotate(pending: Pending<rules::CredentialRotate>, Path(cluster): Path<Ident>) -> Reply {
    let (ctx, cluster) = owned(pending, cluster).await?;
    if kubernetes::adopted(&ctx, &cluster).await?.is_some() {
        return Err(Error::BadRequest(format!(
            "Cluster {} is adopted, and only its owner can make other credentials for it. Replace its label \
             kubeconfig by one that holds them.",
            cluster.name
        )));
    }
    Err(Error::NotImplemented(format!(
        "Nothing in cluster {} speaks to this cloud, so it has no credentials to change. Its \
         certificates are changed by PATCH /v1/certificates/{}.",
        cluster.name, cluster.id
    )))
}
