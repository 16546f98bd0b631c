//! Container infrastructure: clusters (bays), their groups of nodes, their certificate authorities, the
//! templates they are made from, and what projects keep beside them.

pub mod accounts_keys;
pub mod adopted;
pub mod authorities;
pub mod bay_nodes;
pub mod clusters;
pub mod control_plane;
pub mod endpoints;
pub mod federations;
pub mod nodegroups;
pub mod nodes;
pub mod operations;
pub mod overlays;
pub mod placing;
pub mod quotas;
pub mod rcs;
pub mod references;
pub mod schema;
pub mod services;
pub mod spec;
pub mod swarms;
pub mod templates;
pub mod workers;
pub mod x509keypairs;

use crate::Result;
use schemas::Error;

/// May there be one more of these?
pub(crate) fn bounded(what: &str, there: i64, most: i64) -> Result<()> {
    match most >= 0 && there >= most {
        true => Err(Error::OverQuota(format!(
            "The project has {there} {what}, and {most} is the most it may have; delete some first."
        ))
        .into()),
        false => Ok(()),
    }
}

/// What came of writing a new row whose id the client may have chosen.
fn taken(what: &str, id: &str, inserted: Result<usize>) -> Result<()> {
    match inserted {
        Err(fail) if fail.is_duplicate() => Err(Error::Conflict(format!(
            "A {what} with UUID {id} already exists; choose another or none."
        ))
        .into()),
        other => other.map(|_: usize| ()),
    }
}
