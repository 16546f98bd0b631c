//! The extension list: what there is, so that old clients find what they look for.

use super::rules;
use crate::ctx::Ctx;
use crate::extract::Path;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::Error;
use serde_json::{Value, json};

/// Alias and name of everything here that Nova once called an extension.
const EXTENSIONS: [(&str, &str); 34] = [
    ("NMN", "Multinic"),
    ("OS-DCF", "DiskConfig"),
    ("OS-EXT-AZ", "ExtendedAvailabilityZone"),
    ("OS-EXT-IPS", "ExtendedIps"),
    ("OS-EXT-IPS-MAC", "ExtendedIpsMac"),
    ("OS-EXT-SRV-ATTR", "ExtendedServerAttributes"),
    ("OS-EXT-STS", "ExtendedStatus"),
    ("OS-FLV-DISABLED", "FlavorDisabled"),
    ("OS-FLV-EXT-DATA", "FlavorExtraData"),
    ("OS-SCH-HNT", "SchedulerHints"),
    ("OS-SRV-USG", "ServerUsage"),
    ("os-admin-actions", "AdminActions"),
    ("os-attach-interfaces", "AttachInterfaces"),
    ("os-availability-zone", "AvailabilityZone"),
    ("os-config-drive", "ConfigDrive"),
    ("os-console-output", "ConsoleOutput"),
    ("os-consoles", "Consoles"),
    ("os-flavor-access", "FlavorAccess"),
    ("os-flavor-extra-specs", "FlavorExtraSpecs"),
    ("os-flavor-manage", "FlavorManage"),
    ("os-hosts", "Hosts"),
    ("os-hypervisors", "Hypervisors"),
    ("os-instance-actions", "InstanceActions"),
    ("os-keypairs", "Keypairs"),
    ("os-lock-server", "LockServer"),
    ("os-multiple-create", "MultipleCreate"),
    ("os-pause-server", "PauseServer"),
    ("os-quota-class-sets", "QuotaClasses"),
    ("os-quota-sets", "Quotas"),
    ("os-server-diagnostics", "ServerDiagnostics"),
    ("os-server-groups", "ServerGroups"),
    ("os-services", "Services"),
    ("os-simple-tenant-usage", "SimpleTenantUsage"),
    ("os-user-data", "UserData"),
];

/// The routes of extensions.
pub fn routes() -> Vec<Route> {
    vec![get("/extensions", index), get("/extensions/{alias}", show)]
}

fn view((alias, name): (&str, &str)) -> Value {
    json!({
        "alias": alias,
        "name": name,
        "description": "",
        "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
        "updated": "2014-12-03T00:00:00Z",
        "links": [],
    })
}

async fn index(_: Ctx<rules::Extensions>) -> Reply {
    let all: Vec<Value> = EXTENSIONS.into_iter().map(view).collect();
    reply::ok(&json!({ "extensions": all }))
}

async fn show(_: Ctx<rules::Extensions>, Path(alias): Path<String>) -> Reply {
    let found = EXTENSIONS.into_iter().find(|known| known.0 == alias);
    match found {
        Some(known) => reply::ok(&json!({ "extension": view(known) })),
        None => Err(Error::not_found("Extension", alias)),
    }
}
