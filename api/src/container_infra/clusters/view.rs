//! How a cluster is shown at either path.

use super::difference;
use super::loaded::Loaded;
use crate::call::Call;
use crate::container_infra::call::minor;
use crate::container_infra::view::{links, since, when};
use schemas::Result;
use schemas::container_infra::cluster::shown;
use schemas::container_infra::coe::Era;
use serde_json::{Map, Value, json};
use store::container_infra::clusters::Cluster;
use store::container_infra::spec;

/// The collection of this path.
pub fn collection(era: Era) -> &'static str {
    match era {
        Era::Legacy => "bays",
        Era::Modern => "clusters",
    }
}

/// Fields in the words of clusters, for the summary.
fn short(era: Era, one: &Loaded) -> Map<String, Value> {
    let (cluster, spec) = (&one.cluster, &one.spec);
    let fields = [
        ("uuid", json!(cluster.id)),
        ("name", json!(cluster.name)),
        ("cluster_template_id", json!(cluster.template_id)),
        ("node_count", json!(one.count(false))),
        ("master_count", json!(one.count(true))),
        ("docker_volume_size", json!(spec.docker_volume_size)),
        ("labels", json!(spec.labels)),
        ("flavor_id", json!(spec.flavor_id)),
        ("master_flavor_id", json!(spec.master_flavor_id)),
        ("create_timeout", json!(spec.create_timeout)),
        ("status", json!(cluster.status)),
    ];
    let fields = fields.into_iter();
    fields
        .map(|(field, value)| (shown(era, field).to_owned(), value))
        .collect()
}

fn finish(call: &Call, era: Era, one: &Loaded, mut view: Map<String, Value>) -> Value {
    let id = &one.cluster.id;
    view.insert("links".into(), links(call, collection(era), id));
    // What runs the nodes knows the cluster by the same id.
    let backend = match era == Era::Modern && minor(call) >= 13 {
        true => "cluster_id",
        false => "stack_id",
    };
    view.insert(backend.into(), json!(id));
    if era == Era::Modern {
        let key = one.spec.key.as_ref().map(|key| key.name.as_str());
        view.insert("keypair".into(), json!(key));
        view.insert("health_status".into(), json!(one.cluster.health_status));
        view.insert("merge_labels".into(), json!(false));
    }
    Value::Object(view)
}

/// As lists have it.
///
/// # Errors
/// `Internal`.
pub fn brief(call: &Call, era: Era, one: &Loaded) -> Result<Value> {
    Ok(finish(call, era, one, short(era, one)))
}

/// Every field.
///
/// # Errors
/// `Internal`.
pub fn whole(call: &Call, era: Era, one: &Loaded) -> Result<Value> {
    let (cluster, spec) = (&one.cluster, &one.spec);
    let mut view = short(era, one);
    let [coe, engine] = one.versions();
    let fields = [
        ("status_reason", json!(cluster.status_reason)),
        ("api_address", json!(cluster.api_address)),
        ("discovery_url", json!(spec.discovery_url)),
        ("node_addresses", json!(one.addresses(false))),
        ("master_addresses", json!(one.addresses(true))),
        ("coe_version", json!(coe)),
        ("container_version", json!(engine)),
        ("fixed_network", json!(spec.fixed_network)),
        ("fixed_subnet", json!(spec.fixed_subnet)),
        ("floating_ip_enabled", json!(spec.floating_ip_enabled)),
        ("master_lb_enabled", json!(spec.master_lb_enabled)),
        ("created_at", when(cluster.created_at)),
        ("updated_at", since(cluster.updated_at)),
    ];
    view.extend(fields.map(|(field, value)| (field.to_owned(), value)));
    if era == Era::Modern {
        let labels = difference(&spec.template.labels, &spec.labels);
        let health = cluster.health().map_err(schemas::Error::internal)?;
        let fields = [
            ("health_status_reason", json!(health)),
            ("labels_overridden", json!(labels.overridden)),
            ("labels_added", json!(labels.added)),
            ("labels_skipped", json!(labels.skipped)),
            ("project_id", json!(cluster.project_id)),
            ("user_id", json!(cluster.user_id)),
        ];
        view.extend(fields.map(|(field, value)| (field.to_owned(), value)));
    }
    Ok(finish(call, era, one, view))
}

/// Adds, where the cluster failed, why each of its groups did.
///
/// # Errors
/// `Internal`.
pub fn faults(era: Era, one: &Loaded, view: &mut Value) -> Result<()> {
    let state = one.cluster.state().map_err(schemas::Error::internal)?;
    if !state.failed() {
        return Ok(());
    }
    let failed = one.groups.iter().filter_map(|group| {
        let reason = group.status_reason.as_ref().filter(|text| !text.is_empty());
        reason.map(|reason| (group.name.clone(), json!(reason)))
    });
    let field = match era {
        Era::Legacy => "bay_faults",
        Era::Modern => "faults",
    };
    view[field] = Value::Object(failed.collect());
    Ok(())
}

/// Columns that lists may be sorted by.
pub fn sort_keys(era: Era) -> &'static [&'static str] {
    match era {
        Era::Modern => &[
            "uuid",
            "name",
            "project_id",
            "user_id",
            "cluster_template_id",
            "keypair",
            "docker_volume_size",
            "labels",
            "flavor_id",
            "master_flavor_id",
            "create_timeout",
            "discovery_url",
            "fixed_network",
            "fixed_subnet",
            "floating_ip_enabled",
            "master_lb_enabled",
            "stack_id",
            "status",
            "status_reason",
            "health_status",
            "api_address",
            "created_at",
            "updated_at",
        ],
        Era::Legacy => &[
            "uuid",
            "name",
            "project_id",
            "user_id",
            "baymodel_id",
            "docker_volume_size",
            "labels",
            "bay_create_timeout",
            "discovery_url",
            "stack_id",
            "status",
            "status_reason",
            "api_address",
            "created_at",
            "updated_at",
        ],
    }
}

/// One field, for sorting.
pub fn value(item: &(Cluster, spec::Cluster), era: Era, key: &str) -> Value {
    let (row, spec) = item;
    match schemas::container_infra::cluster::canonical(era, key) {
        "uuid" | "stack_id" => json!(row.id),
        "name" => json!(row.name),
        "project_id" => json!(row.project_id),
        "user_id" => json!(row.user_id),
        "cluster_template_id" => json!(row.template_id),
        "status" => json!(row.status),
        "status_reason" => json!(row.status_reason),
        "health_status" => json!(row.health_status),
        "api_address" => json!(row.api_address),
        "created_at" => json!(row.created_at),
        "updated_at" => json!(row.updated_at),
        "keypair" => json!(spec.key.as_ref().map(|key| &key.name)),
        field => serde_json::to_value(spec)
            .ok()
            .and_then(|mut all| all.get_mut(field).map(Value::take))
            .unwrap_or_default(),
    }
}
