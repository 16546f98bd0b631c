//! One queue of the memory broker: who waits, what waits, what is handed out and not yet settled.
//! Pure state; time is an argument.

use crate::message::{Message, Settle};
use crate::route::Bounds;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A message in a queue.
#[derive(Clone)]
pub(super) struct Stored {
    /// Place in the order of arrival, kept when the message returns.
    pub position: u64,
    pub message: Message,
    /// The waiting caller, for calls.
    pub caller: Option<u64>,
    pub expires: Option<Instant>,
    pub redelivered: bool,
}

struct Consumer {
    id: u64,
    /// Handed out, in order, not yet fetched.
    inbox: VecDeque<u64>,
    /// Handed out and not settled, by tag.
    unacked: BTreeMap<u64, Stored>,
    wake: Arc<Notify>,
}

pub(super) struct Queue {
    bounds: Bounds,
    ready: VecDeque<Stored>,
    ready_bytes: usize,
    consumers: Vec<Consumer>,
    /// Whose turn it is.
    turn: usize,
    next_tag: u64,
    idle_since: Instant,
}

impl Queue {
    pub(super) fn new(bounds: Bounds, now: Instant) -> Queue {
        Queue {
            bounds,
            ready: VecDeque::new(),
            ready_bytes: 0,
            consumers: Vec::new(),
            turn: 0,
            next_tag: 0,
            idle_since: now,
        }
    }

    /// Nobody has listened for longer than the queue may wait.
    pub(super) fn has_expired(&self, now: Instant) -> bool {
        let idle = self.consumers.is_empty();
        idle && self
            .bounds
            .expires
            .is_some_and(|length| self.idle_since + length <= now)
    }

    pub(super) fn vanishes_with_last_consumer(&self) -> bool {
        self.bounds.auto_delete
    }

    pub(super) fn has_consumers(&self) -> bool {
        !self.consumers.is_empty()
    }

    /// Takes a message in; `false` when the queue is full and refuses.
    pub(super) fn push(&mut self, mut stored: Stored, now: Instant) -> bool {
        self.drop_expired(now);
        let bytes = stored.message.body.len();
        let full = |queue: &Queue| {
            queue.ready.len() >= queue.bounds.max_length
                || queue.ready_bytes + bytes > queue.bounds.max_bytes
        };
        if self.bounds.refuse && full(self) {
            return false;
        }
        while full(self) {
            let Some(oldest) = self.ready.pop_front() else {
                break;
            };
            self.ready_bytes -= oldest.message.body.len();
        }
        let own = stored.message.expiration.map(|length| now + length);
        let general = self.bounds.ttl.map(|length| now + length);
        stored.expires = own.into_iter().chain(general).min();
        self.put_back(stored);
        true
    }

    /// Hands out what waits, each consumer in turn, as far as they may hold more.
    pub(super) fn dispatch(&mut self, now: Instant) {
        self.drop_expired(now);
        while !self.ready.is_empty() {
            let count = self.consumers.len();
            let prefetch = usize::from(self.bounds.prefetch);
            let free = (0..count)
                .map(|step| (self.turn + step) % count)
                .find(|index| self.consumers[*index].unacked.len() < prefetch);
            let Some(index) = free else { return };
            let Some(stored) = self.ready.pop_front() else {
                return;
            };
            self.ready_bytes -= stored.message.body.len();
            self.turn = index + 1;
            self.next_tag += 1;
            let consumer = &mut self.consumers[index];
            consumer.inbox.push_back(self.next_tag);
            consumer.unacked.insert(self.next_tag, stored);
            consumer.wake.notify_one();
        }
    }

    pub(super) fn add_consumer(&mut self, id: u64, wake: Arc<Notify>) {
        let consumer = Consumer {
            id,
            inbox: VecDeque::new(),
            unacked: BTreeMap::new(),
            wake,
        };
        self.consumers.push(consumer);
    }

    /// What it held returns.
    pub(super) fn remove_consumer(&mut self, id: u64, now: Instant) {
        let Some(index) = self.consumers.iter().position(|consumer| consumer.id == id) else {
            return;
        };
        let consumer = self.consumers.remove(index);
        self.turn = 0;
        self.take_back(consumer.unacked);
        if self.consumers.is_empty() {
            self.idle_since = now;
        }
    }

    /// The connections are gone: everything handed out returns, the consumers will be back.
    pub(super) fn disconnect(&mut self) {
        for index in 0..self.consumers.len() {
            let consumer = &mut self.consumers[index];
            consumer.inbox.clear();
            let unacked = std::mem::take(&mut consumer.unacked);
            self.take_back(unacked);
        }
        if self.bounds.auto_delete {
            self.ready.clear();
            self.ready_bytes = 0;
        }
    }

    /// The next message for this consumer, with its tag.
    pub(super) fn fetch(&mut self, consumer: u64) -> Option<(u64, Stored)> {
        let consumer = self.consumers.iter_mut().find(|one| one.id == consumer)?;
        let tag = consumer.inbox.pop_front()?;
        let stored = consumer.unacked.get(&tag)?.clone();
        Some((tag, stored))
    }

    pub(super) fn settle(&mut self, consumer: u64, tag: u64, how: Settle) {
        let found = self.consumers.iter_mut().find(|one| one.id == consumer);
        let Some(stored) = found.and_then(|consumer| consumer.unacked.remove(&tag)) else {
            return;
        };
        if how == Settle::Again {
            self.take_back(BTreeMap::from([(tag, stored)]));
        }
    }

    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn unacked(&self) -> usize {
        self.consumers
            .iter()
            .map(|consumer| consumer.unacked.len())
            .sum()
    }

    pub(super) fn drop_expired(&mut self, now: Instant) {
        let bytes = &mut self.ready_bytes;
        self.ready.retain(|stored| {
            let keep = stored.expires.is_none_or(|at| now < at);
            if !keep {
                *bytes -= stored.message.body.len();
            }
            keep
        });
    }

    fn take_back(&mut self, unacked: BTreeMap<u64, Stored>) {
        for (_, mut stored) in unacked {
            stored.redelivered = true;
            self.put_back(stored);
        }
    }

    fn put_back(&mut self, stored: Stored) {
        let at = self
            .ready
            .partition_point(|other| other.position <= stored.position);
        self.ready_bytes += stored.message.body.len();
        self.ready.insert(at, stored);
    }
}
