//! Availability zones: where hosts say they are.

use super::call::settings;
use super::rules;
use crate::ctx::Ctx;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::compute::hosts::{self, Host};

/// The routes of zones.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-availability-zone", index),
        get("/os-availability-zone/detail", detail),
    ]
}

fn by_zone(hosts: Vec<Host>) -> BTreeMap<String, Vec<Host>> {
    let mut zones: BTreeMap<String, Vec<Host>> = BTreeMap::new();
    for host in hosts {
        zones.entry(host.zone.clone()).or_default().push(host);
    }
    zones
}

fn available(hosts: &[Host]) -> bool {
    hosts.iter().any(|host| host.state == "enabled")
}

async fn index(ctx: Ctx<rules::ZonesList>) -> Reply {
    let zones = by_zone(ctx.read(hosts::machines).await?);
    let list: Vec<Value> = zones
        .iter()
        .map(|(name, hosts)| {
            json!({
                "zoneName": name,
                "zoneState": { "available": available(hosts) },
                "hosts": Value::Null,
            })
        })
        .collect();
    reply::ok(&json!({ "availabilityZoneInfo": list }))
}

async fn detail(ctx: Ctx<rules::ZonesDetail>) -> Reply {
    let zones = by_zone(ctx.read(hosts::machines).await?);
    let (now, silence) = (ctx.state().clock.now(), settings(&ctx).silence());
    let list: Vec<Value> = zones
        .iter()
        .map(|(name, hosts)| {
            let services: Map<String, Value> = hosts
                .iter()
                .map(|host| {
                    let service = json!({ "nova-compute": {
                        "available": host.is_up(now, silence),
                        "active": host.state == "enabled",
                        "updated_at": Timestamp(host.seen_at).naive(),
                    }});
                    (host.hostname.clone(), service)
                })
                .collect();
            json!({
                "zoneName": name,
                "zoneState": { "available": available(hosts) },
                "hosts": services,
            })
        })
        .collect();
    reply::ok(&json!({ "availabilityZoneInfo": list }))
}
