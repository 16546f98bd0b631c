//! The memory broker's state behind one lock, and the rules by which messages move in it.

use super::queue::{Queue, Stored};
use super::{BrokerStats, Fate};
use crate::message::{Message, Settle};
use crate::route::{Queue as QueueName, Route};
use bytes::Bytes;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

pub(super) type Chaos = Box<dyn Fn(u64, &Route) -> Fate + Send + Sync>;

pub(super) struct Broker {
    state: Mutex<State>,
    chaos: Option<Chaos>,
    /// How often a connection was made; even one broker has several lives.
    pub(super) connections: watch::Sender<u64>,
    pub(super) up: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    queues: BTreeMap<QueueName, Queue>,
    calls: HashMap<u64, oneshot::Sender<Bytes>>,
    listeners: Vec<mpsc::Sender<(String, Value)>>,
    /// Consumers, positions and calls are numbered from here.
    last_number: u64,
    published: u64,
    lost: u64,
    delayed: usize,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NoSuchQueue,
    Full,
}

impl Broker {
    pub(super) fn new(chaos: Option<Chaos>) -> Broker {
        Broker {
            state: Mutex::default(),
            chaos,
            connections: watch::Sender::new(1),
            up: watch::Sender::new(true),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Takes a message and moves it as its fate will have it.
    pub(super) fn publish(
        self: &Arc<Self>,
        route: &Route,
        message: Message,
        caller: Option<u64>,
    ) -> Result<(), Refused> {
        let number = {
            let mut state = self.lock();
            if let Some(name) = route.queue()
                && state.queue(name).is_none()
            {
                return Err(Refused::NoSuchQueue);
            }
            state.published += 1;
            state.published - 1
        };
        let fate = self
            .chaos
            .as_ref()
            .map_or(Fate::Deliver, |chaos| chaos(number, route));
        match fate {
            Fate::Deliver => self.arrive(route, message, caller),
            Fate::Drop => {
                self.lock().lost += 1;
                Ok(())
            }
            // Nothing sends a call or its answer twice, so no broker can double them.
            Fate::Twice if matches!(route, Route::Call(_) | Route::Reply) => {
                self.arrive(route, message, caller)
            }
            Fate::Twice => {
                self.arrive(route, message.clone(), caller)?;
                self.arrive(route, message, caller)
            }
            Fate::Delay(length) => {
                self.lock().delayed += 1;
                let (broker, route) = (self.clone(), route.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(length).await;
                    broker.lock().delayed -= 1;
                    if broker.arrive(&route, message, caller).is_err() {
                        broker.lock().lost += 1;
                    }
                });
                Ok(())
            }
        }
    }

    fn arrive(&self, route: &Route, message: Message, caller: Option<u64>) -> Result<(), Refused> {
        let mut state = self.lock();
        if let Some(name) = route.queue() {
            let (now, position) = (Instant::now(), state.number());
            let stored = Stored {
                position,
                message,
                caller,
                expires: None,
                redelivered: false,
            };
            let queue = state.queue(name).ok_or(Refused::NoSuchQueue)?;
            if !queue.push(stored, now) {
                return Err(Refused::Full);
            }
            if self.is_up() {
                queue.dispatch(now);
            }
        } else if let Route::Notification(key) = route {
            let value: Value = serde_json::from_slice(&message.body).unwrap_or_default();
            state.listeners.retain(|listener| {
                let sent = listener.try_send((key.clone(), value.clone()));
                !matches!(sent, Err(mpsc::error::TrySendError::Closed(_)))
            });
        } else if let Some(waiting) = caller.and_then(|caller| state.calls.remove(&caller)) {
            // A caller that has given up is as good as answered.
            let _ = waiting.send(message.body);
        }
        Ok(())
    }

    pub(super) fn start_call(&self) -> (u64, oneshot::Receiver<Bytes>) {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        let number = state.number();
        state.calls.insert(number, sender);
        (number, receiver)
    }

    pub(super) fn end_call(&self, number: u64) {
        self.lock().calls.remove(&number);
    }

    pub(super) fn subscribe(&self, name: QueueName) -> (u64, Arc<Notify>) {
        let now = Instant::now();
        let mut state = self.lock();
        let (number, wake) = (state.number(), Arc::new(Notify::new()));
        let queue = state.make_queue(name, now);
        queue.add_consumer(number, wake.clone());
        if self.is_up() {
            queue.dispatch(now);
        }
        (number, wake)
    }

    pub(super) fn unsubscribe(&self, name: QueueName, consumer: u64) {
        let now = Instant::now();
        let mut state = self.lock();
        let Some(queue) = state.queue(name) else {
            return;
        };
        queue.remove_consumer(consumer, now);
        if queue.vanishes_with_last_consumer() && !queue.has_consumers() {
            state.queues.remove(&name);
        } else if self.is_up() {
            queue.dispatch(now);
        }
    }

    pub(super) fn fetch(&self, name: QueueName, consumer: u64) -> Option<(u64, Stored)> {
        self.lock().queue(name)?.fetch(consumer)
    }

    pub(super) fn settle(&self, name: QueueName, consumer: u64, tag: u64, how: Settle) {
        let mut state = self.lock();
        let Some(queue) = state.queue(name) else {
            return;
        };
        queue.settle(consumer, tag, how);
        if self.is_up() {
            queue.dispatch(Instant::now());
        }
    }

    pub(super) fn listen(&self) -> mpsc::Receiver<(String, Value)> {
        let (sender, receiver) = mpsc::channel(1024);
        self.lock().listeners.push(sender);
        receiver
    }

    pub(super) fn stop(&self) {
        if self.up.send_replace(false) {
            let mut state = self.lock();
            state.calls.clear();
            state.queues.values_mut().for_each(Queue::disconnect);
        }
    }

    pub(super) fn start(&self) {
        if !self.up.send_replace(true) {
            let now = Instant::now();
            self.lock()
                .queues
                .values_mut()
                .for_each(|queue| queue.dispatch(now));
            self.connections.send_modify(|count| *count += 1);
        }
    }

    pub(super) fn stats(&self) -> BrokerStats {
        let now = Instant::now();
        let mut state = self.lock();
        state
            .queues
            .values_mut()
            .for_each(|queue| queue.drop_expired(now));
        BrokerStats {
            published: state.published,
            lost: state.lost,
            delayed: state.delayed,
            ready: state.queues.values().map(Queue::ready).sum(),
            unacked: state.queues.values().map(Queue::unacked).sum(),
        }
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The queue, if it is there: the shared ones always are.
    fn queue(&mut self, name: QueueName) -> Option<&mut Queue> {
        let now = Instant::now();
        if QueueName::SHARED.contains(&name) {
            return Some(self.make_queue(name, now));
        }
        if self
            .queues
            .get(&name)
            .is_some_and(|queue| queue.has_expired(now))
        {
            self.queues.remove(&name);
        }
        self.queues.get_mut(&name)
    }

    fn make_queue(&mut self, name: QueueName, now: Instant) -> &mut Queue {
        self.queues
            .entry(name)
            .or_insert_with(|| Queue::new(name.bounds(), now))
    }
}
