//! `/os-networks`: the project's own network, as Nova showed networks before it had a network service
//! beside it (until 2.35). Clients that find no network service in the catalog look names up here.

use super::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::Path;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::{Error, Result};
use serde_json::{Map, Value, json};
use store::compute::networks::{LABEL, id_of};

/// What Nova shows of a network besides its name and id; nothing here knows it.
const UNKNOWN: [&str; 30] = [
    "bridge",
    "bridge_interface",
    "broadcast",
    "cidr",
    "cidr_v6",
    "created_at",
    "deleted",
    "deleted_at",
    "dhcp_server",
    "dhcp_start",
    "dns1",
    "dns2",
    "enable_dhcp",
    "gateway",
    "gateway_v6",
    "host",
    "injected",
    "mtu",
    "multi_host",
    "netmask",
    "netmask_v6",
    "priority",
    "project_id",
    "rxtx_base",
    "share_address",
    "updated_at",
    "vlan",
    "vpn_private_address",
    "vpn_public_address",
    "vpn_public_port",
];

/// The routes of networks.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-networks", index).until(2, 35),
        get("/os-networks/{id}", show).until(2, 35),
    ]
}

fn own(caller: &Caller) -> Result<Value> {
    let mut view: Map<String, Value> = UNKNOWN
        .iter()
        .map(|name| ((*name).to_owned(), Value::Null))
        .collect();
    view.insert("id".into(), id_of(caller.project_id()?).into());
    view.insert("label".into(), LABEL.into());
    Ok(view.into())
}

async fn index(ctx: Ctx<rules::NetworksList>) -> Reply {
    reply::ok(&json!({ "networks": [own(&ctx)?] }))
}

async fn show(ctx: Ctx<rules::NetworksShow>, Path(id): Path<String>) -> Reply {
    let network = own(&ctx)?;
    if network["id"] != id.as_str() {
        return Err(Error::NotFound(format!("Network {id} could not be found.")));
    }
    reply::ok(&json!({ "network": network }))
}
