//! Query parameters, decoded once; and the ones that every list understands.

use crate::call::Call;
use crate::route::Extract;
use percent_encoding::percent_decode_str;
use schemas::{Error, Result};
use std::str::FromStr;

/// The query's pairs in the order sent.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a query text.
    pub fn parse(text: &str) -> Result<Query> {
        let mut pairs = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            pairs.push((decode(name)?, decode(value)?));
        }
        Ok(Query(pairs))
    }

    /// The first value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All pairs.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A flag: there without a value, or with one that means yes.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|value| value.is_empty() || yes(value).unwrap_or(true))
    }

    /// A boolean in any of the spellings clients use; `None` when absent.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        if value.is_empty() {
            return Ok(Some(true));
        }
        let read = yes(value).ok_or_else(|| {
            Error::BadRequest(format!("{name}={value} is neither true nor false."))
        })?;
        Ok(Some(read))
    }

    /// A value of any type that reads from text; `None` when absent.
    pub fn value<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let read = value
            .parse()
            .map_err(|_| Error::BadRequest(format!("The value of {name}={value} is invalid.")))?;
        Ok(Some(read))
    }
}

fn yes(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Some(false),
        _ => None,
    }
}

fn decode(raw: &str) -> Result<String> {
    let spaced = raw.replace('+', " ");
    let text = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| Error::BadRequest("The query is not UTF-8 after percent-decoding.".into()))?;
    if text.contains('\0') {
        return Err(Error::BadRequest("The query holds a NUL character.".into()));
    }
    Ok(text.into_owned())
}

impl Extract for Query {
    async fn extract(call: &Call) -> Result<Self> {
        Query::parse(call.query_string())
    }
}

/// `limit`, `marker`, `sort_key`/`sort_dir` or `sort=key:dir`, and the way to the next page.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Most items to give; already cut to what the service allows. `None`: all.
    pub limit: Option<usize>,
    /// The last item of the page before.
    pub marker: Option<String>,
    /// Keys and whether ascending, most important first.
    pub sort: Vec<(String, bool)>,
}

impl Listing {
    /// Reads the parameters. `keys` are the keys that may be sorted by; `most` bounds a page.
    ///
    /// # Errors
    /// `BadRequest` for a limit that is no number, an unknown key or direction.
    pub fn read(query: &Query, keys: &[&str], most: Option<usize>) -> Result<Listing> {
        let limit = query.get("limit").filter(|text| !text.is_empty());
        let limit: Option<usize> = match limit {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                Error::BadRequest(format!("limit={text} must be a whole number, 0 or more."))
            })?),
        };
        let limit = match (limit, most) {
            (Some(limit), Some(most)) => Some(limit.min(most)),
            (limit, most) => limit.or(most),
        };
        let mut sort = Vec::new();
        for part in query.all("sort").flat_map(|value| value.split(',')) {
            let (key, dir) = part.split_once(':').unwrap_or((part, "asc"));
            sort.push((key.to_owned(), dir.to_owned()));
        }
        let dirs: Vec<&str> = query.all("sort_dir").collect();
        for (n, key) in query.all("sort_key").enumerate() {
            let dir = dirs.get(n).or(dirs.last()).copied().unwrap_or("desc");
            sort.push((key.to_owned(), dir.to_owned()));
        }
        let sort = sort
            .into_iter()
            .filter(|(key, _)| !key.is_empty())
            .map(|(key, dir)| {
                if !keys.contains(&key.as_str()) {
                    return Err(Error::BadRequest(format!(
                        "The list cannot be sorted by {key:?}."
                    )));
                }
                match dir.as_str() {
                    "asc" => Ok((key, true)),
                    "desc" => Ok((key, false)),
                    _ => Err(Error::BadRequest(format!(
                        "sort_dir={dir} is neither asc nor desc."
                    ))),
                }
            });
        let marker = query
            .get("marker")
            .filter(|marker| !marker.is_empty())
            .map(str::to_owned);
        Ok(Listing {
            limit,
            marker,
            sort: sort.collect::<Result<_>>()?,
        })
    }

    /// The address of the page after the one that ends with `last`: the request's own, with
    /// another marker. `None` when this page was not full.
    pub fn next(&self, call: &Call, items: usize, last: Option<&str>) -> Option<String> {
        let full = self.limit.is_some_and(|limit| limit > 0 && items >= limit);
        let last = last.filter(|_| full)?;
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        if let Ok(query) = Query::parse(call.query_string()) {
            for (name, value) in query.pairs().filter(|(name, _)| *name != "marker") {
                pairs.append_pair(name, value);
            }
        }
        pairs.append_pair("marker", last);
        Some(format!(
            "{}{}?{}",
            call.base(),
            call.http().path(),
            pairs.finish()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(text: &str) -> Result<Listing> {
        Listing::read(
            &Query::parse(text).unwrap(),
            &["name", "created_at"],
            Some(1000),
        )
    }

    #[test]
    fn flags_work_with_and_without_a_value() {
        let query = Query::parse("include_names&effective=True&x=False&y=0").unwrap();
        assert!(query.flag("include_names") && query.flag("effective"));
        assert!(!query.flag("x") && !query.flag("y") && !query.flag("z"));
    }

    #[test]
    fn sorting_is_read_in_both_spellings() {
        let sort = listing("sort_key=name&sort_key=created_at&sort_dir=asc")
            .unwrap()
            .sort;
        assert_eq!(sort, [("name".into(), true), ("created_at".into(), true)]);
        let sort = listing("sort=name:desc,created_at").unwrap().sort;
        assert_eq!(sort, [("name".into(), false), ("created_at".into(), true)]);
        assert!(listing("sort_key=password").is_err());
        assert!(listing("sort_key=name&sort_dir=up").is_err());
    }

    #[test]
    fn a_limit_is_a_number_and_bounded() {
        assert_eq!(listing("limit=0").unwrap().limit, Some(0));
        assert_eq!(listing("limit=99999").unwrap().limit, Some(1000));
        assert!(listing("limit=-1").is_err() && listing("limit=x").is_err());
    }

    #[test]
    fn what_cannot_be_text_is_refused() {
        assert!(Query::parse("name=%ff").is_err());
        assert!(Query::parse("name=%00").is_err());
        assert_eq!(
            Query::parse("name=a+b%26").unwrap().get("name"),
            Some("a b&")
        );
    }
}
