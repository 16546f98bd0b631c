//! The catalog in a token: from the rows of services and endpoints, with the address the client
//! itself used where an endpoint says `{base}`, and the token's project where it says
//! `$(project_id)s`.

use crate::auth::Auth;
use crate::call::Call;
use crate::links::Base;
use schemas::identity::token::{Endpoint, Service};
use schemas::{Error, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Store;
use store::identity::catalog::{self, Endpoint as EndpointRow, Service as ServiceRow};
use store::identity::epoch;

/// The rows, remembered as long as nobody changes them: every change advances the epoch.
#[derive(Default)]
pub struct Catalog(Mutex<Option<Arc<Rows>>>);

struct Rows {
    epoch: i64,
    services: Vec<ServiceRow>,
    endpoints: Vec<EndpointRow>,
}

impl Catalog {
    async fn rows(&self, store: &Store) -> Result<Arc<Rows>> {
        let now = store.read(epoch::current).await?;
        if let Some(rows) = self.known().as_ref().filter(|rows| rows.epoch == now) {
            return Ok(Arc::clone(rows));
        }
        let rows = store
            .read(|conn| {
                // The epoch is read first: rows of a later change are then only read once more.
                Ok(Rows {
                    epoch: epoch::current(conn)?,
                    services: catalog::service::list(conn)?,
                    endpoints: catalog::endpoint::list(conn)?,
                })
            })
            .await?;
        let rows = Arc::new(rows);
        *self.known() = Some(Arc::clone(&rows));
        Ok(rows)
    }

    fn known(&self) -> MutexGuard<'_, Option<Arc<Rows>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Enabled services with their enabled endpoints, for this caller.
pub async fn of(call: &Call, auth: &Auth) -> Result<Vec<Service>> {
    let state = call.state();
    let rows = state.catalog.rows(&state.store).await?;
    Ok(build(&rows.services, &rows.endpoints, auth, call.base()))
}

fn build(
    services: &[ServiceRow],
    endpoints: &[EndpointRow],
    auth: &Auth,
    base: &Base,
) -> Vec<Service> {
    let view = |row: &EndpointRow| {
        Some(Endpoint {
            id: row.id.clone(),
            interface: row.interface.clone(),
            region: row.region_id.clone(),
            region_id: row.region_id.clone(),
            url: fill(&with_base(&row.url, base), auth)?,
        })
    };
    let of = |service: &ServiceRow| Service {
        id: service.id.clone(),
        kind: service.kind.clone(),
        name: service.name.clone(),
        endpoints: endpoints
            .iter()
            .filter(|row| row.enabled != 0 && row.service_id == service.id)
            .filter_map(view)
            .collect(),
    };
    let enabled = services
        .iter()
        .filter(|service| service.enabled != 0)
        .map(of);
    enabled
        .filter(|service| !service.endpoints.is_empty())
        .collect()
}

/// The address with `{base}` replaced.
pub(super) fn with_base(url: &str, base: &Base) -> String {
    url.replace("{base}", base.as_str())
}

/// What an endpoint's URL may name.
const NAMES: &[&str] = &["project_id", "tenant_id", "user_id"];

/// The address with the token's ids; `None` when it names one the token does not have.
fn fill(url: &str, auth: &Auth) -> Option<String> {
    let mut filled = url.to_owned();
    for name in NAMES {
        for pattern in [format!("$({name})s"), format!("%({name})s")] {
            if !filled.contains(&pattern) {
                continue;
            }
            let value = match *name {
                "user_id" => &auth.user.id,
                _ => &auth.project()?.id,
            };
            filled = filled.replace(&pattern, value);
        }
    }
    Some(filled)
}

/// Refuses addresses that no catalog could show.
///
/// # Errors
/// `BadRequest` naming the mistake.
pub(super) fn check_url(url: &str) -> Result<()> {
    let mut plain = url.replace("{base}", "http://base");
    for name in NAMES {
        plain = plain
            .replace(&format!("$({name})s"), "x")
            .replace(&format!("%({name})s"), "x");
    }
    let legal = url::Url::parse(&plain).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !legal || plain.contains("$(") || plain.contains("%(") {
        return Err(Error::BadRequest(format!(
            "{url} is no address for an endpoint: http:// or https:// (or {{base}}), and of names \
             only $(project_id)s, $(tenant_id)s and $(user_id)s."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_must_be_one_and_name_only_what_a_token_has() {
        for good in [
            "{base}/image",
            "http://h:1/v1/$(project_id)s",
            "https://h/%(tenant_id)s",
        ] {
            check_url(good).unwrap();
        }
        for bad in [
            "",
            "image",
            "ftp://h/",
            "http://h/$(admin_token)s",
            "http://h/$(x)d",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
