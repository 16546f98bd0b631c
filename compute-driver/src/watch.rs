//! Since when an engine's happenings are heard of without a gap.
//!
//! An engine that is stopped asks its containers to end, and a well-behaved program ends with status
//! 0, just as one whose work is done. Only who was watching can tell the two apart: an engine that
//! goes down stops telling before it stops its containers. So the status of an end that nobody
//! watched says nothing, and drivers leave it out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by a driver and its streams of happenings. `T` is a point in time by the engine's clock.
#[derive(Clone)]
pub(crate) struct Watch<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    /// `None`: nobody listens.
    since: Option<T>,
    /// Counts the streams: one that ends late does not end the watch of the next.
    stream: u64,
}

/// The watch goes on while it lives: it belongs into the stream.
pub(crate) struct Watching<T> {
    watch: Watch<T>,
    stream: u64,
}

impl<T> Default for Watch<T> {
    fn default() -> Self {
        Watch(Arc::new(Mutex::new(State {
            since: None,
            stream: 0,
        })))
    }
}

impl<T> Watch<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream tells all that happens from now on.
    pub fn begin(&self, now: T) -> Watching<T> {
        let mut state = self.state();
        state.since = Some(now);
        state.stream += 1;
        Watching {
            watch: Watch(self.0.clone()),
            stream: state.stream,
        }
    }
}

impl<T: PartialOrd> Watch<T> {
    /// Was somebody listening at that time, and ever since?
    pub fn saw(&self, at: T) -> bool {
        self.state()
            .since
            .as_ref()
            .is_some_and(|since| *since <= at)
    }
}

impl<T> Drop for Watching<T> {
    fn drop(&mut self) {
        let mut state = self.watch.state();
        if state.stream == self.stream {
            state.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_before_a_gap_was_not_seen_after_it() {
        let watch = Watch::default();
        assert!(!watch.saw(1), "nobody listened yet");
        let first = watch.begin(5);
        assert!(!watch.saw(4) && watch.saw(5) && watch.saw(9));
        let second = watch.begin(7);
        drop(first);
        assert!(!watch.saw(6) && watch.saw(7), "the second goes on");
        drop(second);
        assert!(!watch.saw(9));
    }
}
