//! Crash points. Everything that changes the world outside a role's memory (a commit, a publish, a
//! call to an engine) passes one, so a test can end the role exactly before or after any of them.
//!
//! In production `Faults::none()` costs one branch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::Notify;

/// Which side of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The effect has not happened.
    Before,
    /// The effect has happened, nobody knows yet.
    After,
}

/// Counts a role's effects and ends it at a chosen one.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Inner>>);

struct Inner {
    passed: AtomicU64,
    crash_at: u64,
    side: Side,
    crashed: Notify,
    /// Whatever of the role is not dropped yet has no effect any more.
    dead: AtomicBool,
    seen: std::sync::Mutex<Vec<&'static str>>,
}

impl Faults {
    /// No faults: production.
    pub fn none() -> Faults {
        Faults(None)
    }

    /// Only counts, to learn how many crash points a story has.
    pub fn counting() -> Faults {
        Faults::crash_at(u64::MAX, Side::Before)
    }

    /// Ends the role at its `n`th effect (from 0), on this side of it.
    pub fn crash_at(n: u64, side: Side) -> Faults {
        Faults(Some(Arc::new(Inner {
            passed: AtomicU64::new(0),
            crash_at: n,
            side,
            crashed: Notify::new(),
            dead: AtomicBool::new(false),
            seen: Default::default(),
        })))
    }

    /// Runs one effect between its two crash points. After the crash there are no effects: what was
    /// dropped with the role may still try to tidy up, as no killed process can.
    pub async fn around<T>(&self, name: &'static str, effect: impl Future<Output = T>) -> T {
        let Some(inner) = &self.0 else {
            return effect.await;
        };
        if inner.dead.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        let n = inner.passed.fetch_add(1, Ordering::SeqCst);
        if let Ok(mut seen) = inner.seen.lock() {
            seen.push(name);
        }
        if n == inner.crash_at && inner.side == Side::Before {
            inner.die().await;
        }
        let result = effect.await;
        if n == inner.crash_at && inner.side == Side::After {
            inner.die().await;
        }
        result
    }

    /// Effects passed so far.
    pub fn passed(&self) -> u64 {
        self.0
            .as_ref()
            .map_or(0, |inner| inner.passed.load(Ordering::SeqCst))
    }

    /// Names of the effects passed so far, in order.
    pub fn seen(&self) -> Vec<&'static str> {
        let Some(inner) = &self.0 else {
            return Vec::new();
        };
        inner
            .seen
            .lock()
            .map(|seen| seen.clone())
            .unwrap_or_default()
    }

    /// Resolves when the chosen effect is reached: whoever supervises the role then drops its tasks.
    pub async fn crashed(&self) {
        match &self.0 {
            Some(inner) => inner.crashed.notified().await,
            None => std::future::pending().await,
        }
    }
}

impl Inner {
    async fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.crashed.notify_one();
        std::future::pending::<()>().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn who_is_dead_has_no_effects() {
        let faults = Faults::crash_at(1, Side::After);
        let mut done = 0;
        faults.around("first", async { done += 1 }).await;
        let moment = Duration::from_secs(1);
        let second = faults.around("second", async { done += 1 });
        assert!(timeout(moment, second).await.is_err());
        faults.crashed().await;
        let third = faults.around("third", async { done += 1 });
        assert!(timeout(moment, third).await.is_err());
        assert_eq!(done, 2);
        assert_eq!(faults.seen(), ["first", "second"]);
    }
}
