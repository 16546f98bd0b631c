//! Sharing an image with projects, which answer to it.

use super::look_up::{authorize, find, own_project, unchanged};
use super::rules;
use crate::ctx::{Caller, Pending};
use crate::extract::{Json, Path};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post, put};
use schemas::ids::ImageId;
use schemas::{Error, Result, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Scope;
use store::image::images::Image;
use store::image::members::{self, Member};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/images/{id}/members", list),
        post("/images/{id}/members", add),
        get("/images/{id}/members/{member}", show),
        put("/images/{id}/members/{member}", answer),
        delete("/images/{id}/members/{member}", remove),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    member: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: String,
}

fn view(member: &Member) -> Value {
    json!({
        "image_id": member.image_id,
        "member_id": member.member_id,
        "status": member.status,
        "created_at": Timestamp(member.created_at).seconds(),
        "updated_at": Timestamp(member.updated_at).seconds(),
        "schema": "/v2/schemas/member",
    })
}

fn shared(image: &Image) -> Result<()> {
    if image.visibility == "shared" {
        return Ok(());
    }
    Err(Error::Forbidden(
        "Only shared images have members; set the image's visibility to shared first.".into(),
    ))
}

async fn list(pending: Pending<rules::GetMembers>, Path(id): Path<ImageId>) -> Reply {
    let image = find(&pending, id).await?;
    shared(&image)?;
    let ctx = authorize(pending, &image)?;
    let scope = ctx.scope();
    let all = ctx
        .read(move |conn| members::list(conn, &scope, &image.project_id, &image.id))
        .await?;
    let all: Vec<Value> = all.iter().map(view).collect();
    reply::ok(&json!({ "members": all, "schema": "/v2/schemas/members" }))
}

async fn add(
    pending: Pending<rules::AddMember>,
    Path(id): Path<ImageId>,
    Json(new): Json<New>,
) -> Reply {
    let image = find(&pending, id).await?;
    shared(&image)?;
    let ctx = authorize(pending, &image)?;
    if new.member.is_empty() || new.member.len() > 255 {
        return Err(Error::BadRequest(
            "member must be the id of a project.".into(),
        ));
    }
    let most = ctx.state().settings.image.members;
    let scope = ctx.scope();
    let member = ctx
        .store()
        .write(move |tx| {
            let found = store::image::images::find(tx, &scope, &image.id)?;
            unchanged(&image, &found)?;
            members::add(tx, &image.id, &new.member, most)
        })
        .await?;
    reply::ok(&view(&member))
}

/// The member, for those who may know of it: the image's owner, and itself.
async fn one(caller: &Caller, image: &Image, member_id: &str) -> Result<Member> {
    let known = match caller.scope() {
        Scope::Project(project) => project == image.project_id || project == member_id,
        Scope::All => true,
    };
    let (image_id, id) = (image.id.clone(), member_id.to_owned());
    let member = caller
        .read(move |conn| members::get(conn, &image_id, &id))
        .await?;
    member.filter(|_| known).ok_or_else(|| {
        Error::NotFound(format!(
            "{member_id} not found in the member list of the image {}.",
            image.id
        ))
    })
}

async fn show(
    pending: Pending<rules::GetMember>,
    Path((id, member)): Path<(ImageId, String)>,
) -> Reply {
    let image = find(&pending, id).await?;
    let member = one(&pending, &image, &member).await?;
    authorize(pending, &image)?;
    reply::ok(&view(&member))
}

async fn answer(
    pending: Pending<rules::ModifyMember>,
    Path((id, member)): Path<(ImageId, String)>,
    Json(answer): Json<Answer>,
) -> Reply {
    if !["pending", "accepted", "rejected"].contains(&answer.status.as_str()) {
        return Err(Error::BadRequest(format!(
            "Status {:?} is none of pending, accepted and rejected.",
            answer.status
        )));
    }
    let image = find(&pending, id).await?;
    let member = one(&pending, &image, &member).await?;
    let ctx = pending
        .authorize(&Target::project(&image.project_id).with("member_id", &member.member_id))?;
    let changed = ctx
        .store()
        .write(move |tx| {
            let found = members::get(tx, &member.image_id, &member.member_id)?;
            let mut member = found.ok_or_else(|| {
                Error::NotFound("The image is no longer shared with this project.".into())
            })?;
            members::answer(tx, &mut member, &answer.status)?;
            Ok(member)
        })
        .await?;
    reply::ok(&view(&changed))
}

async fn remove(
    pending: Pending<rules::DeleteMember>,
    Path((id, member)): Path<(ImageId, String)>,
) -> Reply {
    let image = find(&pending, id).await?;
    if own_project(&pending) == image.project_id || pending.is_admin() {
        shared(&image)?;
    }
    let ctx = authorize(pending, &image)?;
    let member = one(&ctx, &image, &member).await?;
    let gone = ctx
        .store()
        .write(move |tx| members::remove(tx, &member.image_id, &member.member_id))
        .await?;
    if gone {
        return reply::no_content();
    }
    Err(Error::NotFound("The image is not shared with it.".into()))
}
