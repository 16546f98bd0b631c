//! `/os-simple-tenant-usage`: what projects used over a time.

use super::call::{minor, settings};
use super::rules;
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Listing, Path, Query};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, get};
use schemas::{Error, Result, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use store::compute::lives::{self, Life};

/// The routes of usage.
pub fn routes() -> Vec<Route> {
    vec![
        get("/os-simple-tenant-usage", index),
        get("/os-simple-tenant-usage/{project}", show),
    ]
}

/// The time asked about when the query does not say.
const FOUR_WEEKS: Duration = Duration::from_secs(28 * 86_400);

struct Period {
    from: Timestamp,
    until: Timestamp,
    now: Timestamp,
}

impl Period {
    fn read(caller: &Caller, query: &Query) -> Result<Period> {
        let now = caller.state().clock.now();
        let time = |name: &str| match query.get(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => Timestamp::parse(text).map(Some).ok_or_else(|| {
                Error::BadRequest(format!("Datetime is in invalid format: {name}={text}"))
            }),
        };
        let until = time("end")?.unwrap_or(now);
        let from = time("start")?.unwrap_or(until - FOUR_WEEKS);
        match from > until {
            true => Err(Error::BadRequest(
                "Invalid start time. The start time cannot occur after the end time.".into(),
            )),
            false => Ok(Period { from, until, now }),
        }
    }

    /// Hours of the period in which a server existed.
    fn hours(&self, life: &Life) -> f64 {
        let begin = Timestamp(life.started_at).max(self.from);
        let end = Timestamp(life.ended_at.unwrap_or(self.now.0)).min(self.until);
        end.since(begin).as_secs_f64() / 3600.0
    }

    fn server(&self, life: &Life) -> Value {
        let end = Timestamp(life.ended_at.unwrap_or(self.now.0));
        json!({
            "instance_id": life.server_id,
            "name": life.name,
            "hours": self.hours(life),
            "memory_mb": life.ram_mb,
            "vcpus": life.vcpus,
            "local_gb": life.disk_gb,
            "flavor": life.flavor,
            "tenant_id": life.project_id,
            "started_at": Timestamp(life.started_at).naive(),
            "ended_at": life.ended_at.map(|at| Timestamp(at).naive()),
            "uptime": end.since(Timestamp(life.started_at)).as_secs(),
            "state": if life.ended_at.is_some() { "terminated" } else { "active" },
        })
    }

    fn project(&self, project: &str, lives: &[&Life], detailed: bool) -> Value {
        let sum = |of: fn(&Life) -> i64| {
            let lives = lives.iter();
            lives
                .map(|life| self.hours(life) * of(life) as f64)
                .sum::<f64>()
        };
        let mut view = json!({
            "tenant_id": project,
            "start": self.from.naive(),
            "stop": self.until.naive(),
            "total_hours": sum(|_| 1),
            "total_local_gb_usage": sum(|life| life.disk_gb),
            "total_memory_mb_usage": sum(|life| life.ram_mb),
            "total_vcpus_usage": sum(|life| life.vcpus),
        });
        if detailed {
            let servers = lives.iter().map(|life| self.server(life));
            view["server_usages"] = servers.collect::<Vec<_>>().into();
        }
        view
    }
}

/// The page of servers that is asked for; all of them before 2.40.
fn page(
    caller: &Caller,
    query: &Query,
    mut lives: Vec<Life>,
) -> Result<(Vec<Life>, Option<String>)> {
    if minor(caller) < 40 {
        return Ok((lives, None));
    }
    let most = settings(caller).max_limit;
    let listing = Listing::read(query, &[], Some(most))?;
    if let Some(marker) = &listing.marker {
        let at = lives.iter().position(|life| life.server_id == *marker);
        let at = at.ok_or_else(|| Error::BadRequest(format!("marker [{marker}] not found")))?;
        lives.drain(..=at);
    }
    lives.truncate(listing.limit.unwrap_or(most));
    let last = lives.last().map(|life| life.server_id.as_str());
    let next = listing.next(caller, lives.len(), last);
    Ok((lives, next))
}

async fn index(ctx: Ctx<rules::UsageList>, query: Query) -> Reply {
    let period = Period::read(&ctx, &query)?;
    let detailed = query.get("detailed").is_some_and(|text| text == "1");
    let (from, until) = (period.from.0, period.until.0);
    let all = ctx
        .read(move |conn| lives::within(conn, None, from, until))
        .await?;
    let (all, next) = page(&ctx, &query, all)?;
    let mut projects: BTreeMap<&str, Vec<&Life>> = BTreeMap::new();
    for life in &all {
        projects.entry(&life.project_id).or_default().push(life);
    }
    let list: Vec<Value> = projects
        .iter()
        .map(|(project, lives)| period.project(project, lives, detailed))
        .collect();
    let mut body = json!({ "tenant_usages": list });
    if let Some(href) = next {
        body["tenant_usages_links"] = json!([{ "rel": "next", "href": href }]);
    }
    reply::ok(&body)
}

async fn show(
    pending: Pending<rules::UsageShow>,
    Path(project): Path<String>,
    query: Query,
) -> Reply {
    let ctx = pending.authorize(&Target::project(&project))?;
    let period = Period::read(&ctx, &query)?;
    let (from, until, id) = (period.from.0, period.until.0, project.clone());
    let all = ctx
        .read(move |conn| lives::within(conn, Some(&id), from, until))
        .await?;
    let (all, next) = page(&ctx, &query, all)?;
    let lives: Vec<&Life> = all.iter().collect();
    let mut body = match lives.is_empty() {
        true => json!({ "tenant_usage": {} }),
        false => json!({ "tenant_usage": period.project(&project, &lives, true) }),
    };
    if let Some(href) = next {
        body["tenant_usage_links"] = json!([{ "rel": "next", "href": href }]);
    }
    reply::ok(&body)
}
