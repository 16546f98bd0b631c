//! Identity's lists: filtered by any attribute that is shown, paged by `limit` and `marker`, with
//! `links` as Keystone writes them.

use crate::call::Call;
use crate::extract::{Listing, Query};
use crate::reply::{self, Reply};
use schemas::{Error, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Parameters that are no attribute.
const RESERVED: &[&str] = &[
    "limit",
    "marker",
    "sort_key",
    "sort_dir",
    "sort",
    "tags",
    "tags-any",
    "not-tags",
    "not-tags-any",
    "effective",
    "include_names",
    "include_subtree",
    "nocatalog",
];

/// A list under `key`.
///
/// # Errors
/// `BadRequest` for wrong parameters, `NotFound` for an unknown marker.
pub fn collection<T: Serialize>(call: &Call, query: &Query, key: &str, items: Vec<T>) -> Reply {
    let most = call.state().settings.list_limit;
    let listing = Listing::read(query, &["id", "name", "type", "created_at"], most)?;
    let mut shown = Vec::with_capacity(items.len());
    for item in items {
        let item = serde_json::to_value(item).map_err(Error::internal)?;
        if matches(&item, query) {
            shown.push(item);
        }
    }
    for (key, ascending) in listing.sort.iter().rev() {
        shown.sort_by_key(|item| item[key.as_str()].as_str().unwrap_or_default().to_owned());
        if !ascending {
            shown.reverse();
        }
    }
    let page = page(shown, &listing)?;
    let last = page.last().and_then(|item| item["id"].as_str());
    let next = listing.next(call, page.len(), last);
    let mut body = Map::new();
    let links = json!({ "next": next, "previous": null, "self": own_address(call) });
    body.insert("links".into(), links);
    body.insert(key.into(), Value::Array(page));
    reply::ok(&body)
}

fn own_address(call: &Call) -> String {
    let address = call.base().join(call.http().path());
    match call.query_string() {
        "" => address,
        query => format!("{address}?{query}"),
    }
}

fn page(mut items: Vec<Value>, listing: &Listing) -> Result<Vec<Value>> {
    if let Some(marker) = &listing.marker {
        let at = items
            .iter()
            .position(|item| item["id"].as_str() == Some(marker));
        let at = at.ok_or_else(|| Error::not_found("Marker", marker))?;
        items.drain(..=at);
    }
    items.truncate(listing.limit.unwrap_or(usize::MAX));
    Ok(items)
}

fn matches(item: &Value, query: &Query) -> bool {
    let plain = query
        .pairs()
        .filter(|(name, _)| !RESERVED.contains(name))
        .all(|(name, wanted)| {
            let (attribute, how) = name.split_once("__").unwrap_or((name, "equals"));
            match item.get(attribute) {
                None => true,
                Some(value) => compare(value, how, wanted),
            }
        });
    plain && tags_match(item, query)
}

fn compare(value: &Value, how: &str, wanted: &str) -> bool {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => {
            let asked = matches!(wanted.to_ascii_lowercase().as_str(), "true" | "1" | "");
            return *flag == asked;
        }
        Value::Null => return wanted.is_empty() || wanted.eq_ignore_ascii_case("null"),
        other => other.to_string(),
    };
    let (lower, asked) = (text.to_lowercase(), wanted.to_lowercase());
    match how {
        "contains" => text.contains(wanted),
        "icontains" => lower.contains(&asked),
        "startswith" => text.starts_with(wanted),
        "istartswith" => lower.starts_with(&asked),
        "endswith" => text.ends_with(wanted),
        "iendswith" => lower.ends_with(&asked),
        "iexact" => lower == asked,
        _ => text == wanted,
    }
}

fn tags_match(item: &Value, query: &Query) -> bool {
    let Some(tags) = item.get("tags").and_then(Value::as_array) else {
        return true;
    };
    let has = |tag: &str| tags.iter().any(|own| own.as_str() == Some(tag));
    let split = |name: &str| {
        query
            .get(name)
            .map(|list| list.split(',').collect::<Vec<_>>())
    };
    split("tags").is_none_or(|list| list.iter().all(|tag| has(tag)))
        && split("tags-any").is_none_or(|list| list.iter().any(|tag| has(tag)))
        && split("not-tags").is_none_or(|list| !list.iter().all(|tag| has(tag)))
        && split("not-tags-any").is_none_or(|list| !list.iter().any(|tag| has(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_exact_unless_they_say_otherwise() {
        let item = json!({ "name": "Ann", "enabled": true, "tags": ["a", "b"], "email": null });
        let hit = |text: &str| matches(&item, &Query::parse(text).unwrap());
        assert!(hit("name=Ann") && !hit("name=ann") && !hit("name=An"));
        assert!(hit("name__icontains=aN") && hit("name__startswith=A") && !hit("name__contains=X"));
        assert!(hit("enabled=True") && hit("enabled") && !hit("enabled=false"));
        assert!(hit("tags=a,b") && !hit("tags=a,c") && hit("tags-any=c,a"));
        assert!(!hit("not-tags-any=c,a") && hit("not-tags=a,c"));
        assert!(hit("unknown=1&limit=3"));
    }
}
