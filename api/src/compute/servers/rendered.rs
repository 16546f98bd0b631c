//! How servers looked when they were shown last: lists of servers that did not change read two short
//! columns of each and copy the rest.
//!
//! *Guarantees.* What is remembered is found again only by the same revision of the row, the same
//! microversion, rights, address of the service and state of the host; and there is never more of it
//! than a bound.

use super::view::{Place, View};
use crate::compute::hosts::{Fact, Facts};
use schemas::{Error, Result};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use store::compute::listing::{self, Head};
use store::compute::servers::Server;
use store::{Conn, Fail};

/// A server's JSON.
pub type Json = Arc<[u8]>;

/// Row, revision, and everything else a view depends on.
type Key = (String, i64, u64);

const SHARDS: usize = 16;

/// Remembered servers of one half of a shard; both halves of all shards are about 16 000, or 30 MiB.
const HALF: usize = 512;

/// The memory of one process.
#[derive(Default)]
pub struct Rendered {
    shards: [Mutex<Shard>; SHARDS],
    hash: RandomState,
}

/// When the younger half is full, the older half is forgotten: what is used stays.
#[derive(Default)]
struct Shard {
    young: HashMap<Key, Json>,
    old: HashMap<Key, Json>,
}

impl Rendered {
    fn with<T>(&self, key: &Key, act: impl FnOnce(&mut Shard) -> T) -> Option<T> {
        let place = usize::try_from(self.hash.hash_one(&key.0)).unwrap_or(0) % SHARDS;
        let shard = self.shards.get(place)?;
        Some(act(&mut shard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)))
    }

    fn get(&self, key: &Key) -> Option<Json> {
        self.with(key, |shard| {
            if let Some(json) = shard.young.get(key) {
                return Some(Arc::clone(json));
            }
            let json = shard.old.remove(key)?;
            shard.keep(key.clone(), Arc::clone(&json));
            Some(json)
        })?
    }

    fn put(&self, key: Key, json: Json) {
        let _ = self.with(&key.clone(), |shard| shard.keep(key, json));
    }

    fn key(&self, head: (&str, i64), view: &View, place: Place, host: Option<&Fact>) -> Key {
        let host = host.map(|host| (&host.hostname, host.status));
        let rest = self.hash.hash_one((view, place, host));
        (head.0.to_owned(), head.1, rest)
    }

    /// The JSON of these servers, in their order; without those that went meanwhile.
    pub fn of(
        &self,
        conn: &mut Conn,
        heads: &[Head],
        view: &View,
        place: Place,
        facts: &Facts,
    ) -> store::Result<Vec<Json>> {
        let fact = |host: &Option<String>| host.as_deref().and_then(|id| facts.get(id));
        let mut found: Vec<Option<Json>> = heads
            .iter()
            .map(|head| {
                let host = fact(&head.host_id);
                self.get(&self.key((&head.id, head.revision), view, place, host))
            })
            .collect();
        let missing: Vec<&str> = heads
            .iter()
            .zip(&found)
            .filter(|(_, known)| known.is_none())
            .map(|(head, _)| head.id.as_str())
            .collect();
        if !missing.is_empty() {
            let places: HashMap<&str, usize> = heads
                .iter()
                .enumerate()
                .map(|(place, head)| (head.id.as_str(), place))
                .collect();
            for row in listing::rows(conn, &missing)? {
                let host = fact(&row.host_id);
                let json = render(&row, view, place, host).map_err(Fail::Told)?;
                let key = self.key((&row.id, row.revision), view, place, host);
                self.put(key, Arc::clone(&json));
                if let Some(slot) = places
                    .get(row.id.as_str())
                    .and_then(|at| found.get_mut(*at))
                {
                    *slot = Some(json);
                }
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

impl Shard {
    fn keep(&mut self, key: Key, json: Json) {
        if self.young.len() >= HALF && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, json);
    }
}

/// One server's JSON.
///
/// # Errors
/// `Internal` when a column does not parse.
pub fn render(server: &Server, view: &View, place: Place, host: Option<&Fact>) -> Result<Json> {
    let whole = view.whole(server, place, host)?;
    let mut json = Vec::with_capacity(2048);
    serde_json::to_writer(&mut json, &whole).map_err(Error::internal)?;
    Ok(json.into())
}

/// A list's body from its items.
pub fn list(items: &[Json], next: Option<&str>) -> Result<Vec<u8>> {
    let length: usize = items.iter().map(|item| item.len() + 1).sum();
    let mut body = Vec::with_capacity(length + 512);
    body.extend_from_slice(b"{\"servers\":[");
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        body.extend_from_slice(item);
    }
    body.push(b']');
    if let Some(href) = next {
        let links = serde_json::json!([{ "rel": "next", "href": href }]);
        body.extend_from_slice(b",\"servers_links\":");
        serde_json::to_writer(&mut body, &links).map_err(Error::internal)?;
    }
    body.push(b'}');
    Ok(body)
}

/// The body of one server.
pub fn one(json: &Json) -> Vec<u8> {
    [b"{\"server\":", &**json, b"}"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let rendered = Rendered::default();
        let json: Json = Arc::from(&b"{}"[..]);
        let key = |n: usize| (n.to_string(), 1, 0);
        rendered.put(key(0), Arc::clone(&json));
        for n in 1..100_000 {
            rendered.put(key(n), Arc::clone(&json));
            assert!(rendered.get(&key(0)).is_some());
        }
        let size = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        };
        let kept: usize = rendered.shards.iter().map(size).sum();
        assert!(kept <= SHARDS * HALF * 2, "{kept}");
        assert!(
            rendered.get(&("0".into(), 2, 0)).is_none(),
            "another revision"
        );
    }

    #[test]
    fn a_list_is_its_items_between_brackets() {
        let item: Json = Arc::from(&b"{\"a\":1}"[..]);
        let body = list(&[Arc::clone(&item), item], Some("http://h/\"")).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(read["servers"].as_array().unwrap().len(), 2);
        assert_eq!(read["servers_links"][0]["href"], "http://h/\"");
        let empty: serde_json::Value = serde_json::from_slice(&list(&[], None).unwrap()).unwrap();
        assert_eq!(empty, serde_json::json!({ "servers": [] }));
    }
}
