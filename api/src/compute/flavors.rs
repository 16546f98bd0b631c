//! Flavors: `/flavors`, their extra specs and who may use them.

mod access;
mod extra_specs;
mod view;

use super::call::minor;
use super::list::Listed;
use super::{check, rules};
use crate::ctx::{Caller, Ctx};
use crate::extract::{Json, Listing, Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post, put};
use actix_web::HttpResponse;
use schemas::compute::flavor::{Create, CreateBody, UpdateBody};
use schemas::{Error, Result};
use store::compute::flavors::{self, Filter, Flavor, Sight};
use view::View;

/// The routes of flavors.
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        get("/flavors", index),
        get("/flavors/detail", detail),
        get("/flavors/{id}", show),
        post("/flavors", create),
        put("/flavors/{id}", update).since(2, 55),
        delete("/flavors/{id}", remove),
    ];
    routes.extend(extra_specs::routes());
    routes.extend(access::routes());
    routes
}

/// Which flavors the caller may see.
pub(super) fn sight(caller: &Caller) -> Sight {
    match caller.is_admin() {
        true => Sight::All,
        false => Sight::Project(
            caller
                .auth()
                .project()
                .map(|project| project.id.clone())
                .unwrap_or_default(),
        ),
    }
}

const KEYS: [&str; 12] = [
    "created_at",
    "updated_at",
    "flavorid",
    "id",
    "name",
    "memory_mb",
    "vcpus",
    "root_gb",
    "ephemeral_gb",
    "swap",
    "rxtx_factor",
    "disabled",
];

async fn index(ctx: Ctx<rules::Flavors>, query: Query) -> Reply {
    list(&ctx, &query, false).await
}

async fn detail(ctx: Ctx<rules::Flavors>, query: Query) -> Reply {
    list(&ctx, &query, true).await
}

async fn list(ctx: &Ctx<rules::Flavors>, query: &Query, whole: bool) -> Reply {
    let most = super::call::settings(ctx).max_limit;
    let listing = Listing::read(query, &KEYS, Some(most))?;
    let filter = filter(ctx, query)?;
    let sight = sight(ctx);
    let mut rows = ctx
        .read(move |conn| flavors::list(conn, &sight, &filter))
        .await?;
    sort(&mut rows, &listing);
    if let Some(marker) = &listing.marker {
        let at = rows.iter().position(|flavor| flavor.id == *marker);
        let at = at.ok_or_else(|| Error::BadRequest(format!("marker [{marker}] not found")))?;
        rows.drain(..=at);
    }
    rows.truncate(listing.limit.unwrap_or(most));
    let view = View::new(ctx);
    let items = rows
        .iter()
        .map(|flavor| match whole {
            true => view.whole(flavor),
            false => view.short(flavor),
        })
        .collect::<Result<Vec<_>>>()?;
    let next = listing.next(ctx, rows.len(), rows.last().map(|last| last.id.as_str()));
    reply::ok(&Listed {
        name: "flavors",
        items: &items,
        next,
    })
}

/// Only admins choose between public and other flavors; the rest see what they may use.
fn filter(caller: &Caller, query: &Query) -> Result<Filter> {
    let bound = |name: &str| -> Result<i64> {
        let number: Option<i64> = query.value(name)?;
        check::between(name, number.unwrap_or(0), 0, i64::MAX)
    };
    let is_public = match query.get("is_public") {
        _ if !caller.is_admin() => None,
        Some(word) if word.eq_ignore_ascii_case("none") => None,
        _ => Some(query.boolean("is_public")?.unwrap_or(true)),
    };
    Ok(Filter {
        is_public,
        min_disk: bound("minDisk")?,
        min_ram: bound("minRam")?,
    })
}

fn sort(rows: &mut [Flavor], listing: &Listing) {
    rows.sort_by(|a, b| {
        let mut order = std::cmp::Ordering::Equal;
        for (key, ascending) in &listing.sort {
            let by = match key.as_str() {
                "created_at" => a.created_at.cmp(&b.created_at),
                "updated_at" => a.updated_at.cmp(&b.updated_at),
                "name" => a.name.cmp(&b.name),
                "memory_mb" => a.ram_mb.cmp(&b.ram_mb),
                "vcpus" => a.vcpus.cmp(&b.vcpus),
                "root_gb" => a.disk_gb.cmp(&b.disk_gb),
                "ephemeral_gb" => a.ephemeral_gb.cmp(&b.ephemeral_gb),
                "swap" => a.swap_mb.cmp(&b.swap_mb),
                "rxtx_factor" => a.rxtx_factor.total_cmp(&b.rxtx_factor),
                "disabled" => a.disabled.cmp(&b.disabled),
                _ => a.id.cmp(&b.id),
            };
            order = order.then(if *ascending { by } else { by.reverse() });
        }
        order.then_with(|| a.id.cmp(&b.id))
    });
}

async fn show(ctx: Ctx<rules::Flavors>, Path(id): Path<String>) -> Reply {
    let flavor = find(&ctx, id).await?;
    reply::ok(&serde_json::json!({ "flavor": View::new(&ctx).whole(&flavor)? }))
}

/// The flavor, if the caller may see it.
pub(super) async fn find(caller: &Caller, id: String) -> Result<Flavor> {
    let sight = sight(caller);
    caller
        .read(move |conn| flavors::get(conn, &sight, &id)?.ok_or_else(|| flavors::missing(&id)))
        .await
}

async fn create(ctx: Ctx<rules::FlavorCreate>, Json(body): Json<CreateBody>) -> Reply {
    check::absent("description", &body.flavor.description, minor(&ctx), 55)?;
    let now = ctx.state().clock.now().0;
    let flavor = parse(body.flavor, now)?;
    let row = flavor.clone();
    ctx.store()
        .write(move |tx| flavors::insert(tx, &row))
        .await?;
    reply::ok(&serde_json::json!({ "flavor": View::new(&ctx).whole(&flavor)? }))
}

fn parse(wish: Create, now: i64) -> Result<Flavor> {
    const MOST: i64 = i32::MAX as i64;
    let id = match wish.id {
        Some(text) if text.0 != "auto" && !text.0.is_empty() => text.0,
        _ => uuid::Uuid::new_v4().to_string(),
    };
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "-_. ".contains(letter);
    if !id.chars().all(legal) || id.trim() != id {
        return Err(check::invalid(
            "id",
            "It must be made of letters, digits, '-', '_', '.' and ' ', and not begin or end with ' '.",
        ));
    }
    check::at_most("id", &id, 255)?;
    let rxtx_factor = match &wish.rxtx_factor {
        None => 1.0,
        Some(serde_json::Value::String(text)) => text.trim().parse().unwrap_or(f64::NAN),
        Some(value) => value.as_f64().unwrap_or(f64::NAN),
    };
    if !(rxtx_factor > 0.0 && rxtx_factor < 3.4e38) {
        return Err(check::invalid(
            "rxtx_factor",
            "It must be a number above 0.",
        ));
    }
    if let Some(text) = &wish.description {
        check::at_most("description", text, 65_535)?;
    }
    let optional = |field: &str, number: Option<schemas::compute::Number>| {
        check::between(field, number.unwrap_or_default().0, 0, MOST)
    };
    Ok(Flavor {
        name: check::name("name", &wish.name)?.to_owned(),
        vcpus: i32::try_from(check::between("vcpus", wish.vcpus.0, 1, MOST)?).unwrap_or(i32::MAX),
        ram_mb: check::between("ram", wish.ram.0, 1, MOST)?,
        disk_gb: check::between("disk", wish.disk.0, 0, MOST)?,
        ephemeral_gb: optional("OS-FLV-EXT-DATA:ephemeral", wish.ephemeral)?,
        swap_mb: optional("swap", wish.swap)?,
        rxtx_factor,
        is_public: i32::from(wish.is_public.is_none_or(|flag| flag.0)),
        disabled: 0,
        description: wish.description,
        extra_specs: "{}".into(),
        created_at: now,
        updated_at: None,
        id,
    })
}

async fn update(
    ctx: Ctx<rules::FlavorUpdate>,
    Path(id): Path<String>,
    Json(body): Json<UpdateBody>,
) -> Reply {
    if let Some(text) = &body.flavor.description {
        check::at_most("description", text, 65_535)?;
    }
    let flavor = ctx
        .store()
        .write(move |tx| {
            let found = flavors::get(tx, &Sight::All, &id)?;
            let mut flavor = found.ok_or_else(|| flavors::missing(&id))?;
            flavor.description = body.flavor.description.clone();
            flavors::update(tx, &mut flavor)?;
            Ok(flavor)
        })
        .await?;
    reply::ok(&serde_json::json!({ "flavor": View::new(&ctx).whole(&flavor)? }))
}

async fn remove(ctx: Ctx<rules::FlavorDelete>, Path(id): Path<String>) -> Reply {
    ctx.store()
        .write(move |tx| flavors::remove(tx, &id))
        .await?;
    Ok(HttpResponse::Accepted().finish())
}
