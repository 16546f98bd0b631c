//! `GET /servers` and `/servers/detail`: what the query narrows by, and the page.

mod wanted;

use super::rendered::{self, render};
use super::status::states_with;
use super::view::{Place, View};
use crate::compute::call::{minor, must, own, settings};
use crate::compute::rules;
use crate::ctx::Caller;
use crate::extract::{Listing, Query};
use crate::policy::Rule;
use crate::reply::Reply;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use schemas::{Error, Result, Timestamp};
use store::compute::listing::{self, Filter, KEYS, Page};
use store::compute::servers::Server;
use store::compute::{change, hosts, servers};
use store::{Conn, Scope};
use wanted::{Tags, Wanted, expression, is_special, tags};

/// Answers a list; `All` is the rule for lists over all projects.
pub async fn list<All: Rule>(caller: &Caller, query: &Query, whole: bool) -> Reply {
    let most = settings(caller).max_limit;
    let keys: Vec<&str> = KEYS.iter().map(|key| key.0).collect();
    let listing = Listing::read(query, &keys, Some(most))?;
    let everybody = query.boolean("all_tenants")?.unwrap_or(false);
    let scope = match everybody {
        true => {
            must::<All>(caller)?;
            Scope::All
        }
        false => own(caller)?,
    };
    let (filter, wanted, host) = read(caller, query, everybody)?;
    let sort = listing.sort.iter().filter_map(|(name, ascending)| {
        let key = KEYS.iter().find(|key| key.0 == name)?;
        Some((key.1, *ascending))
    });
    let mut page = Page {
        scope,
        filter,
        sort: sort.collect(),
        marker: listing.marker.clone(),
        limit: listing.limit.unwrap_or(most),
    };
    if only_deleted(caller, query)? {
        page.limit = 0;
    }
    let view = View::new(caller);
    let (now, settings) = (caller.state().clock.now(), settings(caller).clone());
    let state = std::sync::Arc::clone(caller.state());
    let (items, last) = caller
        .read(move |conn| {
            let mut page = page.clone();
            if let Some(host) = &host {
                page.filter.host_ids = Some(hosts::named(conn, host)?);
            }
            if whole && wanted.is_nothing() {
                let heads = listing::heads(conn, &page)?;
                let ids = heads.iter().map(|head| head.host_id.as_ref());
                let facts = view.facts(conn, ids, now, &settings)?;
                let items = state
                    .rendered
                    .of(conn, &heads, &view, Place::List, &facts)?;
                return Ok((items, heads.last().map(|head| head.id.clone())));
            }
            let rows = rows(conn, &page, &wanted)?;
            let ids = rows.iter().map(|row| row.host_id.as_ref());
            let facts = view.facts(conn, ids, now, &settings)?;
            let items = rows
                .iter()
                .map(|row| match whole {
                    true => render(row, &view, Place::List, facts.of(row)),
                    false => view.short(row),
                })
                .collect::<Result<Vec<_>>>()?;
            Ok((items, rows.last().map(|row| row.id.clone())))
        })
        .await?;
    let next = listing.next(caller, items.len(), last.as_deref());
    Ok(json(rendered::list(&items, next.as_deref())?))
}

fn json(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(body)
}

fn rows(conn: &mut Conn, page: &Page, wanted: &Wanted) -> store::Result<Vec<Server>> {
    if wanted.is_nothing() {
        return listing::page(conn, page, None);
    }
    let keep = |row: &Server| wanted.matches(row).map_err(store::Fail::Told);
    listing::page(conn, page, Some(&keep))
}

/// Rows of deleted servers are not kept: whoever asks for them alone gets none.
fn only_deleted(caller: &Caller, query: &Query) -> Result<bool> {
    let status = query
        .all("status")
        .any(|word| word.eq_ignore_ascii_case("deleted"));
    if !caller.is_admin() {
        return match status {
            true => Err(Error::Forbidden(
                "Only administrators may list deleted instances".into(),
            )),
            false => Ok(false),
        };
    }
    Ok(status || query.boolean("deleted")?.unwrap_or(false))
}

/// What the query narrows by. What only operators may ask by is ignored for the others, as Nova
/// does.
fn read(
    caller: &Caller,
    query: &Query,
    everybody: bool,
) -> Result<(Filter, Wanted, Option<String>)> {
    let operator = caller.check::<rules::AllFilters>(&caller.own());
    let minor = minor(caller);
    let text = |name: &str| {
        query
            .get(name)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let from = |since: u16, name: &str| text(name).filter(|_| minor >= since);
    // Since 2.83 everybody may ask by these.
    let later = |name: &str| text(name).filter(|_| operator || minor >= 83);
    let alone = |name: &str| text(name).filter(|_| operator);
    let mut filter = Filter {
        image_id: text("image"),
        flavor_id: text("flavor"),
        zone: later("availability_zone"),
        user_id: later("user_id"),
        changed_since: time(query, "changes-since")?,
        changed_before: match minor {
            66.. => time(query, "changes-before")?,
            _ => None,
        },
        ..Filter::default()
    };
    if everybody {
        filter.project_id = alone("project_id").or_else(|| alone("tenant_id"));
    }
    if let Some(id) = alone("uuid") {
        filter.ids = Some(vec![id]);
    }
    if minor >= 73 {
        filter.locked = query.boolean("locked")?;
    }
    let statuses: Vec<String> = query.all("status").map(str::to_owned).collect();
    for word in &statuses {
        let states = states_with(word);
        if states.is_empty() {
            filter.ids = Some(Vec::new());
        }
        filter
            .vm_states
            .extend(states.into_iter().map(str::to_owned));
    }
    if let Some(state) = later("vm_state") {
        filter.vm_states = vec![state.to_lowercase()];
    }
    let mut wanted = Wanted {
        statuses,
        address: text("ip")
            .or_else(|| from(5, "ip6"))
            .map(|pattern| expression(&pattern))
            .transpose()?,
        task_state: later("task_state"),
        power_state: later("power_state").and_then(|number| number.parse().ok()),
        key_name: later("key_name"),
        reservation_id: text("reservation_id"),
        description: alone("description"),
        ..Wanted::default()
    };
    if let Some(name) = text("name") {
        if name.chars().all(|letter| !is_special(letter)) {
            filter.name_holds = Some(name.clone());
        }
        wanted.name = Some(expression(&name)?);
    }
    if minor >= 26 {
        wanted.tags = Tags {
            all: tags(query, "tags"),
            any: tags(query, "tags-any"),
            not_all: tags(query, "not-tags"),
            not_any: tags(query, "not-tags-any"),
        };
    }
    if let Some(metadata) = alone("metadata") {
        let items: std::collections::BTreeMap<String, String> = serde_json::from_str(&metadata)
            .map_err(|_| Error::BadRequest("metadata must be a JSON object of texts.".into()))?;
        wanted.metadata = items.into_iter().collect();
    }
    Ok((filter, wanted, alone("host").or_else(|| alone("node"))))
}

fn time(query: &Query, name: &str) -> Result<Option<i64>> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    Timestamp::parse(text)
        .map(|time| Some(time.0))
        .ok_or_else(|| Error::BadRequest(format!("Invalid {name} value: {text} is no time.")))
}

/// One server the caller may see.
///
/// # Errors
/// `NotFound`.
pub async fn one(caller: &Caller, id: String) -> Result<Server> {
    let scope = caller.scope();
    caller
        .read(move |conn| {
            let found = servers::get(conn, &scope, &id)?;
            found.ok_or_else(|| change::missing(&id))
        })
        .await
}

/// The JSON of one server the caller may see.
///
/// # Errors
/// `NotFound`.
pub async fn shown(caller: &Caller, id: String, place: Place) -> Result<rendered::Json> {
    let scope = caller.scope();
    let view = View::new(caller);
    let (now, settings) = (caller.state().clock.now(), settings(caller).clone());
    let state = std::sync::Arc::clone(caller.state());
    caller
        .read(move |conn| {
            let missing = || change::missing(&id);
            let head = [listing::head(conn, &scope, &id)?.ok_or_else(missing)?];
            let hosts = head.iter().map(|head| head.host_id.as_ref());
            let facts = view.facts(conn, hosts, now, &settings)?;
            let shown = state.rendered.of(conn, &head, &view, place, &facts)?;
            shown.into_iter().next().ok_or_else(missing)
        })
        .await
}

/// `{"server": …}`.
///
/// # Errors
/// `NotFound`.
pub async fn answer(caller: &Caller, id: String, place: Place) -> Reply {
    let shown = shown(caller, id, place).await?;
    Ok(json(rendered::one(&shown)))
}
