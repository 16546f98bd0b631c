//! Lists (contract `magnum-v1.md` §5): `limit`, `marker`, `sort_key`, `sort_dir`, and the address of
//! the next page.

use super::call::settings;
use super::{bay, ident};
use crate::call::Call;
use crate::extract::Query;
use crate::reply::{self, Reply};
use schemas::{Error, Result};
use serde_json::{Value, json};
use std::cmp::Ordering;

/// The parameters of every list.
pub const PARAMETERS: &[&str] = &["limit", "marker", "sort_key", "sort_dir"];

/// The key that means the order of making.
const MADE: &str = "id";

/// The page asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Most items.
    pub limit: usize,
    /// The last item of the page before: a UUID, or what the list marks its items with.
    pub marker: Option<String>,
    /// What it is sorted by.
    pub key: String,
    /// From the least.
    pub ascending: bool,
    /// The bay whose things these are, as it was named: the pages that follow are of the same.
    pub bay: Option<String>,
}

impl Page {
    /// Reads the parameters. `keys` are the fields that may be sorted by, besides `id`.
    ///
    /// # Errors
    /// `BadRequest` for what is none of the possible values.
    pub fn read(call: &Call, query: &Query, keys: &[&str]) -> Result<Page> {
        let mut page = Page::marked(call, query, keys)?;
        page.marker = page.marker.as_deref().map(ident::uuid).transpose()?;
        Ok(page)
    }

    /// The same where a marker is no UUID.
    ///
    /// # Errors
    /// `BadRequest` for what is none of the possible values.
    pub fn marked(call: &Call, query: &Query, keys: &[&str]) -> Result<Page> {
        Page::parse(query, keys, settings(call).max_limit)
    }

    fn parse(query: &Query, keys: &[&str], most: usize) -> Result<Page> {
        let limit = match query.get("limit") {
            None => most,
            Some(text) => match text.parse::<i128>() {
                Ok(limit) if limit > 0 => usize::try_from(limit).unwrap_or(most).min(most),
                _ => {
                    return Err(Error::BadRequest(format!(
                        "limit={text} must be a whole number above 0."
                    )));
                }
            },
        };
        let key = query.get("sort_key").unwrap_or(MADE);
        if key != MADE && !keys.contains(&key) {
            return Err(Error::BadRequest(format!(
                "The sort_key value {key:?} is an invalid field for sorting."
            )));
        }
        let ascending = match query.get("sort_dir") {
            None | Some("asc") => true,
            Some("desc") => false,
            Some(other) => {
                return Err(Error::BadRequest(format!(
                    "Invalid sort direction: {other}. Acceptable values are 'asc' or 'desc'."
                )));
            }
        };
        Ok(Page {
            limit,
            marker: query.get("marker").map(str::to_owned),
            key: key.to_owned(),
            ascending,
            bay: query
                .get(bay::PARAMETER)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
        })
    }

    /// Is the list in the order of making? Then the database may give the page as it is.
    pub fn as_made(&self) -> bool {
        self.key == MADE
    }

    /// The page of these rows, which come in the order of their making. `mark` is what marks a row,
    /// `value` one of its fields.
    ///
    /// # Errors
    /// `NotFound` for a marker that marks none of them.
    pub fn arrange<T>(
        &self,
        mut rows: Vec<T>,
        mark: impl Fn(&T) -> String,
        value: impl Fn(&T, &str) -> Value,
    ) -> Result<Vec<T>> {
        if self.key != MADE {
            // A stable sort: what is equal stays in the order of making.
            rows.sort_by_cached_key(|row| Sorted(value(row, &self.key)));
        }
        if !self.ascending {
            rows.reverse();
        }
        if let Some(marker) = &self.marker {
            let at = rows.iter().position(|row| mark(row) == *marker);
            rows.drain(..=at.ok_or_else(unmarked)?);
        }
        rows.truncate(self.limit);
        Ok(rows)
    }

    /// 200 with [`Page::body`].
    pub fn listed(
        &self,
        call: &Call,
        collection: &str,
        path: &str,
        items: Vec<Value>,
        last: Option<String>,
    ) -> Reply {
        reply::ok(&self.body(call, collection, path, items, last))
    }

    /// The items under the collection's name, and `next` when the page is full. `path` is below `/v1`
    /// (`/clusters`, `/clusters/detail`); `last` marks the last item.
    pub fn body(
        &self,
        call: &Call,
        collection: &str,
        path: &str,
        items: Vec<Value>,
        last: Option<String>,
    ) -> Value {
        let full = items.len() >= self.limit;
        let mut body = json!({ collection: items });
        if let Some(last) = last.filter(|_| full) {
            let limit = self.limit.to_string();
            let direction = if self.ascending { "asc" } else { "desc" };
            let mut pairs = url::form_urlencoded::Serializer::new(String::new());
            if let Some(bay) = &self.bay {
                pairs.append_pair(bay::PARAMETER, bay);
            }
            let pairs = pairs
                .append_pair("sort_key", &self.key)
                .append_pair("sort_dir", direction)
                .append_pair("limit", &limit)
                .append_pair("marker", &last)
                .finish();
            body["next"] = format!("{}?{pairs}", call.url(path)).into();
        }
        body
    }
}

/// The marker marks none of the items.
pub fn unmarked() -> Error {
    Error::NotFound("The marker marks no item of this list; begin again without one.".into())
}

/// A value in an order of its own: nothing, then truths, numbers, texts, and the rest by its text.
struct Sorted(Value);

impl Sorted {
    fn rank(&self) -> u8 {
        match self.0 {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            _ => 4,
        }
    }
}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Number(a), Value::Number(b)) => a.as_i64().cmp(&b.as_i64()),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (a, b) => self
                .rank()
                .cmp(&other.rank())
                .then_with(|| match self.rank() {
                    4 => a.to_string().cmp(&b.to_string()),
                    _ => Ordering::Equal,
                }),
        }
    }
}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sorted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sorted {}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Result<Page> {
        Page::parse(&Query::parse(text).unwrap(), &["name", "size"], 1000)
    }

    fn arranged(text: &str) -> Result<Vec<u8>> {
        let rows = vec![
            (1, json!("b"), json!(10)),
            (2, json!(null), json!(9)),
            (3, json!("a"), json!(null)),
            (4, json!("b"), json!(9)),
        ];
        let mark = |row: &(u8, Value, Value)| row.0.to_string();
        let value = |row: &(u8, Value, Value), key: &str| match key {
            "name" => row.1.clone(),
            _ => row.2.clone(),
        };
        let rows = page(text)?.arrange(rows, mark, value)?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    #[test]
    fn a_limit_is_a_number_above_0_and_bounded() {
        assert_eq!(page("").unwrap().limit, 1000);
        assert_eq!(page("limit=7").unwrap().limit, 7);
        for most in ["limit=1001", "limit=99999999999999999999999"] {
            assert_eq!(page(most).unwrap().limit, 1000);
        }
        for bad in ["limit=0", "limit=-1", "limit=x", "limit=", "limit=1.5"] {
            assert!(page(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_known_keys_and_directions_sort() {
        for bad in ["sort_key=color", "sort_key=", "sort_dir=up", "sort_dir="] {
            assert!(page(bad).is_err(), "{bad}");
        }
        assert_eq!(arranged("").unwrap(), [1, 2, 3, 4]);
        assert_eq!(arranged("sort_dir=desc").unwrap(), [4, 3, 2, 1]);
        assert_eq!(arranged("sort_key=name").unwrap(), [2, 3, 1, 4]);
        assert_eq!(
            arranged("sort_key=name&sort_dir=desc").unwrap(),
            [4, 1, 3, 2]
        );
        assert_eq!(arranged("sort_key=size").unwrap(), [3, 2, 4, 1]);
    }

    #[test]
    fn pages_follow_each_other_without_a_gap() {
        for sort in [
            "",
            "&sort_dir=desc",
            "&sort_key=name",
            "&sort_key=size&sort_dir=desc",
        ] {
            let all = arranged(sort).unwrap();
            let mut seen = arranged(&format!("limit=2{sort}")).unwrap();
            let next = format!("limit=2&marker={}{sort}", seen[1]);
            seen.extend(arranged(&next).unwrap());
            assert_eq!(seen, all, "{sort}");
        }
        let missing = arranged("marker=9");
        assert!(matches!(missing, Err(Error::NotFound(_))));
    }
}
