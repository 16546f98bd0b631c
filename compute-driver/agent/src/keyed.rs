//! One lock for each key, made when wanted and forgotten when free.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

/// Locks by key.
pub(crate) struct KeyedLocks<K> {
    locks: Mutex<HashMap<K, Arc<Lock<()>>>>,
}

impl<K> Default for KeyedLocks<K> {
    fn default() -> Self {
        let locks = Mutex::default();
        KeyedLocks { locks }
    }
}

impl<K: Hash + Eq + Clone> KeyedLocks<K> {
    /// Waits for its turn at the key.
    pub(crate) async fn lock(&self, key: &K) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            // Only this map holds a lock that nobody holds or awaits.
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            locks.entry(key.clone()).or_default().clone()
        };
        lock.lock_owned().await
    }
}
