//! The query of a list of images: filters, order, page.

use crate::extract::{Listing, Query};
use schemas::image::Visibility;
use schemas::{Error, Result, Timestamp};
use std::str::FromStr;
use store::image::list::{Filter, MemberStatus, Op, Page, SortKey, Wanted};

/// Parameters that are about the list, not about the images.
const LISTING: [&str; 5] = ["limit", "marker", "sort", "sort_key", "sort_dir"];

/// Most conditions: each deepens the query, and databases bound its depth.
const MOST: usize = 128;

/// Reads what a list is narrowed by. What Glance does not know is a property.
pub(super) fn filter(query: &Query) -> Result<Filter> {
    let mut filter = Filter::default();
    if query.pairs().count() > MOST {
        return Err(Error::BadRequest(format!(
            "A list may be narrowed by {MOST} conditions at most."
        )));
    }
    for (key, value) in query.pairs() {
        match key {
            key if LISTING.contains(&key) => {}
            "visibility" => filter.visibility = visibility(value)?,
            "member_status" => filter.member_status = member_status(value)?,
            "os_hidden" => filter.hidden = boolean(key, value)?,
            "protected" => filter.protected = Some(boolean(key, value)?),
            "id" => filter.ids = Some(any_of(key, value)?),
            "name" => filter.names = Some(any_of(key, value)?),
            "status" => filter.statuses = Some(any_of(key, value)?),
            "container_format" => filter.container_formats = Some(any_of(key, value)?),
            "disk_format" => filter.disk_formats = Some(any_of(key, value)?),
            "owner" => filter.owner = Some(value.to_owned()),
            "checksum" => filter.checksum = Some(value.to_owned()),
            "os_hash_value" => filter.hash = Some(value.to_owned()),
            "tag" => filter.tags.push(value.to_owned()),
            "size_min" => filter.size_min = Some(number(key, value)?),
            "size_max" => filter.size_max = Some(number(key, value)?),
            "min_disk" => filter.min_disk = Some(number(key, value)?),
            "min_ram" => filter.min_ram = Some(number(key, value)?),
            "created_at" => filter.created_at.push(time(key, value)?),
            "updated_at" => filter.updated_at.push(time(key, value)?),
            "changes-since" => {
                return Err(Error::BadRequest(
                    "changes-since is not possible; use updated_at=gte:TIME.".into(),
                ));
            }
            _ => filter.properties.push((key.to_owned(), value.to_owned())),
        }
    }
    Ok(filter)
}

/// Reads which part of the list is wanted; `usual` images when the query does not say.
pub(super) fn page(query: &Query, usual: usize, most: usize) -> Result<Page> {
    let listing = Listing::read(query, &SortKey::NAMES, Some(most))?;
    let asked = query.get("limit").is_some_and(|limit| !limit.is_empty());
    let limit = if asked {
        listing.limit.unwrap_or(usual)
    } else {
        usual.min(most)
    };
    let sort = listing.sort.iter();
    Ok(Page {
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
        marker: listing.marker.clone(),
        sort: sort
            .filter_map(|(key, ascending)| Some((SortKey::parse(key)?, *ascending)))
            .collect(),
    })
}

/// The list's address with the same query, beginning after `marker`.
pub(super) fn link(query: &Query, marker: Option<&str>) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in query.pairs().filter(|(name, _)| *name != "marker") {
        pairs.append_pair(name, value);
    }
    if let Some(marker) = marker {
        pairs.append_pair("marker", marker);
    }
    match pairs.finish() {
        query if query.is_empty() => "/v2/images".into(),
        query => format!("/v2/images?{query}"),
    }
}

fn visibility(value: &str) -> Result<Wanted> {
    if value == "all" {
        return Ok(Wanted::All);
    }
    Visibility::parse(value).map(Wanted::Only).ok_or_else(|| {
        Error::BadRequest(format!(
            "Invalid visibility value: {value}; use public, private, shared, community or all."
        ))
    })
}

fn member_status(value: &str) -> Result<MemberStatus> {
    match value {
        "all" => Ok(MemberStatus::All),
        "pending" | "accepted" | "rejected" => Ok(MemberStatus::Only(value.to_owned())),
        _ => Err(Error::BadRequest(format!(
            "Invalid member_status {value}; use pending, accepted, rejected or all."
        ))),
    }
}

fn boolean(key: &str, value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Ok(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Ok(false),
        _ => Err(Error::BadRequest(format!(
            "{key}={value} is neither true nor false."
        ))),
    }
}

fn number<T: FromStr>(key: &str, value: &str) -> Result<T> {
    value
        .parse()
        .map_err(|_| Error::BadRequest(format!("{key}={value} is not a whole number.")))
}

fn time(key: &str, value: &str) -> Result<(Op, i64)> {
    let ops = [
        ("eq:", Op::Eq),
        ("neq:", Op::Neq),
        ("gte:", Op::Gte),
        ("gt:", Op::Gt),
        ("lte:", Op::Lte),
        ("lt:", Op::Lt),
    ];
    let found = ops
        .iter()
        .find_map(|(prefix, op)| Some((*op, value.strip_prefix(prefix)?)));
    let (op, text) = found.unwrap_or((Op::Eq, value));
    let at = Timestamp::parse(text).ok_or_else(|| {
        Error::BadRequest(format!(
            "{key}={value} is no time; write for example gt:2026-11-20T13:34:40Z."
        ))
    })?;
    Ok((op, at.0))
}

/// `in:a,"b, c"`, or one value.
fn any_of(key: &str, value: &str) -> Result<Vec<String>> {
    let Some(list) = value.strip_prefix("in:") else {
        return Ok(vec![value.to_owned()]);
    };
    let unclosed = || Error::BadRequest(format!("A quote in {key}={value} is not closed."));
    let mut items = Vec::new();
    let mut rest = list;
    loop {
        let item;
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"').ok_or_else(unclosed)?;
            (item, rest) = (inside, after);
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (item, rest) = rest.split_at(end);
        }
        items.push(item.to_owned());
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Ok(items),
            None => return Err(unclosed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Filter> {
        filter(&Query::parse(text).unwrap())
    }

    #[test]
    fn lists_of_values_may_be_quoted() {
        let names = |text| read(text).unwrap().names.unwrap();
        assert_eq!(names("name=a,b"), ["a,b"]);
        assert_eq!(names("name=in:a,b"), ["a", "b"]);
        assert_eq!(names("name=in:%22a,b%22,c"), ["a,b", "c"]);
        assert!(read("name=in:%22a").is_err());
    }

    #[test]
    fn times_come_with_operators() {
        let at = |text| read(text).unwrap().created_at;
        assert_eq!(at("created_at=1970-01-01T00:00:01Z"), [(Op::Eq, 1_000_000)]);
        assert_eq!(
            at("created_at=gte:1970-01-01T00:00:01Z"),
            [(Op::Gte, 1_000_000)]
        );
        assert!(read("created_at=gt:yesterday").is_err());
    }

    #[test]
    fn unknown_names_are_properties_and_wrong_values_are_refused() {
        assert_eq!(
            read("os_distro=busybox").unwrap().properties,
            [("os_distro".into(), "busybox".into())]
        );
        for wrong in [
            "visibility=x",
            "member_status=x",
            "os_hidden=x",
            "size_min=x",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_next_page_is_asked_with_the_same_query() {
        let query = Query::parse("limit=2&name=a b&marker=old").unwrap();
        assert_eq!(
            link(&query, Some("m")),
            "/v2/images?limit=2&name=a+b&marker=m"
        );
        assert_eq!(link(&Query::default(), None), "/v2/images");
        assert_eq!(page(&query, 100, 1000).unwrap().limit, 2);
        assert_eq!(page(&Query::default(), 100, 1000).unwrap().limit, 100);
    }
}
