//! An image's data: upload and download, streamed both ways.

use super::attempt::Attempt;
use super::look_up::{Doer, authorize, find};
use super::{download, intake, rules};
use crate::ctx::Pending;
use crate::extract::{Body, Path};
use crate::reply::{self, Reply};
use crate::route::{Route, get, put};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use blobs::{Assembly, Digest};
use schemas::ids::ImageId;
use schemas::image::Status;
use schemas::{Error, Result};
use store::image::images::Image;
use store::image::quota;

pub(super) fn routes() -> Vec<Route> {
    vec![
        put("/images/{id}/file", upload),
        get("/images/{id}/file", fetch),
    ]
}

async fn upload(
    pending: Pending<rules::UploadImage>,
    Path(id): Path<ImageId>,
    mut body: Body,
) -> Reply {
    let done = receive(pending, id, &mut body).await;
    if done.is_err() {
        // Clients read an answer only after they have sent all, as long as they can send.
        body.discard().await;
    }
    done
}

async fn receive(pending: Pending<rules::UploadImage>, id: ImageId, body: &mut Body) -> Reply {
    octets(pending.header("content-type"))?;
    let announced = announced(&pending)?;
    let image = find(&pending, id).await?;
    let ctx = authorize(pending, &image)?;
    let settings = ctx.state().settings.image.clone();
    let format = intake::format(&image)?;
    let (project, limit) = (image.project_id.clone(), settings.project_bytes);
    let room = ctx
        .read(move |conn| quota::room(conn, &project, limit))
        .await?;
    let terms = settings.terms(room);
    if announced.is_some_and(|size| size > terms.upload) {
        return Err(Error::TooLarge(format!(
            "The image has more than the {} bytes allowed; make it smaller, or ask the operator \
             for a larger limit.",
            terms.upload
        )));
    }
    let (attempt, _) = Attempt::begin(
        ctx.store(),
        &ctx.scope(),
        &image.id,
        (Status::Queued, Status::Saving),
        settings.project_uploads,
    )
    .await?;
    let images = &ctx.state().images;
    let taken = intake::receive(
        images,
        &attempt,
        format,
        terms,
        settings.pace(),
        body.pieces(),
    )
    .await;
    let image = intake::end(attempt, taken, announced, limit).await?;
    let doer = Doer::of(&ctx);
    let noted = ctx
        .store()
        .write(move |tx| doer.event(tx, &image, "upload"))
        .await;
    if let Err(error) = noted {
        tracing::warn!(%error, "an upload's event is lost");
    }
    reply::no_content()
}

/// Data comes as `application/octet-stream`.
pub(super) fn octets(media_type: Option<&str>) -> Result<()> {
    let essence = media_type.unwrap_or_default().split(';').next();
    match essence.map(str::trim) {
        Some("application/octet-stream") => Ok(()),
        _ => Err(Error::UnsupportedMediaType(
            "Send the data with Content-Type: application/octet-stream.".into(),
        )),
    }
}

/// The size that the client says the data has.
fn announced(pending: &Pending<rules::UploadImage>) -> Result<Option<u64>> {
    let Some(text) = pending.header("x-openstack-image-size") else {
        let length = pending.header("content-length");
        return Ok(length.and_then(|length| length.parse().ok()));
    };
    text.parse()
        .map(Some)
        .map_err(|_| Error::BadRequest(format!("X-OpenStack-Image-Size: {text} is not a number.")))
}

async fn fetch(pending: Pending<rules::DownloadImage>, Path(id): Path<ImageId>) -> Reply {
    let image = find(&pending, id).await?;
    let ctx = authorize(pending, &image)?;
    if image.status()? == Status::Deactivated
        && !ctx.check::<rules::DownloadDeactivated>(&ctx.own())
    {
        return Err(Error::Forbidden(
            "The requested image has been deactivated. Image data download is forbidden.".into(),
        ));
    }
    if !image.has_data() {
        return reply::no_content();
    }
    let size = u64::try_from(image.size).map_err(Error::internal)?;
    let (recipe, store) = (recipe(&image)?, ctx.state().images.blobs().clone());
    let open = move || {
        let assembly = Assembly::load(&store, &recipe).map_err(Error::internal)?;
        assembly.reader(&store).map_err(Error::internal)
    };
    let range = ctx.header("range");
    let mut answer = download::answer(size, range, "application/octet-stream", open).await?;
    if answer.status() == StatusCode::OK
        && let Ok(checksum) = HeaderValue::from_str(&image.checksum)
    {
        let name = HeaderName::from_static("content-md5");
        answer.headers_mut().insert(name, checksum);
    }
    Ok(answer)
}

fn recipe(image: &Image) -> Result<Digest> {
    image.recipe.parse().map_err(Error::internal)
}
