//! `/v3/users/{id}/application_credentials` and `…/access_rules`.

use super::common::links;
use super::listing::collection;
use super::password::generate;
use super::{rules, users};
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Json, Path, Query};
use crate::policy::Rule;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post};
use schemas::identity::application_credential::{
    AccessRule, ApplicationCredential, Create, New, NewAccessRule, Role,
};
use schemas::{Error, Result, Timestamp, ids};
use serde_json::{Value, json};
use std::collections::HashMap;
use store::identity::application_credentials::{
    self as rows, AccessRule as RuleRow, ApplicationCredential as Row,
};
use store::identity::roles;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/users/{user_id}/application_credentials", list),
        post("/users/{user_id}/application_credentials", create),
        get(
            "/users/{user_id}/application_credentials/{application_credential_id}",
            show,
        ),
        delete(
            "/users/{user_id}/application_credentials/{application_credential_id}",
            remove,
        ),
        get("/users/{user_id}/access_rules", list_rules),
        get("/users/{user_id}/access_rules/{access_rule_id}", show_rule),
        delete(
            "/users/{user_id}/access_rules/{access_rule_id}",
            remove_rule,
        ),
    ]
}

async fn authorized<R: Rule>(pending: Pending<R>, user: &str) -> Result<Ctx<R>> {
    let user = user.to_owned();
    let row = pending
        .find(move |conn| store::identity::users::get(conn, &user))
        .await?;
    pending.authorize(&users::target(&row))
}

/// A token made from a restricted application credential may not make or remove them.
fn unrestricted(caller: &Caller) -> Result<()> {
    match &caller.auth().application_credential {
        Some(credential) if !credential.unrestricted => Err(Error::Forbidden(
            "A token made from a restricted application credential may not do this.".into(),
        )),
        _ => Ok(()),
    }
}

/// Rows with the roles and rules they name.
struct Loaded {
    rows: Vec<Row>,
    roles: HashMap<String, roles::Role>,
    rules: Vec<RuleRow>,
}

async fn load(
    caller: &Caller,
    user: String,
    one: Option<String>,
    name: Option<String>,
) -> Result<Loaded> {
    caller
        .read(move |conn| {
            Ok(Loaded {
                rows: match &one {
                    Some(id) => vec![rows::get(conn, &user, id)?],
                    None => rows::list(conn, &user, name.as_deref())?,
                },
                roles: roles::all(conn)?,
                rules: rows::access_rules(conn, &user)?,
            })
        })
        .await
}

fn rule_view(caller: &Caller, row: &RuleRow) -> AccessRule {
    AccessRule {
        id: row.id.clone(),
        service: row.service.clone(),
        method: row.method.clone(),
        path: row.path.clone(),
        links: Some(links(
            caller,
            &format!("/users/{}/access_rules/{}", row.user_id, row.id),
        )),
    }
}

fn view(caller: &Caller, loaded: &Loaded, row: &Row) -> Result<ApplicationCredential> {
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).map_err(Error::internal);
    let own_roles = list(&row.roles)?;
    let own_rules = row.access_rules.as_deref().map(list).transpose()?;
    let own = format!("/users/{}/application_credentials/{}", row.user_id, row.id);
    Ok(ApplicationCredential {
        id: row.id.clone(),
        name: row.name.clone(),
        description: row.description.clone(),
        user_id: row.user_id.clone(),
        project_id: row.project_id.clone(),
        system: None,
        roles: own_roles
            .iter()
            .filter_map(|id| loaded.roles.get(id))
            .map(|role| Role {
                id: role.id.clone(),
                name: role.name.clone(),
                domain_id: super::roles::domain(role),
            })
            .collect(),
        expires_at: row.expires_at.map(|at| Timestamp(at).micros()),
        unrestricted: row.unrestricted != 0,
        secret: None,
        access_rules: own_rules.map(|ids| {
            let own = loaded.rules.iter().filter(|rule| ids.contains(&rule.id));
            own.map(|rule| rule_view(caller, rule)).collect()
        }),
        links: links(caller, &own),
    })
}

async fn list(
    pending: Pending<rules::ListApplicationCredentials>,
    Path(user): Path<String>,
    query: Query,
) -> Reply {
    let ctx = authorized(pending, &user).await?;
    let name = query.get("name").map(str::to_owned);
    let loaded = load(&ctx, user, None, name).await?;
    let items = loaded.rows.iter().map(|row| view(&ctx, &loaded, row));
    collection(
        &ctx,
        &query,
        "application_credentials",
        items.collect::<Result<Vec<_>>>()?,
    )
}

async fn show(
    pending: Pending<rules::GetApplicationCredential>,
    Path((user, id)): Path<(String, String)>,
) -> Reply {
    let ctx = authorized(pending, &user).await?;
    let loaded = load(&ctx, user, Some(id), None).await?;
    let views = loaded.rows.iter().map(|row| view(&ctx, &loaded, row));
    let view = views.collect::<Result<Vec<_>>>()?.pop();
    reply::ok(&json!({ "application_credential": view }))
}

async fn create(
    pending: Pending<rules::CreateApplicationCredential>,
    Path(user): Path<String>,
    Json(body): Json<Create>,
) -> Reply {
    let ctx = authorized(pending, &user).await?;
    unrestricted(&ctx)?;
    let New {
        name,
        secret,
        description,
        expires_at,
        roles,
        unrestricted,
        access_rules,
        ..
    } = body.application_credential;
    let roles = match roles {
        Some(wanted) if !wanted.is_empty() => chosen(&ctx, &wanted)?,
        _ => ctx
            .auth()
            .roles
            .iter()
            .map(|role| role.id.clone())
            .collect(),
    };
    let now = ctx.state().clock.now();
    let expires_at = match expires_at {
        None => None,
        Some(text) => Some(
            Timestamp::parse(&text)
                .filter(|at| *at > now)
                .ok_or_else(|| {
                    Error::BadRequest(format!("expires_at {text} is no time in the future."))
                })?
                .0,
        ),
    };
    let new_rules =
        access_rules.map(|rules| rules.into_iter().map(checked).collect::<Result<Vec<_>>>());
    let new_rules = new_rules.transpose()?;
    let secret = match secret {
        Some(secret) => secret,
        None => generate()?,
    };
    let mut row = Row {
        id: ids::identity_id(),
        user_id: user.clone(),
        project_id: ctx.project_id()?.to_owned(),
        name: name.into(),
        description: description.unwrap_or_default(),
        secret_hash: ctx.state().passwords.hash(&secret).await?,
        expires_at,
        unrestricted: unrestricted.unwrap_or(false).into(),
        roles: Value::from(roles).to_string(),
        access_rules: None,
        created_at: now.0,
    };
    let made = row.clone();
    let limits = ctx.state().settings.user_limits.clone();
    row = ctx
        .store()
        .write(move |tx| {
            let mut row = made.clone();
            if let Some(rules) = &new_rules {
                let mut ids = Vec::new();
                for rule in rules {
                    ids.push(ensure_rule(tx, &row.user_id, rule, limits.access_rules)?);
                }
                row.access_rules = Some(Value::from(ids).to_string());
            }
            rows::create(tx, &row, limits.application_credentials)?;
            Ok(row)
        })
        .await?;
    let loaded = load(&ctx, user, Some(row.id.clone()), None).await?;
    let mut view = view(&ctx, &loaded, &row)?;
    view.secret = Some(secret.reveal().to_owned());
    reply::created(&json!({ "application_credential": view }))
}

/// The roles asked for, which the token must have.
fn chosen(
    caller: &Caller,
    wanted: &[schemas::identity::application_credential::RoleRef],
) -> Result<Vec<String>> {
    wanted
        .iter()
        .map(|wanted| {
            let own = caller
                .auth()
                .roles
                .iter()
                .find(|role| match (&wanted.id, &wanted.name) {
                    (Some(id), _) => role.id == *id,
                    (None, Some(name)) => role.name == *name,
                    (None, None) => false,
                });
            own.map(|role| role.id.clone()).ok_or_else(|| {
                let named = wanted.id.as_ref().or(wanted.name.as_ref());
                Error::BadRequest(format!(
                    "Role {} is not among those you have on this project.",
                    named.map_or("without id or name", String::as_str)
                ))
            })
        })
        .collect()
}

/// A rule by id, or one with all its parts.
fn checked(rule: NewAccessRule) -> Result<NewAccessRule> {
    if rule.id.is_some() {
        return Ok(rule);
    }
    let (Some(_), Some(method), Some(path)) = (&rule.service, &rule.method, &rule.path) else {
        return Err(Error::BadRequest(
            "An access rule has service, method and path, or the id of one that exists.".into(),
        ));
    };
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    if !known.contains(&method.as_str()) || !path.starts_with(['/', '*']) {
        return Err(Error::BadRequest(format!(
            "Access rule {method} {path}: the method is one of {}, the path begins with /.",
            known.join(", ")
        )));
    }
    Ok(rule)
}

fn ensure_rule(
    tx: &mut store::Tx<'_>,
    user: &str,
    rule: &NewAccessRule,
    most: i64,
) -> store::Result<String> {
    if let Some(id) = &rule.id {
        let known = rows::access_rules(tx, user)?;
        let known = known.into_iter().find(|known| known.id == *id);
        return known
            .map(|known| known.id)
            .ok_or_else(|| Error::BadRequest(format!("You have no access rule {id}.")).into());
    }
    let row = RuleRow {
        id: ids::identity_id(),
        user_id: user.to_owned(),
        service: rule.service.clone().unwrap_or_default(),
        method: rule.method.clone().unwrap_or_default(),
        path: rule.path.clone().unwrap_or_default(),
    };
    Ok(rows::ensure_access_rule(tx, &row, most)?.id)
}

async fn remove(
    pending: Pending<rules::DeleteApplicationCredential>,
    Path((user, id)): Path<(String, String)>,
) -> Reply {
    let ctx = authorized(pending, &user).await?;
    unrestricted(&ctx)?;
    ctx.store()
        .write(move |tx| rows::delete(tx, &user, &id))
        .await?;
    reply::no_content()
}

async fn list_rules(
    pending: Pending<rules::ListAccessRules>,
    Path(user): Path<String>,
    query: Query,
) -> Reply {
    let ctx = authorized(pending, &user).await?;
    let rows = ctx
        .read(move |conn| rows::access_rules(conn, &user))
        .await?;
    let items = rows.iter().map(|row| rule_view(&ctx, row)).collect();
    collection(&ctx, &query, "access_rules", items)
}

async fn show_rule(
    pending: Pending<rules::GetAccessRule>,
    Path((user, id)): Path<(String, String)>,
) -> Reply {
    let ctx = authorized(pending, &user).await?;
    let rows = ctx
        .read(move |conn| rows::access_rules(conn, &user))
        .await?;
    let row = rows.iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| Error::not_found("Access Rule", &id))?;
    reply::ok(&json!({ "access_rule": rule_view(&ctx, row) }))
}

async fn remove_rule(
    pending: Pending<rules::DeleteAccessRule>,
    Path((user, id)): Path<(String, String)>,
) -> Reply {
    let ctx = authorized(pending, &user).await?;
    unrestricted(&ctx)?;
    ctx.store()
        .write(move |tx| rows::delete_access_rule(tx, &user, &id))
        .await?;
    reply::no_content()
}
