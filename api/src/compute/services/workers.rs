//! Conductor and scheduler among compute's services: rows that conductors keep alive themselves.

use crate::compute::call::{minor, settings};
use crate::ctx::Caller;
use schemas::{Error, Result, Timestamp};
use serde_json::{Value, json};
use store::container_infra::workers::{self, NOVA};

pub use store::container_infra::workers::Worker;

/// The zone of what places servers and is placed in none itself.
const ZONE: &str = "internal";

/// All there are.
pub async fn all(caller: &Caller) -> Result<Vec<Worker>> {
    caller.read(|conn| workers::list(conn, &NOVA)).await
}

/// The one of this id (before 2.53: of this number).
pub async fn find(caller: &Caller, id: &str) -> Result<Option<Worker>> {
    let old = minor(caller) < 53;
    let mut all = all(caller).await?.into_iter();
    Ok(all.find(|worker| worker.id == id || (old && worker.number.to_string() == id)))
}

/// As the list shows it.
pub fn view(caller: &Caller, worker: &Worker) -> Value {
    let minor = minor(caller);
    let up = worker.is_up(caller.state().clock.now(), settings(caller).silence());
    let mut view = json!({
        "binary": worker.binary_name,
        "host": worker.host,
        "zone": ZONE,
        "status": "enabled",
        "state": if up { "up" } else { "down" },
        "updated_at": Timestamp(worker.seen_at).naive(),
        "disabled_reason": null,
        "id": match minor {
            53.. => Value::from(worker.id.clone()),
            _ => worker.number.into(),
        },
    });
    if minor >= 11 {
        view["forced_down"] = false.into();
    }
    view
}

/// What orders about one come to.
pub fn unmoved(worker: &Worker) -> Error {
    Error::BadRequest(format!(
        "{} on {} cannot be enabled, disabled or forced down: only nova-compute can, because only it \
         takes servers. Stop the process to take it out of work.",
        worker.binary_name, worker.host
    ))
}
