//! The catalog: the services that answer, at the addresses that the clients know how to complete
//! (a service that is not offered must be absent, or Horizon shows its panel).

use super::NOTHING;
use schemas::ids::identity_id;
use store::Tx;
use store::identity::catalog::{Endpoint, Region, Service, endpoint, region, service};

/// Type, name and path of each service.
const SERVICES: [(&str, &str, &str); 5] = [
    ("identity", "keystone", "/identity"),
    ("image", "glance", "/image"),
    ("compute", "nova", "/compute/v2.1"),
    ("container-infra", "magnum", "/container-infra/v1"),
    // What the clients of 2015 look for: the same service.
    ("container", "magnum", "/container-infra/v1"),
];

/// Writes what is missing, and moves endpoints of ours that lead elsewhere.
pub fn ensure(tx: &mut Tx<'_>, region_id: &str, base: &str) -> store::Result<()> {
    let created_at = tx.now().0;
    if region::find(tx, region_id)?.is_none() {
        region::create(
            tx,
            &Region {
                id: region_id.into(),
                description: String::new(),
                parent_region_id: None,
                extra: NOTHING.into(),
                created_at,
            },
        )?;
    }
    for (kind, name, path) in SERVICES {
        let known = service::list(tx)?.into_iter().find(|it| it.kind == kind);
        let service_id = match known {
            Some(service) => service.id,
            None => {
                let service = Service {
                    id: identity_id(),
                    kind: kind.into(),
                    name: name.into(),
                    description: String::new(),
                    enabled: 1,
                    extra: NOTHING.into(),
                    created_at,
                };
                service::create(tx, &service)?;
                service.id
            }
        };
        for interface in ["public", "internal", "admin"] {
            let known = endpoint::list(tx)?.into_iter().find(|it| {
                it.service_id == service_id
                    && it.interface == interface
                    && it.region_id.as_deref() == Some(region_id)
            });
            let url = format!("{base}{path}");
            match known {
                Some(endpoint) if endpoint.url == url => {}
                Some(mut moved) => {
                    moved.url = url;
                    endpoint::update(tx, &moved)?;
                }
                None => endpoint::create(
                    tx,
                    &Endpoint {
                        id: identity_id(),
                        service_id: service_id.clone(),
                        region_id: Some(region_id.into()),
                        interface: interface.into(),
                        url,
                        enabled: 1,
                        extra: NOTHING.into(),
                        created_at,
                    },
                )?,
            }
        }
    }
    Ok(())
}
