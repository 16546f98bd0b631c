//! `/servers/{id}/os-instance-actions`: what was asked of a server, and the steps of it.

use super::list::one;
use crate::compute::call::{minor, settings};
use crate::compute::rules;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Listing, Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::{Error, Kind, Result, Timestamp};
use serde_json::{Value, json};
use store::compute::lives;
use store::events::{self, Event};

/// The routes of instance actions.
pub fn routes() -> Vec<Route> {
    vec![
        get("/servers/{id}/os-instance-actions", index),
        get("/servers/{id}/os-instance-actions/{request}", show),
    ]
}

/// All that happened to a server the caller may see; since 2.21 also to one that is gone.
async fn history(caller: &Caller, id: String) -> Result<Vec<Event>> {
    let scope = caller.scope();
    let target = id.clone();
    let (all, server) = caller
        .read(move |conn| {
            let all = events::of(conn, Kind::Server, &target)?;
            // What happens to guests of clusters has the same kind, and is not compute's to show.
            Ok((all, lives::known(conn, &target)?))
        })
        .await?;
    let first = all.first().filter(|_| server);
    let seen = first.is_some_and(|event| scope.sees(&event.project_id));
    if minor(caller) < 21 || !seen {
        one(caller, id).await?;
    }
    Ok(all)
}

/// The last sign of a request, and whether any step of it failed.
fn outcome(all: &[Event], request: &str) -> (i64, bool) {
    all.iter()
        .filter(|event| event.request_id == request)
        .fold((0, false), |(last, failed), event| {
            (last.max(event.at), failed || event.result == "Error")
        })
}

fn view(event: &Event, all: &[Event], minor: u16) -> Value {
    let (updated, failed) = outcome(all, &event.request_id);
    let mut view = json!({
        "action": event.action,
        "instance_uuid": event.object_id,
        "request_id": event.request_id,
        "user_id": event.user_id,
        "project_id": event.project_id,
        "start_time": Timestamp(event.at).naive(),
        "message": failed.then_some("Error"),
    });
    if minor >= 58 {
        view["updated_at"] = Timestamp(updated).naive().into();
    }
    view
}

async fn index(ctx: Ctx<rules::ActionsList>, Path(id): Path<String>, query: Query) -> Reply {
    let minor = minor(&ctx);
    let all = history(&ctx, id).await?;
    let mut listing = Listing::read(&query, &[], Some(settings(&ctx).max_limit))?;
    if minor < 58 {
        (listing.limit, listing.marker) = (None, None);
    }
    let time = |name: &str, since: u16| match query.get(name).filter(|_| minor >= since) {
        None => Ok(None),
        Some(text) => Timestamp::parse(text)
            .map(Some)
            .ok_or_else(|| Error::BadRequest(format!("Invalid {name} value: {text} is no time."))),
    };
    let (since, before) = (time("changes-since", 58)?, time("changes-before", 66)?);
    let mut asked: Vec<&Event> = all
        .iter()
        .filter(|event| event.phase == "request")
        .collect();
    asked.reverse();
    asked.retain(|event| {
        let updated = Timestamp(outcome(&all, &event.request_id).0);
        since.is_none_or(|since| updated >= since) && before.is_none_or(|before| updated <= before)
    });
    if let Some(marker) = &listing.marker {
        let at = asked.iter().position(|event| event.request_id == *marker);
        let at = at.ok_or_else(|| Error::BadRequest(format!("marker [{marker}] not found")))?;
        asked.drain(..=at);
    }
    asked.truncate(listing.limit.unwrap_or(usize::MAX));
    let items: Vec<Value> = asked.iter().map(|event| view(event, &all, minor)).collect();
    let last = asked.last().map(|event| event.request_id.as_str());
    if minor < 58 {
        return reply::ok(&json!({ "instanceActions": items }));
    }
    // Nova calls the way to the next page `links` here.
    let mut body = json!({ "instanceActions": items });
    if let Some(href) = listing.next(&ctx, asked.len(), last) {
        body["links"] = json!([{ "rel": "next", "href": href }]);
    }
    reply::ok(&body)
}

async fn show(ctx: Ctx<rules::ActionsShow>, Path((id, request)): Path<(String, String)>) -> Reply {
    let minor = minor(&ctx);
    let all = history(&ctx, id.clone()).await?;
    let action = all
        .iter()
        .find(|event| event.phase == "request" && event.request_id == request)
        .ok_or_else(|| {
            Error::NotFound(format!(
                "Action for request_id {request} on instance {id} not found"
            ))
        })?;
    let mut view = view(action, &all, minor);
    let own = ctx.own();
    let operator = ctx.check::<rules::ActionsEvents>(&own);
    let details = ctx.check::<rules::ActionsEventsDetails>(&own);
    if operator || minor >= 51 {
        let steps = all
            .iter()
            .filter(|event| event.request_id == request && event.phase != "request");
        let steps: Vec<Value> = steps
            .map(|step| {
                let at = Timestamp(step.at).naive();
                let mut view = json!({
                    "event": format!("compute_{}", step.phase),
                    "start_time": at,
                    "finish_time": (!step.result.is_empty()).then_some(&at),
                    "result": (!step.result.is_empty()).then_some(&step.result),
                    "traceback": Value::Null,
                });
                if minor >= 84 && (details || step.result == "Error") {
                    view["details"] = match step.message.as_str() {
                        "" => Value::Null,
                        text => text.into(),
                    };
                }
                view
            })
            .collect();
        view["events"] = steps.into();
    }
    reply::ok(&json!({ "instanceAction": view }))
}
