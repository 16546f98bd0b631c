//! Interoperable import: data that is staged or fetched first and taken apart after the answer.

use super::attempt::Attempt;
use super::data::octets;
use super::feed::feed;
use super::look_up::{Doer, authorize, find};
use super::{intake, rules};
use crate::ctx::Pending;
use crate::extract::{Body, Json, Path};
use crate::fetch;
use crate::reply::{self, Reply};
use crate::route::{Route, post, put};
use crate::state::AppState;
use actix_web::HttpResponse;
use schemas::ids::ImageId;
use schemas::image::Status;
use schemas::{Error, Result};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::time::Duration;
use store::image::quota;
use store::image::tasks::{self, Task};
use store::image::uploads;

/// The work table keeps an import alive, not the image's lease: that one only bounds how long an
/// import may wait and work in all.
const WHOLE: Duration = Duration::from_secs(24 * 3600);

pub(super) fn routes() -> Vec<Route> {
    vec![
        put("/images/{id}/stage", stage),
        post("/images/{id}/import", import),
    ]
}

/// The methods offered, as the header of a new image names them.
pub(super) fn methods(state: &AppState) -> &'static str {
    if state.settings.image.web_download.enabled {
        "glance-direct,web-download"
    } else {
        "glance-direct"
    }
}

#[derive(Deserialize)]
struct Request {
    method: Method,
    #[serde(default)]
    stores: Vec<String>,
}

/// What is to be imported: a task's `input`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Method {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

async fn stage(
    pending: Pending<rules::UploadImage>,
    Path(id): Path<ImageId>,
    mut body: Body,
) -> Reply {
    let done = receive(pending, id, &mut body).await;
    if done.is_err() {
        body.discard().await;
    }
    done
}

async fn receive(pending: Pending<rules::UploadImage>, id: ImageId, body: &mut Body) -> Reply {
    octets(pending.header("content-type"))?;
    let image = find(&pending, id).await?;
    let ctx = authorize(pending, &image)?;
    let settings = ctx.state().settings.image.clone();
    let (project, limit) = (image.project_id.clone(), settings.project_bytes);
    let room = ctx
        .read(move |conn| quota::room(conn, &project, limit))
        .await?;
    let most = settings.terms(room).upload;
    let (attempt, _) = Attempt::begin(
        ctx.store(),
        &ctx.scope(),
        &image.id,
        (Status::Queued, Status::Uploading),
        settings.project_uploads,
    )
    .await?;
    let images = &ctx.state().images;
    let store = images.blobs().clone();
    let work = move |reader| keep(reader, &store, most);
    let kept = feed(body.pieces(), settings.pace(), Some(&attempt), work).await;
    match kept {
        Ok(stored) => attempt.stage(stored.digest.to_string()).await?,
        Err(error) => {
            attempt.abandon(&error.to_string()).await;
            return Err(error);
        }
    }
    reply::no_content()
}

fn keep(mut reader: impl Read, store: &blobs::BlobStore, most: u64) -> Result<blobs::Stored> {
    let mut writer = store.writer(most)?;
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(writer.finish(None)?),
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

async fn import(
    pending: Pending<rules::ImportImage>,
    Path(id): Path<ImageId>,
    Json(request): Json<Request>,
) -> Reply {
    let image = find(&pending, id).await?;
    let ctx = authorize(pending, &image)?;
    let settings = &ctx.state().settings.image;
    if let Some(other) = request.stores.iter().find(|store| *store != "default") {
        return Err(Error::BadRequest(format!(
            "There is no store {other:?}; the only one is \"default\"."
        )));
    }
    let from = match (request.method.name.as_str(), &request.method.uri) {
        ("glance-direct", _) => Status::Uploading,
        ("web-download", Some(uri)) if settings.web_download.enabled => {
            fetch::parse(uri)?;
            Status::Queued
        }
        ("web-download", None) => {
            return Err(Error::BadRequest("web-download needs the 'uri'.".into()));
        }
        (name, _) => {
            return Err(Error::BadRequest(format!(
                "Import method {name:?} is not offered; GET /v2/info/import tells which are."
            )));
        }
    };
    intake::format(&image)?;
    let task = Task {
        id: uuid::Uuid::now_v7().to_string(),
        project_id: image.project_id.clone(),
        user_id: ctx.user_id().to_owned(),
        image_id: image.id.clone(),
        kind: "api_image_import".into(),
        status: "pending".into(),
        input: serde_json::to_string(&request.method).map_err(Error::internal)?,
        message: String::new(),
        request_id: ctx.request_id().as_str().to_owned(),
        created_at: 0,
        updated_at: 0,
    };
    let (scope, doer, most) = (ctx.scope(), Doer::of(&ctx), settings.project_uploads);
    ctx.store()
        .write(move |tx| {
            let image = uploads::begin(
                tx,
                &scope,
                &task.image_id,
                &task.id,
                from,
                Status::Importing,
                WHOLE,
            )?;
            uploads::bound(tx, &image, most)?;
            if from == Status::Uploading && image.staged.is_empty() {
                return Err(Error::Conflict(
                    "The image's data is still being staged; wait for it.".into(),
                )
                .into());
            }
            let now = tx.now().0;
            let task = Task {
                created_at: now,
                updated_at: now,
                ..task.clone()
            };
            doer.event(tx, &image, "import")?;
            tasks::insert(tx, &task)
        })
        .await?;
    ctx.state().images.wake();
    Ok(HttpResponse::Accepted().finish())
}

/// Carries an import out, to its end.
///
/// # Errors
/// `Unavailable` and the like when it should be tried again; all else is written down in the task.
pub(super) async fn carry_out(state: &AppState, task: &Task) -> Result<()> {
    let (id, image_id) = (task.id.clone(), task.image_id.clone());
    state
        .store
        .write(move |tx| tasks::update(tx, &id, "processing", ""))
        .await?;
    let attempt = Attempt::resume(&state.store, &image_id, &task.id);
    let done = bring(state, task, &attempt).await;
    let limit = state.settings.image.project_bytes;
    if let Err(error) = &done
        && error.retryable()
    {
        return Err(error.clone());
    }
    let (status, message) = match intake::end(attempt, done, None, limit).await {
        Ok(_) => ("success", String::new()),
        Err(error) => ("failure", error.to_string()),
    };
    let id = task.id.clone();
    state
        .store
        .write(move |tx| tasks::update(tx, &id, status, &message))
        .await
}

async fn bring(state: &AppState, task: &Task, attempt: &Attempt) -> Result<intake::Taken> {
    attempt.renew().await?;
    let method: Method = serde_json::from_str(&task.input).map_err(Error::internal)?;
    let settings = &state.settings.image;
    let (id, limit) = (task.image_id.clone(), settings.project_bytes);
    let (image, room) = state
        .store
        .read(move |conn| {
            let image = store::image::images::find(conn, &store::Scope::All, &id)?;
            let room = quota::room(conn, &image.project_id, limit)?;
            Ok((image, room))
        })
        .await?;
    let (format, terms) = (intake::format(&image)?, settings.terms(room));
    match method.uri.filter(|_| method.name == "web-download") {
        None => {
            let digest = image.staged.parse().map_err(Error::internal)?;
            intake::reread(&state.images, attempt, format, terms, digest).await
        }
        Some(uri) => {
            let whole = Duration::from_secs(settings.web_download.timeout_s);
            let fetching = async {
                let pieces = fetch::open(&settings.web_download, &uri).await?;
                let pace = settings.pace();
                intake::receive(&state.images, attempt, format, terms, pace, pieces).await
            };
            tokio::time::timeout(whole, fetching).await.map_err(|_| {
                Error::BadRequest(format!(
                    "The download took longer than the {} seconds allowed.",
                    whole.as_secs()
                ))
            })?
        }
    }
}
