//! Images: create, show, list, change, delete.

use super::look_up::{Doer, authorize, find, own_project, target, unchanged};
use super::{query, rules, view};
use crate::ctx::{Ctx, Pending};
use crate::extract::{Json, Path, Query, Raw};
use crate::policy::{Rule, Target};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION};
use schemas::ids::ImageId;
use schemas::image::patch::{self as changes, Dialect};
use schemas::image::{Attributes, Status, Visibility};
use schemas::{Error, Result};
use serde_json::{Map, Value};
use store::image::images::{self, Image};
use store::image::{list as lists, quota, snapshots};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/images", list),
        post("/images", create),
        get("/images/{id}", show),
        patch("/images/{id}", change),
        delete("/images/{id}", remove),
    ]
}

async fn create(pending: Pending<rules::AddImage>, Json(body): Json<Map<String, Value>>) -> Reply {
    let own = pending.project_id()?.to_owned();
    let (attributes, id) = Attributes::create(&own, &body)?;
    if attributes.owner != own && !pending.check::<rules::ChangeOwner>(&Target::project(&own)) {
        return Err(Error::Forbidden(format!(
            "You are not permitted to create images owned by '{}'.",
            attributes.owner
        )));
    }
    let about = Target::project(&attributes.owner);
    let ctx = pending.authorize(&about)?;
    may_show(&ctx, attributes.visibility, &about)?;
    let doer = Doer::of(&ctx);
    let limit = ctx.state().settings.image.project_images;
    let (user_id, request_id) = (
        ctx.user_id().to_owned(),
        ctx.request_id().as_str().to_owned(),
    );
    let id = id.map_or_else(ImageId::new, ImageId).to_string();
    let image = ctx
        .store()
        .write(move |tx| {
            let now = tx.now().0;
            let mut image = Image {
                id: id.clone(),
                user_id: user_id.clone(),
                request_id: request_id.clone(),
                status: Status::Queued.as_str().into(),
                created_at: now,
                updated_at: now,
                ..Image::default()
            };
            image.set_attributes(&attributes)?;
            images::insert(tx, &image, limit)?;
            doer.event(tx, &image, "create")?;
            Ok(image)
        })
        .await?;
    let mut answer = view::one(StatusCode::CREATED, &image)?;
    let location = ctx.url(&format!("/images/{}", image.id));
    if let Ok(location) = HeaderValue::from_str(&location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer.headers_mut().insert(
        HeaderName::from_static("openstack-image-import-methods"),
        HeaderValue::from_static(super::import::methods(ctx.state())),
    );
    Ok(answer)
}

async fn show(pending: Pending<rules::GetImage>, Path(id): Path<ImageId>) -> Reply {
    let image = find(&pending, id).await?;
    authorize(pending, &image)?;
    view::one(StatusCode::OK, &image)
}

async fn list(ctx: Ctx<rules::GetImages>, query: Query) -> Reply {
    let settings = &ctx.state().settings.image;
    let filter = query::filter(&query)?;
    let page = query::page(&query, settings.page, settings.page_max)?;
    let (scope, limit) = (ctx.scope(), page.limit);
    let images = if limit == 0 {
        Vec::new()
    } else {
        ctx.read(move |conn| lists::list(conn, &scope, &filter, &page))
            .await?
    };
    let full = limit > 0 && images.len() as i64 == limit;
    let next = images
        .last()
        .filter(|_| full)
        .map(|last| query::link(&query, Some(&last.id)));
    view::page(&images, &query::link(&query, None), next.as_deref())
}

async fn change(pending: Pending<rules::ModifyImage>, Path(id): Path<ImageId>, body: Raw) -> Reply {
    let dialect = Dialect::of(&body.0).ok_or_else(|| {
        Error::UnsupportedMediaType(
            "Send the changes as application/openstack-images-v2.1-json-patch.".into(),
        )
    })?;
    let changes = changes::parse(dialect, &body.json()?)?;
    let before = find(&pending, id).await?;
    let ctx = authorize(pending, &before)?;
    // Decided outside of the transaction, which finds out if it still holds.
    let mut wanted = before.attributes()?;
    changes::apply(&mut wanted, &changes)?;
    let own = own_project(&ctx);
    let about = target(&before, &own);
    if wanted.owner != before.project_id && !ctx.check::<rules::ChangeOwner>(&about) {
        return Err(Error::Forbidden(
            "Only an administrator may give an image to another project.".into(),
        ));
    }
    if wanted.visibility.as_str() != before.visibility {
        may_show(&ctx, wanted.visibility, &about)?;
    }
    let (scope, doer) = (ctx.scope(), Doer::of(&ctx));
    let limits = ctx.state().settings.image.limits();
    let image = ctx
        .store()
        .write(move |tx| {
            let mut image = images::find(tx, &scope, &before.id)?;
            unchanged(&before, &image)?;
            let old = image.attributes()?;
            let mut new = old.clone();
            changes::apply(&mut new, &changes)?;
            let formats = |a: &Attributes| (a.container_format.clone(), a.disk_format.clone());
            if formats(&old) != formats(&new) && !image.status()?.takes_data() {
                return Err(Error::Forbidden(
                    "container_format and disk_format can be replaced only for a queued image: \
                     its data is understood by them."
                        .into(),
                )
                .into());
            }
            quota::transfer(tx, &old.owner, &new.owner, image.size, limits)?;
            image.set_attributes(&new)?;
            images::update(tx, &mut image)?;
            doer.event(tx, &image, "update")?;
            Ok(image)
        })
        .await?;
    view::one(StatusCode::OK, &image)
}

async fn remove(pending: Pending<rules::DeleteImage>, Path(id): Path<ImageId>) -> Reply {
    let before = find(&pending, id).await?;
    let ctx = authorize(pending, &before)?;
    let (scope, doer) = (ctx.scope(), Doer::of(&ctx));
    ctx.store()
        .write(move |tx| {
            let image = images::find(tx, &scope, &before.id)?;
            unchanged(&before, &image)?;
            if image.protected != 0 {
                return Err(Error::Forbidden(format!(
                    "Image {} is protected and cannot be deleted.",
                    image.id
                ))
                .into());
            }
            let users = images::users(tx, &image.id)?;
            if users > 0 {
                return Err(Error::Conflict(format!(
                    "Image {} could not be deleted because it is in use: {users} server(s), \
                     containers, pods, replication controllers or groups of nodes are made from it. \
                     Delete them first, or hide the image.",
                    image.id
                ))
                .into());
            }
            doer.event(tx, &image, "delete")?;
            snapshots::cancel(tx, &image)?;
            images::remove(tx, &image)
        })
        .await?;
    ctx.state().images.wake();
    reply::no_content()
}

/// May the caller show an image to so many?
fn may_show<R: Rule>(ctx: &Ctx<R>, visibility: Visibility, about: &Target<'_>) -> Result<()> {
    let (allowed, rule) = match visibility {
        Visibility::Public => (
            ctx.check::<rules::PublicizeImage>(about),
            rules::PublicizeImage::DEFAULT.name,
        ),
        Visibility::Community => (
            ctx.check::<rules::CommunitizeImage>(about),
            rules::CommunitizeImage::DEFAULT.name,
        ),
        Visibility::Private | Visibility::Shared => return Ok(()),
    };
    if allowed {
        return Ok(());
    }
    Err(Error::Forbidden(format!(
        "Policy does not allow {rule} to be performed."
    )))
}
