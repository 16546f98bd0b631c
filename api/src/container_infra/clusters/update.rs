//! Changes in the PATCH dialect. Of a cluster only the number of its workers may really change, the
//! kubeconfig of one that was adopted, and what somebody says of its health, which what is observed
//! overrules soon.

use super::{Face, asked, may_tell_health, owned, shown, view};
use crate::container_infra::call::{minor, of_2015};
use crate::container_infra::kubernetes::{self, Fresh};
use crate::container_infra::view::accepted;
use crate::container_infra::{Changes, Ident};
use crate::ctx::Pending;
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use schemas::container_infra::body::invalid;
use schemas::container_infra::cluster::{CHANGEABLE, counted, rules};
use schemas::container_infra::coe::Era;
use schemas::container_infra::field::Natural;
use schemas::container_infra::patch;
use schemas::{Error, Result};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use store::container_infra::adopted;
use store::container_infra::clusters;
use store::container_infra::operations::{self, Resize};

use super::loaded::Loaded;

/// What the changes come to.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    node_count: Option<i64>,
    health_status: Option<Option<String>>,
    health_reason: Option<BTreeMap<String, String>>,
}

pub(super) async fn update<F: Face>(
    pending: Pending<F::Update>,
    Path(ident): Path<Ident>,
    query: Query,
    body: Changes,
) -> Reply {
    let changes = body.read(&rules(F::ERA, of_2015(&pending)))?;
    may_roll_back(minor(&pending), &query)?;
    let (ctx, row) = owned(pending, ident).await?;
    may_tell_health(&ctx, &row)?;
    let id = row.id;
    let key = id.clone();
    let loaded = ctx.read(move |conn| Loaded::one(conn, &key)).await?;
    let before = document(view::whole(&ctx, F::ERA, &loaded)?);
    let mut after = before.clone();
    patch::apply(&mut after, &changes)?;
    let kubeconfig = kubernetes::other(&before, &mut after)?;
    let zero = F::ERA == Era::Modern && minor(&ctx) >= 10;
    let wanted = difference(&before, &after, zero)?;
    let fresh = match &kubeconfig {
        None => None,
        Some(_) if loaded.adopted.is_none() => return Err(adopted::unadopted(&loaded.cluster)),
        Some(text) => Some(Fresh::judged(ctx.state(), &id, text).await?),
    };
    let (asked, key) = (asked(&ctx), id.clone());
    ctx.store()
        .write(move |tx| {
            if let Some(fresh) = &fresh {
                adopted::renew(tx, &asked, &fresh.row, &fresh.fingerprint)?;
            }
            if wanted.health_status.is_some() || wanted.health_reason.is_some() {
                let found = clusters::get(tx, &asked.scope, &key)?;
                let mut row = found.ok_or_else(|| clusters::missing(&key))?;
                if let Some(status) = &wanted.health_status {
                    row.health_status.clone_from(status);
                }
                if let Some(reason) = &wanted.health_reason {
                    row.health_reason = serde_json::to_string(reason)?;
                }
                clusters::update(tx, &mut row)?;
            }
            let Some(node_count) = wanted.node_count else {
                return Ok(());
            };
            let resize = Resize {
                node_count,
                settled: true,
                ..Resize::default()
            };
            operations::resize(tx, &asked, &key, &resize)
        })
        .await?;
    match F::ERA == Era::Legacy && minor(&ctx) < 2 {
        true => reply::ok(&shown::<F>(&ctx, id).await?),
        false => accepted(&id),
    }
}

/// Going back to what was before a change that failed is not built.
fn may_roll_back(minor: u16, query: &Query) -> Result<()> {
    let Some(wanted) = query.boolean("rollback")? else {
        return Ok(());
    };
    if minor < 3 {
        return Err(Error::BadRequest(
            "Unknown argument: rollback. It is known since microversion 1.3.".into(),
        ));
    }
    match wanted {
        true => Err(Error::NotImplemented(
            "A change that failed is not undone by itself yet; leave rollback out, and resize again."
                .into(),
        )),
        false => Ok(()),
    }
}

/// What changes are made to: the view, without what no change may name.
fn document(view: Value) -> Map<String, Value> {
    let Value::Object(mut map) = view else {
        return Map::new();
    };
    map.retain(|field, _| !patch::PROTECTED.contains(&field.as_str()));
    map
}

fn difference(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    zero: bool,
) -> Result<Wanted> {
    for (field, was) in before {
        let is = after.get(field).unwrap_or(&Value::Null);
        if is != was && !CHANGEABLE.contains(&field.as_str()) {
            return Err(Error::BadRequest(format!(
                "Updating {field} is not possible; of a cluster node_count can be changed."
            )));
        }
    }
    let changed = |field: &str| {
        let is = after.get(field).unwrap_or(&Value::Null);
        (before.get(field) != Some(is)).then(|| is.clone())
    };
    let mut wanted = Wanted::default();
    if let Some(count) = changed("node_count") {
        // Removed, it is the default again.
        let count: Natural = match count {
            Value::Null => Natural::new(1).ok_or_else(|| Error::internal("1 is no number"))?,
            value => read("node_count", value)?,
        };
        counted(count, zero)?;
        // The same number in another form is no change.
        let same = before.get("node_count").and_then(Value::as_i64) == Some(count.get());
        wanted.node_count = (!same).then_some(count.get());
    }
    if let Some(status) = changed("health_status") {
        let status: Option<String> = read("health_status", status)?;
        let known = ["HEALTHY", "UNHEALTHY", "UNKNOWN"];
        if status
            .as_deref()
            .is_some_and(|status| !known.contains(&status))
        {
            return Err(invalid(
                "health_status",
                &format!("It is one of {}.", known.join(", ")),
            ));
        }
        wanted.health_status = Some(status);
    }
    if let Some(reason) = changed("health_status_reason") {
        let reason: Option<BTreeMap<String, String>> = read("health_status_reason", reason)?;
        wanted.health_reason = Some(reason.unwrap_or_default());
    }
    Ok(wanted)
}

fn read<T: serde::de::DeserializeOwned>(field: &str, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| invalid(field, &format!("Wrong: {error}.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wanted(after: Value) -> Result<Wanted> {
        let before = json!({ "name": "a", "node_count": 2, "health_status": null,
            "health_status_reason": {} });
        let map = |value: &Value| value.as_object().unwrap().clone();
        let mut changed = map(&before);
        for (field, value) in map(&after) {
            match value.is_null() {
                true => changed.remove(&field),
                false => changed.insert(field, value),
            };
        }
        difference(&map(&before), &changed, false)
    }

    #[test]
    fn only_the_number_of_workers_and_health_may_change() {
        let count = |after| wanted(after).map(|wanted| wanted.node_count);
        assert_eq!(count(json!({})), Ok(None));
        assert_eq!(count(json!({ "node_count": 3 })), Ok(Some(3)));
        assert_eq!(count(json!({ "node_count": "3" })), Ok(Some(3)));
        assert_eq!(count(json!({ "node_count": "2" })), Ok(None));
        assert_eq!(count(json!({ "node_count": null })), Ok(Some(1)));
        for refused in [
            json!({ "name": "b" }),
            json!({ "name": null }),
            json!({ "node_count": 0 }),
            json!({ "node_count": "many" }),
            json!({ "health_status": "FINE" }),
            json!({ "health_status_reason": { "a": [] } }),
        ] {
            let told = wanted(refused.clone());
            assert!(
                matches!(told, Err(Error::BadRequest(_))),
                "{refused}: {told:?}"
            );
        }
        let health =
            wanted(json!({ "health_status": "UNHEALTHY", "health_status_reason": { "a": "b" } }));
        let health = health.unwrap();
        assert_eq!(health.health_status, Some(Some("UNHEALTHY".into())));
        assert_eq!(health.health_reason.unwrap()["a"], "b");
    }
}
