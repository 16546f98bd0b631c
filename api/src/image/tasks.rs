//! Imports as tasks: what goes on and what came of it.

use super::look_up::{authorize, find};
use super::rules;
use crate::ctx::{Ctx, Pending};
use crate::extract::Path;
use crate::reply::{self, Reply};
use crate::route::{Route, get, post};
use schemas::ids::ImageId;
use schemas::{Error, Result, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use store::Scope;
use store::image::tasks::{self, Task};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/images/{id}/tasks", of_image),
        get("/tasks", list),
        post("/tasks", create),
        get("/tasks/{task}", show),
    ]
}

fn view(task: &Task, shown_for: Duration) -> Result<Value> {
    let method: Value = serde_json::from_str(&task.input).map_err(Error::internal)?;
    let ended = matches!(task.status.as_str(), "success" | "failure");
    let result = (task.status == "success").then(|| json!({ "image_id": task.image_id }));
    Ok(json!({
        "id": task.id,
        "type": task.kind,
        "status": task.status,
        "owner": task.project_id,
        "user_id": task.user_id,
        "image_id": task.image_id,
        "request_id": task.request_id,
        "input": { "image_id": task.image_id, "import_req": { "method": method } },
        "result": result,
        "message": task.message,
        "created_at": Timestamp(task.created_at).seconds(),
        "updated_at": Timestamp(task.updated_at).seconds(),
        "expires_at": ended.then(|| (Timestamp(task.updated_at) + shown_for).seconds()),
        "self": format!("/v2/tasks/{}", task.id),
        "schema": "/v2/schemas/task",
    }))
}

fn views(all: &[Task], hours: u64) -> Result<Vec<Value>> {
    let shown_for = Duration::from_secs(hours * 3600);
    all.iter().map(|task| view(task, shown_for)).collect()
}

async fn of_image(pending: Pending<rules::GetImageTasks>, Path(id): Path<ImageId>) -> Reply {
    let image = find(&pending, id).await?;
    let ctx = authorize(pending, &image)?;
    let all = ctx
        .read(move |conn| tasks::list(conn, &Scope::All, Some(&image.id)))
        .await?;
    let tasks = views(&all, ctx.state().settings.image.tasks_h)?;
    reply::ok(&json!({ "tasks": tasks }))
}

async fn list(ctx: Ctx<rules::GetTasks>) -> Reply {
    let scope = ctx.scope();
    let all = ctx
        .read(move |conn| tasks::list(conn, &scope, None))
        .await?;
    let tasks = views(&all, ctx.state().settings.image.tasks_h)?;
    reply::ok(&json!({
        "tasks": tasks, "first": "/v2/tasks", "schema": "/v2/schemas/tasks",
    }))
}

async fn show(ctx: Ctx<rules::GetTasks>, Path(id): Path<String>) -> Reply {
    let scope = ctx.scope();
    let task = ctx.read(move |conn| tasks::find(conn, &scope, &id)).await?;
    let hours = ctx.state().settings.image.tasks_h;
    reply::ok(&view(&task, Duration::from_secs(hours * 3600))?)
}

async fn create(_: Ctx<rules::GetTasks>) -> Reply {
    Err(Error::NotImplemented(
        "Tasks are not made by hand here; import with POST /v2/images/{image_id}/import.".into(),
    ))
}
