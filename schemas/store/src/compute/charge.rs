//! What a server counts in its project's quota. The API takes it when the server is asked for; it
//! is given back in the transaction that removes the row.

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
