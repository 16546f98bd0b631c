//! An image's manifest, for hosts: where they begin to fetch one, and where a snapshot ends.

use super::state::blocking;
use super::{intake, rules};
use crate::ctx::Ctx;
use crate::extract::{Path, Raw};
use crate::reply::Reply;
use crate::route::{Route, get, put};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use blobs::{Assembly, BlobStore, Digest, HashingReader, Pin, Stored, Terms};
use schemas::ids::ImageId;
use schemas::{Error, Result};
use store::Scope;
use store::image::uploads::Data;
use store::image::{images, snapshots};

const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// Longest manifest: one of the most layers has some 40 KiB.
const MOST: usize = 4 << 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/images/{id}/manifest", fetch),
        put("/images/{id}/manifest", complete).body_limit(MOST),
    ]
}

async fn fetch(ctx: Ctx<rules::GetBlobs>, Path(id): Path<ImageId>) -> Reply {
    let image = id.to_string();
    let image = ctx
        .read(move |conn| images::find(conn, &Scope::All, &image))
        .await?;
    let Some(name) = image.manifest() else {
        return Err(Error::NotFound(format!("Image {id} has no data yet.")));
    };
    let digest: Digest = name.parse().map_err(Error::internal)?;
    let store = ctx.state().images.blobs().clone();
    let bytes = blocking(move || Ok(store.read(&digest, MOST as u64)?)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, MEDIA_TYPE))
        .insert_header((DIGEST, name))
        .body(bytes))
}

/// All blobs of a snapshot have come: it is checked as an upload is, its download is made, and it is
/// active. Sent again, it is answered again.
async fn complete(
    ctx: Ctx<rules::PutBlobs>,
    Path(id): Path<ImageId>,
    Raw(_, manifest): Raw,
) -> Reply {
    let id = id.to_string();
    let image = ctx
        .read({
            let id = id.clone();
            move |conn| images::find(conn, &Scope::All, &id)
        })
        .await?;
    let name = Digest::of(&manifest).to_string();
    if image.manifest != name {
        ctx.read({
            let id = id.clone();
            move |conn| snapshots::open(conn, &id)
        })
        .await?;
        let settings = &ctx.state().settings.image;
        let (terms, limit) = (settings.terms(None), settings.project_bytes);
        let images = &ctx.state().images;
        let store = images.blobs().clone();
        let _turn = images.turn(None).await?;
        let (data, pins) = blocking(move || adopt(&store, &manifest, &terms)).await?;
        ctx.store()
            .write(move |tx| snapshots::complete(tx, &id, &data, limit).map(|_| ()))
            .await?;
        drop(pins);
    }
    Ok(HttpResponse::Created()
        .insert_header((DIGEST, name))
        .finish())
}

fn adopt(store: &BlobStore, manifest: &[u8], terms: &Terms) -> Result<(Data, (Stored, Vec<Pin>))> {
    let stored = store.put(manifest)?;
    let taken = blobs::adopt(store, &stored.digest, None, terms)?;
    let assembly = Assembly::load(store, &taken.recipe)?;
    let reader = assembly.reader(store)?;
    let mut reader = HashingReader::new(reader).map_err(Error::internal)?;
    std::io::copy(&mut reader, &mut std::io::sink()).map_err(Error::internal)?;
    let hashes = reader.finish().map_err(Error::internal)?;
    Ok((intake::data(&taken, &hashes)?, (stored, taken.pins)))
}
