//! An image made of a server.

use super::{Seen, change};
use crate::compute::call::{minor, settings};
use crate::compute::{check, rules};
use crate::reply::{self, Reply};
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use schemas::compute::server::CreateImage;
use schemas::ids::ImageId;
use serde_json::json;
use store::compute::action::Action;
use store::compute::change::Then;
use store::image::snapshots;

pub async fn create(ctx: Seen, id: String, wish: CreateImage) -> Reply {
    let name = check::name("name", &wish.name)?.to_owned();
    check::metadata(&wish.metadata, 128)?;
    let image = ImageId::new().to_string();
    let (user, request) = (ctx.user_id().to_owned(), ctx.request_id().to_string());
    let (patience, limit) = (
        settings(&ctx).build(),
        ctx.state().settings.image.project_images,
    );
    let new = image.clone();
    change::<rules::CreateImage>(&ctx, id, Action::CreateImage, move |tx, at| {
        let deadline = (tx.now() + patience).0;
        snapshots::create(
            tx,
            snapshots::New {
                id: &new,
                name: &name,
                user_id: &user,
                request_id: &request,
                server: &at.server,
                properties: wish.metadata.clone(),
                pause: at.server.vm_state == "active",
                deadline,
                limit,
            },
        )?;
        Ok(Then::Busy(snapshots::TASK))
    })
    .await?;
    let href = ctx.base().join(&format!("/image/v2/images/{image}"));
    if minor(&ctx) >= 45 {
        return reply::accepted(&json!({ "image_id": image }));
    }
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, href))
        .finish())
}
