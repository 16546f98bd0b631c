//! Tokens verified already, by the hash of their text; bounded, and split so that workers do not
//! wait for each other.

use crate::auth::Auth;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A verified token and the epoch it was looked up in.
#[derive(Clone)]
pub(super) struct Known {
    pub epoch: i64,
    pub auth: Arc<Auth>,
}

/// The hash that stands for a token: its text is not kept.
pub(super) type Key = [u8; 32];

pub(super) fn key(token: &str) -> Key {
    Sha256::digest(token.as_bytes()).into()
}

/// The cache. When its younger half is full, the older half is forgotten: what is used stays.
pub struct TokenCache {
    shards: Vec<Mutex<Shard>>,
    half: usize,
}

#[derive(Default)]
struct Shard {
    young: HashMap<Key, Known>,
    old: HashMap<Key, Known>,
}

const SHARDS: usize = 16;

impl TokenCache {
    /// A cache for about this many tokens.
    pub fn new(size: usize) -> TokenCache {
        TokenCache {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            half: (size / SHARDS / 2).max(1),
        }
    }

    fn shard(&self, key: &Key) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(usize::from(key[0]) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn get(&self, key: &Key) -> Option<Known> {
        let mut shard = self.shard(key)?;
        if let Some(known) = shard.young.get(key) {
            return Some(known.clone());
        }
        let known = shard.old.remove(key)?;
        shard.keep(*key, known.clone(), self.half);
        Some(known)
    }

    pub(super) fn put(&self, key: Key, known: Known) {
        if let Some(mut shard) = self.shard(&key) {
            shard.keep(key, known, self.half);
        }
    }
}

impl Shard {
    fn keep(&mut self, key: Key, known: Known, half: usize) {
        if self.young.len() >= half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Named, Person, TokenScope};

    fn known(epoch: i64) -> Known {
        let domain = Named {
            id: "default".into(),
            name: "Default".into(),
        };
        let user = Person {
            id: "u".into(),
            name: "u".into(),
            domain,
            password_expires_at: None,
        };
        Known {
            epoch,
            auth: Arc::new(Auth::new(user, TokenScope::Unscoped, Vec::new())),
        }
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let cache = TokenCache::new(SHARDS * 2 * 10);
        let favourite = key("favourite");
        cache.put(favourite, known(1));
        for n in 0..10_000 {
            cache.put(key(&n.to_string()), known(2));
            assert!(cache.get(&favourite).is_some());
        }
        let kept: usize = cache
            .shards
            .iter()
            .map(|shard| shard.lock().unwrap())
            .map(|shard| shard.young.len() + shard.old.len())
            .sum();
        assert!(kept <= SHARDS * 2 * 10, "{kept}");
    }
}
