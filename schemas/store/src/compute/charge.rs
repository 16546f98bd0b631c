//! What a server counts in its project's quota. The API takes it when the server is asked for; it
//! is given back in the transaction that removes the row.

use crate::compute::servers::Server;
use crate::compute::spec::{Flavor, Spec};
use crate::compute::usages;
use crate::{Result, Tx};

/// Resources a server of this flavor takes.
pub fn of_flavor(flavor: &Flavor) -> [(&'static str, i64); 2] {
    [
        ("cores", i64::from(flavor.vcpus)),
        ("ram", flavor.ram_mb as i64),
    ]
}

/// Gives back all that a server took: one instance, and the larger of its sizes while a resize is
/// not confirmed.
pub fn give_server(tx: &mut Tx<'_>, project_id: &str, spec: &Spec) -> Result<()> {
    usages::give(tx, project_id, "instances", 1)?;
    for (resource, amount) in charged(spec) {
        usages::give(tx, project_id, resource, amount)?;
    }
    Ok(())
}

/// Resources a server holds now.
pub fn charged(spec: &Spec) -> [(&'static str, i64); 2] {
    let mut now = of_flavor(&spec.flavor);
    if let Some(previous) = &spec.previous_flavor {
        for (held, before) in now.iter_mut().zip(of_flavor(previous)) {
            held.1 = held.1.max(before.1);
        }
    }
    now
}

/// Gives back what a server held before and holds no more.
pub fn give_difference(
    tx: &mut Tx<'_>,
    project_id: &str,
    before: [(&'static str, i64); 2],
    now: &Spec,
) -> Result<()> {
    for ((resource, held), (_, holds)) in before.into_iter().zip(charged(now)) {
        if held > holds {
            usages::give(tx, project_id, resource, held - holds)?;
        }
    }
    Ok(())
}

/// A server that is between two sizes goes back to the one it had. What it holds on its host stays
/// reserved until the container has shrunk.
pub fn revert(tx: &mut Tx<'_>, server: &mut Server, spec: &mut Spec) -> Result<()> {
    let before = charged(spec);
    if let Some(previous) = spec.previous_flavor.take() {
        server.flavor_id.clone_from(&previous.id);
        spec.flavor = previous;
    }
    give_difference(tx, &server.project_id, before, spec)
}
