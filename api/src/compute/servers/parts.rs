//! What hangs on a server: addresses, interfaces, security groups, volumes, passwords.

use super::list::one;
use super::stored::{Interface, sight};
use crate::compute::call::{minor, not_built};
use crate::compute::rules;
use crate::ctx::Ctx;
use crate::extract::Path;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post};
use schemas::Error;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The routes of a server's parts.
pub fn routes() -> Vec<Route> {
    vec![
        get("/servers/{id}/ips", addresses),
        get("/servers/{id}/ips/{network}", addresses_on),
        get("/servers/{id}/os-interface", interfaces),
        post("/servers/{id}/os-interface", attach),
        get("/servers/{id}/os-interface/{port}", interface),
        delete("/servers/{id}/os-interface/{port}", detach),
        get("/servers/{id}/os-security-groups", security_groups),
        get("/servers/{id}/os-volume_attachments", volumes),
        post("/servers/{id}/os-volume_attachments", attach_volume),
        get("/servers/{id}/os-volume_attachments/{volume}", volume),
        get("/servers/{id}/os-server-password", password),
        delete("/servers/{id}/os-server-password", forget_password),
    ]
}

fn by_network(interfaces: &[Interface<'_>]) -> BTreeMap<String, Vec<Value>> {
    let mut networks: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for one in interfaces.iter().filter(|one| !one.address.is_empty()) {
        networks
            .entry(one.network_name.to_string())
            .or_default()
            .push(json!({ "version": one.version(), "addr": one.address }));
    }
    networks
}

async fn addresses(ctx: Ctx<rules::IpsIndex>, Path(id): Path<String>) -> Reply {
    let server = one(&ctx, id).await?;
    let sight = sight(&server)?;
    reply::ok(&json!({ "addresses": by_network(sight.interfaces()) }))
}

async fn addresses_on(
    ctx: Ctx<rules::IpsShow>,
    Path((id, network)): Path<(String, String)>,
) -> Reply {
    let server = one(&ctx, id).await?;
    let sight = sight(&server)?;
    match by_network(sight.interfaces()).remove(&network) {
        Some(list) => reply::ok(&json!({ network: list })),
        None => Err(Error::NotFound(format!(
            "Instance is not a member of network {network}."
        ))),
    }
}

/// An interface has the same id as often as it is asked for: it follows from server and network.
fn port_id(server: &str, network: &str) -> String {
    let parent = Uuid::parse_str(server).unwrap_or(Uuid::nil());
    Uuid::new_v5(&parent, network.as_bytes()).to_string()
}

fn attachment(server: &str, one: &Interface<'_>, minor: u16) -> Value {
    let mut view = json!({
        "port_state": "ACTIVE",
        "port_id": port_id(server, one.network_id),
        "net_id": one.network_id,
        "mac_addr": one.mac,
        "fixed_ips": [{ "ip_address": one.address, "subnet_id": one.network_id }],
    });
    if minor >= 70 {
        view["tag"] = Value::Null;
    }
    view
}

async fn interfaces(ctx: Ctx<rules::InterfacesList>, Path(id): Path<String>) -> Reply {
    let server = one(&ctx, id).await?;
    let sight = sight(&server)?;
    let list: Vec<Value> = sight
        .interfaces()
        .iter()
        .map(|one| attachment(&server.id, one, minor(&ctx)))
        .collect();
    reply::ok(&json!({ "interfaceAttachments": list }))
}

async fn interface(
    ctx: Ctx<rules::InterfacesShow>,
    Path((id, port)): Path<(String, String)>,
) -> Reply {
    let server = one(&ctx, id).await?;
    let sight = sight(&server)?;
    let mut all = sight.interfaces().iter();
    match all.find(|one| port_id(&server.id, one.network_id) == port) {
        Some(one) => {
            reply::ok(&json!({ "interfaceAttachment": attachment(&server.id, one, minor(&ctx)) }))
        }
        None => Err(Error::NotFound(format!(
            "Instance {} does not have a port with id {port}",
            server.id
        ))),
    }
}

async fn attach(ctx: Ctx<rules::InterfacesCreate>, Path(id): Path<String>) -> Reply {
    one(&ctx, id).await?;
    Err(not_built("A second interface of a server"))
}

async fn detach(ctx: Ctx<rules::InterfacesDelete>, Path((id, _)): Path<(String, String)>) -> Reply {
    one(&ctx, id).await?;
    Err(not_built("Taking an interface from a server"))
}

async fn security_groups(ctx: Ctx<rules::SecurityGroupsList>, Path(id): Path<String>) -> Reply {
    let server = one(&ctx, id).await?;
    let project = &server.project_id;
    let parent = Uuid::parse_str(project).unwrap_or(Uuid::nil());
    reply::ok(&json!({ "security_groups": [{
        "id": Uuid::new_v5(&parent, b"default").to_string(),
        "name": "default",
        "description": "default",
        "tenant_id": project,
        "rules": [],
    }]}))
}

async fn volumes(ctx: Ctx<rules::VolumesIndex>, Path(id): Path<String>) -> Reply {
    one(&ctx, id).await?;
    reply::ok(&json!({ "volumeAttachments": [] }))
}

async fn volume(
    ctx: Ctx<rules::VolumesIndex>,
    Path((id, volume)): Path<(String, String)>,
) -> Reply {
    one(&ctx, id).await?;
    Err(Error::not_found("Volume", volume))
}

async fn attach_volume(ctx: Ctx<rules::VolumesCreate>, Path(id): Path<String>) -> Reply {
    one(&ctx, id).await?;
    Err(not_built("Attaching volumes"))
}

async fn password(ctx: Ctx<rules::PasswordShow>, Path(id): Path<String>) -> Reply {
    one(&ctx, id).await?;
    reply::ok(&json!({ "password": "" }))
}

async fn forget_password(ctx: Ctx<rules::PasswordClear>, Path(id): Path<String>) -> Reply {
    one(&ctx, id).await?;
    reply::no_content()
}
