//! `/v3/credentials`, whose blobs are sealed in the database. EC2 credentials are not built: nothing here would check them.

use super::common::links;
use super::listing::collection;
use super::rules;
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Json, Path, Query};
use crate::policy::{Rule, Target};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::identity::credential::{Create, Credential, Update};
use schemas::{Error, Result, ids};
use serde_json::json;
use store::identity::credentials::{self, Credential as Row};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/credentials", list),
        post("/credentials", create),
        get("/credentials/{credential_id}", show),
        patch("/credentials/{credential_id}", update),
        delete("/credentials/{credential_id}", remove),
        get("/users/{user_id}/credentials/OS-EC2", ec2_list),
        post("/users/{user_id}/credentials/OS-EC2", ec2_create),
        get(
            "/users/{user_id}/credentials/OS-EC2/{credential_id}",
            ec2_list,
        ),
        delete(
            "/users/{user_id}/credentials/OS-EC2/{credential_id}",
            ec2_create,
        ),
    ]
}

fn view(caller: &Caller, row: Row) -> Result<Credential> {
    let blob = caller.state().seals.unseal(&row.id, &row.blob)?;
    Ok(Credential {
        links: links(caller, &format!("/credentials/{}", row.id)),
        id: row.id,
        user_id: row.user_id,
        project_id: row.project_id,
        kind: row.kind,
        blob,
    })
}

fn target(row: &Row) -> Target<'_> {
    Target::new().with("target.credential.user_id", &row.user_id)
}

fn not_ec2(kind: &str) -> Result<()> {
    if kind.eq_ignore_ascii_case("ec2") {
        return Err(Error::NotImplemented(
            "EC2 credentials are not built.".into(),
        ));
    }
    Ok(())
}

async fn list(pending: Pending<rules::ListCredentials>, query: Query) -> Reply {
    let all = pending.would_allow(&Target::new());
    let wanted = match query.get("user_id") {
        Some(user) => Some(user.to_owned()),
        None if all => None,
        None => Some(pending.user_id().to_owned()),
    };
    let ctx =
        pending.authorize(&Target::new().with("target.credential.user_id", wanted.as_ref()))?;
    let rows = ctx
        .read(move |conn| credentials::list(conn, wanted.as_deref()))
        .await?;
    let items = rows.into_iter().map(|row| view(&ctx, row));
    collection(&ctx, &query, "credentials", items.collect::<Result<_>>()?)
}

async fn authorized<R: Rule>(pending: Pending<R>, id: String) -> Result<(Ctx<R>, Row)> {
    let row = pending
        .find(move |conn| credentials::get(conn, &id))
        .await?;
    Ok((pending.authorize(&target(&row))?, row))
}

async fn show(pending: Pending<rules::GetCredential>, Path(id): Path<String>) -> Reply {
    let (ctx, row) = authorized(pending, id).await?;
    reply::ok(&json!({ "credential": view(&ctx, row)? }))
}

async fn create(pending: Pending<rules::CreateCredential>, Json(body): Json<Create>) -> Reply {
    let new = body.credential;
    not_ec2(&new.kind)?;
    let id = ids::identity_id();
    let row = Row {
        blob: pending.state().seals.seal(&id, new.blob.reveal())?,
        id,
        user_id: new.user_id.unwrap_or_else(|| pending.user_id().to_owned()),
        project_id: new.project_id,
        kind: new.kind,
        created_at: pending.state().clock.now().0,
    };
    let ctx = pending.authorize(&target(&row))?;
    let made = row.clone();
    let most = ctx.state().settings.user_limits.credentials;
    ctx.store()
        .write(move |tx| {
            store::identity::users::get(tx, &made.user_id)?;
            credentials::create(tx, &made, most)
        })
        .await?;
    reply::created(&json!({ "credential": view(&ctx, row)? }))
}

async fn update(
    pending: Pending<rules::UpdateCredential>,
    Path(id): Path<String>,
    Json(body): Json<Update>,
) -> Reply {
    let (ctx, row) = authorized(pending, id).await?;
    let change = body.credential;
    not_ec2(change.kind.as_deref().unwrap_or_default())?;
    let seal = |blob: &schemas::Secret| ctx.state().seals.seal(&row.id, blob.reveal());
    let sealed = change.blob.as_ref().map(seal).transpose()?;
    let row = ctx
        .store()
        .write(move |tx| {
            let mut row = credentials::get(tx, &row.id)?;
            let change = change.clone();
            row.kind = change.kind.unwrap_or(row.kind);
            if let Some(project) = change.project_id {
                row.project_id = project;
            }
            if let Some(sealed) = &sealed {
                row.blob.clone_from(sealed);
            }
            credentials::update(tx, &row)?;
            Ok(row)
        })
        .await?;
    reply::ok(&json!({ "credential": view(&ctx, row)? }))
}

async fn remove(pending: Pending<rules::DeleteCredential>, Path(id): Path<String>) -> Reply {
    let (ctx, row) = authorized(pending, id).await?;
    ctx.store()
        .write(move |tx| credentials::delete(tx, &row.id))
        .await?;
    reply::no_content()
}

async fn ec2_list(_: Ctx<rules::Ec2ListCredentials>) -> Reply {
    Err(Error::NotImplemented(
        "EC2 credentials are not built.".into(),
    ))
}

async fn ec2_create(_: Ctx<rules::Ec2CreateCredential>) -> Reply {
    Err(Error::NotImplemented(
        "EC2 credentials are not built.".into(),
    ))
}
