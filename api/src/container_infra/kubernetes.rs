//! Clusters of Kubernetes, adopted ones and those of this cloud's making: what runs in them is their API
//! server's to say. Nothing of it is a row here; every request asks, with the kubeconfig that was sealed when
//! the cluster was adopted, or that the conductor made for it.
//!
//! ```text
//! bay create, update of its label ──► adopt: kubeconfig parsed, judged, sealed
//! /pods, /services, /rcs ──► workloads ──► Bay ──► objects: the manifest as it is, its own refusals
//! ```

mod adopt;
mod everywhere;
mod objects;
mod update;
mod view;

pub(super) use adopt::{Fresh, adopted, adoption, authority, other, refuse, unshared};
pub(super) use everywhere::{Everywhere, Silent, Thing};
pub(super) use view::{Kind, PODS, RCS, SERVICES};

use super::call::{own, settings};
use super::{Ident, bay};
use crate::ctx::Caller;
use kubernetes::{Bounds, Kubeconfig, Server, Whose};
use schemas::{Error, Result};
use store::container_infra::adopted::{self as rows, Adopted};
use store::container_infra::clusters::{self, Cluster};

/// A bay of Kubernetes that a request is about.
pub(super) struct Bay {
    row: Cluster,
    adopted: Adopted,
}

impl Bay {
    /// The bay that an address names, if it is one of the project's whose API server is known. One that is not there, or
    /// that several may be, is refused where it always is: after the body.
    ///
    /// # Errors
    /// `Forbidden` for a token without a project, and those of the database.
    pub(super) async fn of(caller: &Caller, ident: Option<&Ident>) -> Result<Option<Bay>> {
        let Some(ident) = ident.cloned() else {
            return Ok(None);
        };
        let scope = own(caller)?;
        let found = caller
            .read(move |conn| {
                let Some(id) = bay::find(conn, &scope, Some(&ident))? else {
                    return Ok(None);
                };
                let Some(adopted) = rows::get(conn, &id)? else {
                    return Ok(None);
                };
                let row = clusters::get(conn, &scope, &id)?;
                Ok(row.map(|row| Bay { row, adopted }))
            })
            .await;
        match found {
            Err(Error::NotFound(_) | Error::Conflict(_)) => Ok(None),
            other => other,
        }
    }

    /// The same for a body, which names it by its UUID.
    ///
    /// # Errors
    /// Those of [`Bay::of`].
    pub(super) async fn of_body(caller: &Caller, uuid: Option<&str>) -> Result<Option<Bay>> {
        match uuid.map(Ident::of) {
            Some(ident @ Ident::Id(_)) => Bay::of(caller, Some(&ident)).await,
            _ => Ok(None),
        }
    }

    /// All such bays of the project, in the order of their making, but for those that are being deleted.
    ///
    /// # Errors
    /// `Forbidden` for a token without a project, and those of the database.
    pub(super) async fn all(caller: &Caller) -> Result<Vec<Bay>> {
        let scope = own(caller)?;
        let rows = caller.read(move |conn| rows::list(conn, &scope)).await?;
        let bays = rows.into_iter();
        Ok(bays.map(|(row, adopted)| Bay { row, adopted }).collect())
    }

    /// Its API server, reached for this request.
    async fn server(&self, caller: &Caller) -> Result<Server> {
        let bounds = Bounds::of(&settings(caller).kubernetes);
        self.server_within(caller, bounds).await
    }

    /// The same for a request that asks others, too.
    async fn server_within(&self, caller: &Caller, bounds: Bounds) -> Result<Server> {
        let seals = &caller.state().seals;
        let about = Adopted::about(&self.row.id);
        let text = seals.unseal(&about, &self.adopted.sealed_kubeconfig)?;
        let whose = match self.adopted.is_foreign() {
            true => Whose::Theirs,
            false => Whose::Ours,
        };
        let kubeconfig = Kubeconfig::open(&text)?;
        Server::open(&kubeconfig, whose, &settings(caller).kubernetes, bounds).await
    }
}
