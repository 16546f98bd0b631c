//! An image's blobs, for hosts: they fetch what they lack of an image, and bring what is new of a
//! snapshot. Rules of their own, role `service`.

use super::data::octets;
use super::feed::feed;
use super::state::blocking;
use super::{download, rules};
use crate::ctx::Ctx;
use crate::extract::{Body, Path};
use crate::reply::{self, Reply};
use crate::route::{Route, get, put};
use actix_web::HttpResponse;
use blobs::flow::FedReader;
use blobs::{BlobStore, Digest, Stored};
use schemas::ids::ImageId;
use schemas::{Error, Result};
use std::io::Read;
use store::Scope;
use store::image::{blobs as references, images, snapshots};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/images/{id}/blobs/{digest}", fetch),
        put("/images/{id}/blobs/{digest}", bring),
    ]
}

async fn fetch(ctx: Ctx<rules::GetBlobs>, Path((id, digest)): Path<(ImageId, String)>) -> Reply {
    let missing = || Error::NotFound(format!("Image {id} has no blob {digest}."));
    let (image, name) = (id.to_string(), digest.clone());
    let needs = ctx
        .read(move |conn| {
            images::find(conn, &Scope::All, &image)?;
            references::needs(conn, &image, &name)
        })
        .await?;
    let digest: Digest = digest.parse().map_err(|_| missing())?;
    if !needs {
        return Err(missing());
    }
    let store = ctx.state().images.blobs().clone();
    let (file, size) = blocking(move || Ok(store.open_blob(&digest)?)).await?;
    let range = ctx.header("range");
    download::answer(size, range, "application/octet-stream", move || Ok(file)).await
}

async fn bring(
    ctx: Ctx<rules::PutBlobs>,
    Path((id, digest)): Path<(ImageId, String)>,
    mut body: Body,
) -> Reply {
    let done = receive(&ctx, id, &digest, &mut body).await;
    if done.is_err() {
        body.discard().await;
    }
    done
}

async fn receive(ctx: &Ctx<rules::PutBlobs>, id: ImageId, digest: &str, body: &mut Body) -> Reply {
    octets(ctx.header("content-type"))?;
    let digest: Digest = digest
        .parse()
        .map_err(|error: blobs::InvalidDigest| Error::BadRequest(error.to_string()))?;
    let (image, name) = (id.to_string(), digest.to_string());
    let known = ctx
        .read({
            let (image, name) = (image.clone(), name.clone());
            move |conn| {
                snapshots::open(conn, &image)?;
                references::needs(conn, &image, &name)
            }
        })
        .await?;
    if known {
        body.discard().await;
        return reply::no_content();
    }
    let settings = &ctx.state().settings.image;
    let store = ctx.state().images.blobs().clone();
    let most = settings.max_upload;
    let work = move |reader: FedReader| keep(reader, &store, digest, most);
    let stored = feed(body.pieces(), settings.pace(), None, work).await?;
    ctx.store()
        .write(move |tx| snapshots::keep(tx, &image, &name))
        .await?;
    drop(stored);
    Ok(HttpResponse::Created().finish())
}

fn keep(mut reader: impl Read, store: &BlobStore, digest: Digest, most: u64) -> Result<Stored> {
    let mut writer = store.writer(most)?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(writer.finish(Some(digest))?),
            Ok(n) => writer.append(&buffer[..n])?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Error::BadRequest(format!(
                    "The upload broke off ({error}); send it again."
                )));
            }
        }
    }
}
