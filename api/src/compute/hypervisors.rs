//! Hypervisors: the hosts' engines, as operators see them.

mod view;

use super::call::{minor, settings};
use super::list::Listed;
use super::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Listing, Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::{Error, Result};
use serde_json::{Value, json};
use store::compute::hosts::{self, Host};
use store::compute::servers;
use view::View;

/// The routes of hypervisors.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-hypervisors", index),
        get("/os-hypervisors/detail", detail),
        get("/os-hypervisors/statistics", statistics).until(2, 87),
        get("/os-hypervisors/{id}", show),
        get("/os-hypervisors/{id}/uptime", uptime).until(2, 87),
        get("/os-hypervisors/{pattern}/search", search).until(2, 52),
        get("/os-hypervisors/{pattern}/servers", servers_of).until(2, 52),
    ]
}

/// The number a host has before 2.53, where ids were numbers: the same as often as it is asked for.
pub(super) fn number(id: &str) -> i64 {
    let uuid = uuid::Uuid::parse_str(id).unwrap_or(uuid::Uuid::nil());
    let low = uuid.as_u64_pair().1;
    i64::try_from(low & 0x7fff_ffff).unwrap_or(0)
}

/// A host by id, or before 2.53 by its number.
pub(super) async fn find(caller: &Caller, id: &str) -> Result<Host> {
    let (wanted, minor) = (id.to_owned(), minor(caller));
    let found = caller
        .read(move |conn| {
            if minor >= 53 {
                return hosts::machine(conn, &wanted);
            }
            let all = hosts::machines(conn)?;
            Ok(all
                .into_iter()
                .find(|host| number(&host.id).to_string() == wanted || host.id == wanted))
        })
        .await?;
    found.ok_or_else(|| Error::NotFound(format!("Compute host {id} could not be found.")))
}

async fn index(ctx: Ctx<rules::HypervisorsList>, query: Query) -> Reply {
    list(&ctx, &query, false).await
}

async fn detail(ctx: Ctx<rules::HypervisorsDetail>, query: Query) -> Reply {
    list(&ctx, &query, true).await
}

async fn list(caller: &Caller, query: &Query, whole: bool) -> Reply {
    let minor = minor(caller);
    let mut listing = Listing::read(query, &[], Some(settings(caller).max_limit))?;
    if minor < 33 {
        (listing.limit, listing.marker) = (None, None);
    }
    let mut rows = caller.read(hosts::machines).await?;
    if let Some(pattern) = query
        .get("hypervisor_hostname_pattern")
        .filter(|_| minor >= 53)
    {
        rows.retain(|host| host.hostname.contains(pattern));
        if rows.is_empty() {
            return Err(no_match(pattern));
        }
    }
    if let Some(marker) = &listing.marker {
        let at = rows
            .iter()
            .position(|host| host.id == *marker || number(&host.id).to_string() == *marker);
        let at = at.ok_or_else(|| Error::BadRequest(format!("marker [{marker}] not found")))?;
        rows.drain(..=at);
    }
    rows.truncate(listing.limit.unwrap_or(usize::MAX));
    let view = View::new(caller, with_servers(query, minor)?)
        .of(caller, &rows)
        .await?;
    let items = rows
        .iter()
        .map(|host| match whole {
            true => view.whole(host),
            false => Ok(view.short(host)),
        })
        .collect::<Result<Vec<_>>>()?;
    let last = rows.last().map(|host| match minor {
        53.. => host.id.clone(),
        _ => number(&host.id).to_string(),
    });
    reply::ok(&Listed {
        name: "hypervisors",
        items: &items,
        next: listing.next(caller, rows.len(), last.as_deref()),
    })
}

fn with_servers(query: &Query, minor: u16) -> Result<bool> {
    Ok(minor >= 53 && query.boolean("with_servers")?.unwrap_or(false))
}

fn no_match(pattern: &str) -> Error {
    Error::NotFound(format!(
        "No hypervisor matching '{pattern}' could be found."
    ))
}

async fn show(ctx: Ctx<rules::HypervisorsShow>, Path(id): Path<String>, query: Query) -> Reply {
    let host = find(&ctx, &id).await?;
    let view = View::new(&ctx, with_servers(&query, minor(&ctx))?);
    let view = view.of(&ctx, std::slice::from_ref(&host)).await?;
    reply::ok(&json!({ "hypervisor": view.whole(&host)? }))
}

async fn uptime(ctx: Ctx<rules::HypervisorsUptime>, Path(id): Path<String>) -> Reply {
    let host = find(&ctx, &id).await?;
    let view = View::new(&ctx, false);
    let mut shown = view.short(&host);
    shown["uptime"] = view::uptime(&host)?.into();
    reply::ok(&json!({ "hypervisor": shown }))
}

async fn statistics(ctx: Ctx<rules::HypervisorsStatistics>) -> Reply {
    let rows = ctx.read(hosts::machines).await?;
    reply::ok(&json!({ "hypervisor_statistics": view::statistics(&rows)? }))
}

async fn search(ctx: Ctx<rules::HypervisorsSearch>, Path(pattern): Path<String>) -> Reply {
    let mut rows = ctx.read(hosts::machines).await?;
    rows.retain(|host| host.hostname.contains(&pattern));
    if rows.is_empty() {
        return Err(no_match(&pattern));
    }
    let view = View::new(&ctx, false);
    let list: Vec<Value> = rows.iter().map(|host| view.short(host)).collect();
    reply::ok(&json!({ "hypervisors": list }))
}

async fn servers_of(ctx: Ctx<rules::HypervisorsServers>, Path(pattern): Path<String>) -> Reply {
    let mut rows = ctx.read(hosts::machines).await?;
    rows.retain(|host| host.hostname.contains(&pattern));
    if rows.is_empty() {
        return Err(no_match(&pattern));
    }
    let view = View::new(&ctx, true).of(&ctx, &rows).await?;
    let list: Vec<Value> = rows.iter().map(|host| view.short(host)).collect();
    reply::ok(&json!({ "hypervisors": list }))
}

/// Ids and names of the servers on these hosts.
async fn servers_on(caller: &Caller, hosts: &[Host]) -> Result<Vec<Vec<(String, String)>>> {
    let ids: Vec<String> = hosts.iter().map(|host| host.id.clone()).collect();
    caller
        .read(move |conn| {
            ids.iter()
                .map(|id| servers::names_on(conn, id))
                .collect::<store::Result<Vec<_>>>()
        })
        .await
}
