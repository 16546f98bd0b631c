//! Clusters as other resources name them.

use super::Ident;
use super::ident::one;
use crate::ctx::Caller;
use schemas::{Error, Result};
use store::container_infra::clusters::{self, Cluster};

/// A cluster that the caller may see.
///
/// # Errors
/// `NotFound`, `Conflict` when a name stands for several.
pub async fn find(caller: &Caller, ident: Ident) -> Result<Cluster> {
    let scope = caller.scope();
    let name = ident.clone();
    let found = caller
        .read(move |conn| {
            Ok(match &name {
                Ident::Id(id) => clusters::get(conn, &scope, id)?.into_iter().collect(),
                Ident::Name(name) => clusters::named(conn, &scope, name)?,
            })
        })
        .await?;
    one("Cluster", &ident, found)
}

/// A cluster that a create body names.
///
/// # Errors
/// `BadRequest` in the place of `NotFound`.
pub async fn named(caller: &Caller, ident: Ident) -> Result<Cluster> {
    find(caller, ident).await.map_err(|error| match error {
        Error::NotFound(told) => Error::BadRequest(told),
        other => other,
    })
}
