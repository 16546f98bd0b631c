//! The bay that a pod, a service or a replication controller belongs to: how it is named, and whether anything can
//! be made there now.

use super::call::own;
use super::{Ident, ident};
use crate::call::Call;
use crate::ctx::Caller;
use crate::extract::Query;
use crate::route::Extract;
use schemas::container_infra::coe::Coe;
use schemas::{Error, Result};
use store::container_infra::clusters::{self, Cluster};
use store::{Conn, Scope};

/// The parameter that names it.
pub(super) const PARAMETER: &str = "bay_ident";

/// Parameters of lists.
pub(super) const LISTED: &[&str] = &["limit", "marker", "sort_key", "sort_dir", PARAMETER];

/// What stands for one thing in an address, with its bay if that is named, too.
pub(super) struct Place {
    pub(super) ident: Ident,
    pub(super) bay: Option<Ident>,
}

impl Extract for Place {
    async fn extract(call: &Call) -> Result<Self> {
        let segment = |n: usize| call.parts().params.get(n).map(|text| Ident::of(text));
        let query = Query::extract(call).await?;
        let missing = || Error::internal(format_args!("{} names nothing", call.route().path));
        Ok(Place {
            ident: segment(0).ok_or_else(missing)?,
            bay: named(segment(1), &query),
        })
    }
}

/// The bay that the address names: behind the thing, or as a parameter; clients of early 2015 name
/// none.
pub(super) fn named(behind: Option<Ident>, query: &Query) -> Option<Ident> {
    let parameter = query.get(PARAMETER).filter(|text| !text.is_empty());
    behind.or_else(|| parameter.map(Ident::of))
}

/// The UUID of the named bay, of the project's own.
///
/// # Errors
/// `NotFound`, `Conflict` when a name stands for several.
pub(super) async fn id(caller: &Caller, bay: Option<Ident>) -> Result<Option<String>> {
    let scope = own(caller)?;
    caller
        .read(move |conn| find(conn, &scope, bay.as_ref()))
        .await
}

/// The same for those who read more.
pub(super) fn find(
    conn: &mut Conn,
    scope: &Scope,
    bay: Option<&Ident>,
) -> store::Result<Option<String>> {
    let Some(bay) = bay else {
        return Ok(None);
    };
    let found = match bay {
        Ident::Id(id) => clusters::get(conn, scope, id)?.into_iter().collect(),
        Ident::Name(name) => clusters::named(conn, scope, name)?,
    };
    Ok(Some(ident::one("Bay", bay, found)?.id))
}

/// The bay that a body names.
///
/// # Errors
/// `BadRequest` when the project has none, or nothing can be made in it now.
pub(super) fn open(conn: &mut Conn, scope: &Scope, id: &str, what: &str) -> store::Result<Cluster> {
    let bay = clusters::get(conn, scope, id)?;
    let bay = bay.ok_or_else(|| Error::BadRequest(format!("Bay {id} could not be found.")))?;
    takes(&bay, what)?;
    Ok(bay)
}

/// Can things of this kind be made in this bay, now?
fn takes(bay: &Cluster, what: &str) -> Result<()> {
    let coe = bay.coe.as_str();
    // Whoever asks for such a bay comes here only while nobody knows where its API server is.
    if coe == Coe::Kubernetes.as_str() {
        return Err(Error::BadRequest(format!(
            "Bay {} is one of kubernetes and {}, and its API server is not there yet; {what} can be made in it \
             when it is CREATE_COMPLETE.",
            bay.name, bay.status
        )));
    }
    if coe != Coe::Docker.as_str() {
        return Err(Error::BadRequest(format!(
            "Bay {} is one of {coe}, which knows no {what}; those of docker do.",
            bay.name
        )));
    }
    is_ready(bay, what)
}

/// Is it complete, so that something can be made in it?
///
/// # Errors
/// `BadRequest`.
pub(super) fn is_ready(bay: &Cluster, what: &str) -> Result<()> {
    let ready = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"];
    match bay.deleting == 0 && ready.contains(&bay.status.as_str()) {
        true => Ok(()),
        false => Err(Error::BadRequest(format!(
            "Bay {} is {}; {what} can be made in it when it is {}.",
            bay.name,
            bay.status,
            ready.join(" or ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bay_behind_the_thing_is_meant_before_the_parameter() {
        let query = |text| Query::parse(text).unwrap();
        let ident = |text: &str| Some(Ident::of(text));
        assert_eq!(named(None, &query("")), None);
        assert_eq!(named(None, &query("bay_ident=")), None);
        assert_eq!(named(None, &query("bay_ident=a")), ident("a"));
        assert_eq!(named(ident("b"), &query("bay_ident=a")), ident("b"));
    }
}
