//! Deactivate, reactivate: an administrator's or owner's stop to an image that is being looked into.

use super::look_up::{Doer, authorize, find, unchanged};
use super::rules;
use crate::ctx::{Ctx, Pending};
use crate::extract::Path;
use crate::policy::Rule;
use crate::reply::{self, Reply};
use crate::route::{Route, post};
use schemas::Error;
use schemas::ids::ImageId;
use schemas::image::Status;
use store::image::images::{self, Image};

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/images/{id}/actions/deactivate", deactivate),
        post("/images/{id}/actions/reactivate", reactivate),
    ]
}

async fn deactivate(pending: Pending<rules::Deactivate>, Path(id): Path<ImageId>) -> Reply {
    let image = find(&pending, id).await?;
    set(
        authorize(pending, &image)?,
        image,
        "deactivate",
        Status::Deactivated,
    )
    .await
}

async fn reactivate(pending: Pending<rules::Reactivate>, Path(id): Path<ImageId>) -> Reply {
    let image = find(&pending, id).await?;
    set(
        authorize(pending, &image)?,
        image,
        "reactivate",
        Status::Active,
    )
    .await
}

async fn set<R: Rule>(ctx: Ctx<R>, before: Image, action: &'static str, to: Status) -> Reply {
    let (scope, doer) = (ctx.scope(), Doer::of(&ctx));
    ctx.store()
        .write(move |tx| {
            let mut image = images::find(tx, &scope, &before.id)?;
            unchanged(&before, &image)?;
            let status = image.status()?;
            if !matches!(status, Status::Active | Status::Deactivated) {
                return Err(Error::Forbidden(format!(
                    "Not allowed to {action} image in status '{}'.",
                    status.as_str()
                ))
                .into());
            }
            if status != to {
                image.status = to.as_str().into();
                images::update(tx, &mut image)?;
                doer.event(tx, &image, action)?;
            }
            Ok(())
        })
        .await?;
    reply::no_content()
}
