//! `/limits`: what a project may use and does, in one answer.

use super::call::{minor, must};
use super::rules;
use crate::ctx::Ctx;
use crate::extract::Query;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use serde_json::{Map, Value, json};
use store::compute::{quotas, usages};

/// The route of limits.
pub fn routes() -> Vec<Route> {
    vec![get("/limits", show)]
}

/// Resource, its names as limit and as use, and the microversion after which they are not shown.
const NAMES: [(&str, &str, Option<&str>, u16); 9] = [
    (
        "instances",
        "maxTotalInstances",
        Some("totalInstancesUsed"),
        u16::MAX,
    ),
    ("cores", "maxTotalCores", Some("totalCoresUsed"), u16::MAX),
    ("ram", "maxTotalRAMSize", Some("totalRAMUsed"), u16::MAX),
    ("metadata_items", "maxServerMeta", None, u16::MAX),
    ("key_pairs", "maxTotalKeypairs", None, u16::MAX),
    (
        "server_groups",
        "maxServerGroups",
        Some("totalServerGroupsUsed"),
        u16::MAX,
    ),
    (
        "server_group_members",
        "maxServerGroupMembers",
        None,
        u16::MAX,
    ),
    ("injected_files", "maxPersonality", None, 56),
    (
        "injected_file_content_bytes",
        "maxPersonalitySize",
        None,
        56,
    ),
];

async fn show(ctx: Ctx<rules::Limits>, query: Query) -> Reply {
    let minor = minor(&ctx);
    let project = match query.get("tenant_id") {
        Some(other) => {
            must::<rules::LimitsOther>(&ctx)?;
            other.to_owned()
        }
        None => ctx.project_id()?.to_owned(),
    };
    let (limits, used) = ctx
        .read(move |conn| {
            let limits = quotas::limits(conn, &project)?;
            Ok((limits, usages::in_use(conn, &project)?))
        })
        .await?;
    let mut absolute = Map::new();
    for (resource, limit, in_use, until) in NAMES {
        if minor > until {
            continue;
        }
        let most = limits.get(resource).copied().unwrap_or(-1);
        absolute.insert(limit.into(), most.into());
        if let Some(name) = in_use {
            let amount = used.get(resource).copied().unwrap_or(0);
            absolute.insert(name.into(), amount.into());
        }
    }
    if minor < 39 {
        let items = limits.get("metadata_items").copied().unwrap_or(-1);
        absolute.insert("maxImageMeta".into(), items.into());
    }
    if minor < 36 {
        // What nova-network counted: there is none of it here, and no bound.
        for name in [
            "maxTotalFloatingIps",
            "maxSecurityGroups",
            "maxSecurityGroupRules",
        ] {
            absolute.insert(name.into(), Value::from(-1));
        }
        for name in ["totalFloatingIpsUsed", "totalSecurityGroupsUsed"] {
            absolute.insert(name.into(), Value::from(0));
        }
    }
    reply::ok(&json!({ "limits": { "rate": [], "absolute": absolute } }))
}
