//! Tags, one at a time.

use super::look_up::{authorize, find, unchanged};
use super::rules;
use crate::ctx::Pending;
use crate::extract::Path;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, put};
use schemas::ids::ImageId;
use schemas::image::Attributes;
use schemas::{Error, Result};
use std::collections::BTreeSet;
use store::image::images;

pub(super) fn routes() -> Vec<Route> {
    vec![
        put("/images/{id}/tags/{tag}", add),
        delete("/images/{id}/tags/{tag}", remove),
    ]
}

async fn add(
    pending: Pending<rules::ModifyImage>,
    Path((id, tag)): Path<(ImageId, String)>,
) -> Reply {
    change(pending, id, move |tags| Attributes::add_tag(tags, &tag)).await
}

async fn remove(
    pending: Pending<rules::ModifyImage>,
    Path((id, tag)): Path<(ImageId, String)>,
) -> Reply {
    let take = move |tags: &mut BTreeSet<String>| match tags.remove(&tag) {
        true => Ok(()),
        false => Err(Error::NotFound(format!("The image has no tag {tag:?}."))),
    };
    change(pending, id, take).await
}

async fn change(
    pending: Pending<rules::ModifyImage>,
    id: ImageId,
    change: impl Fn(&mut BTreeSet<String>) -> Result<()> + Send + Sync + 'static,
) -> Reply {
    let before = find(&pending, id).await?;
    let ctx = authorize(pending, &before)?;
    let scope = ctx.scope();
    ctx.store()
        .write(move |tx| {
            let mut image = images::find(tx, &scope, &before.id)?;
            unchanged(&before, &image)?;
            let mut tags = image.tags()?;
            change(&mut tags)?;
            image.set_tags(&tags)?;
            images::update(tx, &mut image)
        })
        .await?;
    reply::no_content()
}
