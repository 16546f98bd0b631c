//! `PATCH /pods/{ident}`: another manifest for the same pod.
//!
//! Labels and the description change in place, and the pod runs on. Whatever else differs makes it
//! anew, on its node, where it may request no more than it did.

use super::{find, shown};
use crate::container_infra::bay::{self, Place};
use crate::container_infra::call::{of_2015, own};
use crate::container_infra::manifests::{self, Source, flavor};
use crate::container_infra::{Changes, rules};
use crate::ctx::Ctx;
use crate::reply::{self, Reply};
use schemas::container_infra::body::{self, invalid};
use schemas::container_infra::manifest::{self, Pod};
use schemas::container_infra::patch::{self, Change};
use schemas::container_infra::workload::{Description, pod_rules};
use schemas::workload::pod::PodSpec;
use schemas::{Error, Kind as Work, Result};
use serde_json::{Map, Value, json};
use store::compute::guests::{self, Kind};
use store::compute::launch;
use store::compute::servers::{self, Server, Sight};
use store::compute::spec::{BootImage, Guest, Size, Spec};
use store::container_infra::{endpoints, rcs};
use store::{Scope, Tx, events};

pub(super) async fn update(ctx: Ctx<rules::PodUpdate>, place: Place, body: Changes) -> Reply {
    let changes = body.read(&pod_rules(of_2015(&ctx)))?;
    let row = find(&ctx, &place).await?;
    let (source, description) = changed(&row, &changes)?;
    let pod = match source.is_given() {
        true => Some(manifest::pod(&source.text(&ctx).await?)?),
        false => None,
    };
    if let Some(pod) = &pod {
        manifests::bounded(&ctx, &pod.template)?;
    }
    let wish = Wish {
        id: row.id.clone(),
        scope: own(&ctx)?,
        pod,
        description,
        user_id: ctx.user_id().to_owned(),
        request_id: ctx.request_id().to_string(),
    };
    ctx.store().write(move |tx| apply(tx, &wish)).await?;
    let mut view = shown(&ctx, &row.id).await?;
    source.echo(&mut view);
    reply::ok(&view)
}

/// What the operations come to: a manifest, and the new description if there is one.
fn changed(row: &Server, changes: &[Change]) -> Result<(Source, Option<Option<String>>)> {
    let spec = row.spec().map_err(Error::internal)?;
    let mut document = Map::new();
    document.insert("bay_uuid".into(), json!(row.guest_of));
    document.insert("desc".into(), json!(spec.description));
    let source = written(&mut document, changes)?;
    let after: Option<Description> = match document.remove("desc") {
        None => None,
        Some(value) => body::field("desc", value)?,
    };
    let after = after.map(String::from);
    Ok((source, (after != spec.description).then_some(after)))
}

/// Applies operations to a document that has a `bay_uuid`, which stays, and may get a manifest.
pub(in crate::container_infra) fn written(
    document: &mut Map<String, Value>,
    changes: &[Change],
) -> Result<Source> {
    let bay = document.get("bay_uuid").cloned();
    document.insert("manifest".into(), Value::Null);
    document.insert("manifest_url".into(), Value::Null);
    patch::apply(document, changes)?;
    if document.get("bay_uuid") != bay.as_ref() {
        return Err(invalid(
            "bay_uuid",
            "What runs in one bay cannot be moved to another.",
        ));
    }
    let mut text = |field: &str| -> Result<Option<String>> {
        document
            .remove(field)
            .map_or(Ok(None), |value| body::field(field, value))
    };
    Ok(Source {
        manifest: text("manifest")?,
        url: text("manifest_url")?,
    })
}

struct Wish {
    id: String,
    scope: Scope,
    pod: Option<Pod>,
    description: Option<Option<String>>,
    user_id: String,
    request_id: String,
}

fn apply(tx: &mut Tx<'_>, wish: &Wish) -> store::Result<()> {
    let found = guests::get(tx, &wish.scope, Kind::Pod, &wish.id)?;
    let mut row = found.ok_or_else(|| Error::not_found("Pod", &wish.id))?;
    if row.deleting != 0 {
        return Err(Error::BadRequest(format!("Pod {} is being deleted.", row.name)).into());
    }
    let mut spec = row.spec()?;
    let mut different = Different::Nothing;
    if let Some(pod) = &wish.pod {
        let bay = row.guest_of.clone().unwrap_or_default();
        bay::open(tx, &wish.scope, &bay, "pods")?;
        let (wanted, boot) = manifests::resolved(tx, &wish.scope, &pod.template)?;
        different = compare(&row, &spec, pod, &wanted)?;
        replace(&mut row, &mut spec, pod, wanted, boot, different)?;
    }
    if let Some(description) = &wish.description {
        spec.description.clone_from(description);
    }
    if different == Different::Nothing && wish.description.is_none() {
        return Ok(());
    }
    row.set_spec(&spec)?;
    row.request_id.clone_from(&wish.request_id);
    tx.event(events::New {
        kind: Work::Server,
        object_id: &row.id,
        project_id: &row.project_id,
        user_id: &wish.user_id,
        request_id: &wish.request_id,
        action: "update",
        phase: "request",
        result: "",
        message: "",
    })?;
    if different == Different::Much {
        // Its host name may be another.
        servers::rename(tx, &row)?;
    }
    servers::update(tx, &mut row)?;
    if different == Different::Nothing {
        return Ok(());
    }
    tx.due(Work::Server, &row.id)?;
    let bay = row.guest_of.as_deref().unwrap_or_default();
    endpoints::wake(tx, bay)?;
    rcs::wake(tx, bay)
}

/// How much of a pod is to be another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Different {
    Nothing,
    Labels,
    Much,
}

fn compare(row: &Server, spec: &Spec, pod: &Pod, wanted: &PodSpec) -> Result<Different> {
    if pod.name != row.name {
        return Err(invalid(
            "manifest",
            &format!(
                "metadata.name: the pod is called {} and stays so; make another of the new name.",
                row.name
            ),
        ));
    }
    let Some(Guest::Pod {
        spec: is, placing, ..
    }) = &spec.guest
    else {
        return Err(Error::internal("a pod that is none"));
    };
    let relabelled = PodSpec {
        labels: wanted.labels.clone(),
        ..is.clone()
    };
    let room = flavor(pod.template.room());
    let same = relabelled == *wanted
        && room == spec.flavor
        && hostname(row, pod) == row.hostname
        && *placing == pod.template.placing;
    Ok(match same {
        true if is.labels == wanted.labels => Different::Nothing,
        true => Different::Labels,
        false => Different::Much,
    })
}

fn hostname(row: &Server, pod: &Pod) -> String {
    let given = pod.template.hostname.clone();
    given.unwrap_or_else(|| launch::hostname(&row.name, &row.id))
}

fn replace(
    row: &mut Server,
    spec: &mut Spec,
    pod: &Pod,
    wanted: PodSpec,
    boot: BootImage,
    different: Different,
) -> Result<()> {
    if different == Different::Nothing {
        return Ok(());
    }
    let elsewhere = match &spec.guest {
        Some(Guest::Pod { placing, .. }) => *placing != pod.template.placing,
        _ => false,
    };
    if row.host_id.is_some() && elsewhere {
        return Err(invalid(
            "manifest",
            "nodeName, nodeSelector and tolerations say where a pod is put, and it has its node; delete \
             it and make it anew.",
        ));
    }
    spec.guest = Some(Guest::Pod {
        spec: wanted,
        asked_images: pod.template.images(),
        placing: pod.template.placing.clone(),
    });
    row.generation += 1;
    if different == Different::Labels {
        return Ok(());
    }
    let room = flavor(pod.template.room());
    if row.host_id.is_some() && beyond(room.size(), spec.charged) {
        return Err(invalid(
            "manifest",
            "The pod would request more than it does, which its node may not have; delete it and make \
             it anew.",
        ));
    }
    row.hostname = hostname(row, pod);
    row.image_id = Some(boot.id.to_string());
    row.fault = None;
    row.vm_state = "building".into();
    spec.image = boot;
    spec.flavor = room;
    spec.incarnation += 1;
    spec.avoid.clear();
    spec.failed_on = None;
    row.task_state = Some(match row.host_id {
        Some(_) => "rebuilding".into(),
        // It has no node, or lost it.
        None => "scheduling".into(),
    });
    let sight = Sight {
        state: row.sight().map_err(Error::internal)?.state,
        ..Sight::default()
    };
    row.set_sight(&sight).map_err(Error::internal)
}

fn beyond(wanted: Size, held: Size) -> bool {
    wanted.vcpus > held.vcpus || wanted.memory_mb > held.memory_mb
}
