//! `POST /pods`: the manifest is read and its images are looked up; the pod is a row when the answer
//! comes.

use super::shown;
use crate::container_infra::call::{own, settings};
use crate::container_infra::manifests::{self, Source, flavor};
use crate::container_infra::view::created;
use crate::container_infra::{Object, bay, ident, rules};
use crate::ctx::Ctx;
use crate::reply::Reply;
use schemas::container_infra::body;
use schemas::container_infra::manifest::{self, Pod};
use schemas::container_infra::workload::Create;
use schemas::ids::{ClusterId, ServerId};
use schemas::{Error, Result};
use store::compute::guests;
use store::compute::launch::{self, Launch};
use store::compute::spec::{BootImage, Guest};
use store::container_infra::rcs;
use store::{Scope, Tx};

pub(super) async fn create(ctx: Ctx<rules::PodCreate>, Object(mut map): Object) -> Reply {
    let id = ServerId(ident::chosen(body::take_uuid(&mut map)?)?);
    let wish = Create::read(map, true)?;
    let (scope, bay) = (own(&ctx)?, wish.bay()?);
    // Nothing is fetched for a bay that takes nothing.
    let (seen, key) = (scope.clone(), bay.clone());
    ctx.read(move |conn| bay::open(conn, &seen, &key, "pods").map(drop))
        .await?;
    let source = Source {
        manifest: wish.manifest,
        url: wish.manifest_url,
    };
    let pod = manifest::pod(&source.text(&ctx).await?)?;
    manifests::bounded(&ctx, &pod.template)?;
    let new = New {
        id,
        bay,
        pod,
        description: wish.desc.map(Into::into),
        project_id: ctx.project_id()?.to_owned(),
        user_id: ctx.user_id().to_owned(),
        request_id: ctx.request_id().to_string(),
        scope,
        most: settings(&ctx).pods,
    };
    ctx.store().write(move |tx| make(tx, &new)).await?;
    let id = id.to_string();
    let mut view = shown(&ctx, &id).await?;
    source.echo(&mut view);
    created(&ctx, "pods", &id, &view)
}

struct New {
    id: ServerId,
    bay: String,
    pod: Pod,
    description: Option<String>,
    project_id: String,
    user_id: String,
    request_id: String,
    scope: Scope,
    most: i64,
}

fn make(tx: &mut Tx<'_>, new: &New) -> store::Result<()> {
    let bay = bay::open(tx, &new.scope, &new.bay, "pods")?;
    rcs::room_for(tx, &new.project_id, 1, new.most)?;
    let template = &new.pod.template;
    let (spec, boot) = manifests::resolved(tx, &new.scope, template)?;
    let guest = Guest::Pod {
        spec,
        asked_images: template.images(),
        placing: template.placing.clone(),
    };
    let wanted = wanted(new, boot, &bay.id)?;
    if !guests::launch(tx, new.id, &wanted, &guest, None)? {
        return Err(Error::Conflict(format!(
            "A pod with UUID {} already exists; choose another or none.",
            new.id
        ))
        .into());
    }
    rcs::wake(tx, &bay.id)
}

fn wanted(new: &New, boot: BootImage, bay: &str) -> Result<Launch> {
    let template = &new.pod.template;
    let bay = ClusterId::parse(bay).ok_or_else(|| Error::internal("a cluster's id is no UUID"))?;
    let own = || launch::hostname(&new.pod.name, &new.id.to_string());
    Ok(Launch {
        hostname: Some(template.hostname.clone().unwrap_or_else(own)),
        description: new.description.clone(),
        within: Some(bay),
        ..Launch::plain(
            [&new.project_id, &new.user_id, &new.request_id],
            new.pod.name.clone(),
            boot,
            flavor(template.room()),
        )
    })
}
