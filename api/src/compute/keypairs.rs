//! Key pairs: `/os-keypairs`. Only the public half is kept; a private half that is made here is
//! shown once.

mod key;

use super::call::settings;
use super::list::Listed;
use super::{call::minor, check, rules};
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Json, Listing, Path, Query};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemas::compute::keypair::CreateBody;
use schemas::{Error, Result, Timestamp};
use serde_json::{Value, json};
use store::compute::keypairs::{self, KeyPair};
use store::compute::quotas;

/// The routes of key pairs.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-keypairs", index),
        post("/os-keypairs", create),
        get("/os-keypairs/{name}", show),
        delete("/os-keypairs/{name}", remove),
    ]
}

/// Whose key pairs: the caller's, or since 2.10 those of the user the query names.
fn subject(caller: &Caller, query: &Query) -> String {
    match query.get("user_id").filter(|_| minor(caller) >= 10) {
        Some(user) => user.to_owned(),
        None => caller.user_id().to_owned(),
    }
}

fn of(user: &str) -> Target<'_> {
    Target::new().with("user_id", user)
}

fn short(caller: &Caller, key: &KeyPair) -> Value {
    let mut view = json!({
        "name": key.name,
        "public_key": key.public_key,
        "fingerprint": key.fingerprint,
    });
    if minor(caller) >= 2 {
        view["type"] = json!(key.kind);
    }
    view
}

async fn index(pending: Pending<rules::KeypairsIndex>, query: Query) -> Reply {
    let user = subject(&pending, &query);
    let ctx = pending.authorize(&of(&user))?;
    let paged = minor(&ctx) >= 35;
    let mut listing = Listing::read(&query, &[], Some(settings(&ctx).max_limit))?;
    if !paged {
        (listing.limit, listing.marker) = (None, None);
    }
    let mut rows = ctx.read(move |conn| keypairs::list(conn, &user)).await?;
    if let Some(marker) = &listing.marker {
        let at = rows.iter().position(|key| key.name == *marker);
        let at = at.ok_or_else(|| Error::BadRequest(format!("marker [{marker}] not found")))?;
        rows.drain(..=at);
    }
    rows.truncate(listing.limit.unwrap_or(usize::MAX));
    let items: Vec<Value> = rows
        .iter()
        .map(|key| json!({ "keypair": short(&ctx, key) }))
        .collect();
    let next = listing.next(&ctx, rows.len(), rows.last().map(|key| key.name.as_str()));
    reply::ok(&Listed {
        name: "keypairs",
        items: &items,
        next,
    })
}

async fn show(
    pending: Pending<rules::KeypairsShow>,
    Path(name): Path<String>,
    query: Query,
) -> Reply {
    let user = subject(&pending, &query);
    let ctx = pending.authorize(&of(&user))?;
    let key = ctx
        .read(move |conn| keypairs::get(conn, &user, &name))
        .await?;
    let mut view = short(&ctx, &key);
    view["user_id"] = json!(key.user_id);
    view["id"] = key.number.into();
    view["created_at"] = Timestamp(key.created_at).naive().into();
    view["deleted"] = false.into();
    view["deleted_at"] = Value::Null;
    view["updated_at"] = Value::Null;
    reply::ok(&json!({ "keypair": view }))
}

async fn create(ctx: Pending<rules::KeypairsCreate>, Json(body): Json<CreateBody>) -> Reply {
    let wish = body.keypair;
    let minor = minor(&ctx);
    check::absent("type", &wish.kind, minor, 2)?;
    check::absent("user_id", &wish.user_id, minor, 10)?;
    let user = wish
        .user_id
        .clone()
        .unwrap_or_else(|| ctx.user_id().to_owned());
    let ctx = ctx.authorize(&of(&user))?;
    let name = legal(&wish.name, minor)?.to_owned();
    if wish.kind.as_deref().is_some_and(|kind| kind != "ssh") {
        return Err(Error::BadRequest(
            "Only key pairs of type ssh are possible: containers know no X.509 log-in.".into(),
        ));
    }
    let (public, private) = match wish.public_key {
        Some(public) => (public, None),
        None if minor >= 92 => {
            return Err(Error::BadRequest(
                "public_key is required since microversion 2.92: make the key pair with \
                 ssh-keygen and send its public half."
                    .into(),
            ));
        }
        None => {
            let made = key::make(&format!("Generated-by-{name}"))?;
            (made.public, Some(made.private))
        }
    };
    let row = KeyPair {
        fingerprint: key::fingerprint(&public)?,
        user_id: user,
        name,
        number: 0,
        kind: "ssh".into(),
        public_key: public,
        created_at: ctx.state().clock.now().0,
    };
    let project = ctx
        .auth()
        .project()
        .map(|project| project.id.clone())
        .unwrap_or_default();
    let new = row.clone();
    ctx.store()
        .write(move |tx| {
            let limit = quotas::limit(tx, &project, "key_pairs")?;
            keypairs::insert(tx, &mut new.clone(), limit)
        })
        .await?;
    let mut view = short(&ctx, &row);
    view["user_id"] = json!(row.user_id);
    if let Some(private) = private {
        view["private_key"] = private.into();
    }
    let status = match minor {
        ..2 => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    reply::json(status, &json!({ "keypair": view }))
}

fn legal(name: &str, minor: u16) -> Result<&str> {
    let more = if minor >= 92 { "_- @." } else { "_- " };
    let legal = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
    let name = check::name("name", name)?;
    match name.chars().all(legal) {
        true => Ok(name),
        false => Err(Error::BadRequest(format!(
            "Keypair data is invalid: Keypair name contains unsafe characters; letters, digits \
             and '{more}' are possible."
        ))),
    }
}

async fn remove(
    pending: Pending<rules::KeypairsDelete>,
    Path(name): Path<String>,
    query: Query,
) -> Reply {
    let user = subject(&pending, &query);
    let ctx: Ctx<_> = pending.authorize(&of(&user))?;
    ctx.store()
        .write(move |tx| keypairs::remove(tx, &user, &name))
        .await?;
    match minor(&ctx) {
        ..2 => Ok(HttpResponse::Accepted().finish()),
        _ => reply::no_content(),
    }
}
