//! Which way a message goes, and the queues at the ends. Both brokers are built from this one table.

use schemas::Kind;
use schemas::ids::HostId;
use std::time::Duration;

/// The way of one message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// To any conductor: look at a row of this kind.
    Hint(Kind),
    /// To an agent: what should be.
    Converge(HostId),
    /// From an agent to any conductor: I am here.
    Hello(HostId),
    /// From an agent to any conductor: I am still here.
    Heartbeat(HostId),
    /// From an agent to any conductor: what is.
    Observed(HostId),
    /// To an agent: a question.
    Call(HostId),
    /// Back to the caller: its answer.
    Reply,
    /// To the outside; holds the routing key.
    Notification(String),
}

impl Route {
    /// The message's type: AMQP property, counters, logs.
    pub fn name(&self) -> &'static str {
        match self {
            Route::Hint(_) => "hint",
            Route::Converge(_) => "converge",
            Route::Hello(_) => "hello",
            Route::Heartbeat(_) => "heartbeat",
            Route::Observed(_) => "observed",
            Route::Call(_) => "call",
            Route::Reply => "reply",
            Route::Notification(_) => "notification",
        }
    }

    /// Name of the crash point around publishing it.
    pub(crate) fn fault(&self) -> &'static str {
        match self {
            Route::Hint(_) => "bus.publish.hint",
            Route::Converge(_) => "bus.publish.converge",
            Route::Hello(_) => "bus.publish.hello",
            Route::Heartbeat(_) => "bus.publish.heartbeat",
            Route::Observed(_) => "bus.publish.observed",
            Route::Call(_) => "bus.publish.call",
            Route::Reply => "bus.publish.reply",
            Route::Notification(_) => "bus.publish.notification",
        }
    }

    pub(crate) fn routing_key(&self) -> String {
        match self {
            Route::Hint(kind) => format!("hint.{kind}"),
            Route::Converge(host)
            | Route::Hello(host)
            | Route::Heartbeat(host)
            | Route::Observed(host)
            | Route::Call(host) => format!("{}.{host}", self.name()),
            Route::Reply => String::new(),
            Route::Notification(key) => key.clone(),
        }
    }

    /// The queue it ends in; replies and notifications end in none of ours.
    pub(crate) fn queue(&self) -> Option<Queue> {
        match self {
            Route::Hint(_) => Some(Queue::Hints),
            Route::Converge(host) => Some(Queue::Converges(*host)),
            Route::Hello(_) | Route::Observed(_) => Some(Queue::Reports),
            Route::Heartbeat(_) => Some(Queue::Heartbeats),
            Route::Call(host) => Some(Queue::Calls(*host)),
            Route::Reply | Route::Notification(_) => None,
        }
    }
}

/// The two directions, one topic exchange each: operators can listen in on either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `<prefix>.conductor`
    ToConductors,
    /// `<prefix>.agent`
    ToAgents,
}

impl Direction {
    pub(crate) const ALL: [Direction; 2] = [Direction::ToConductors, Direction::ToAgents];

    pub(crate) fn exchange(self) -> &'static str {
        match self {
            Direction::ToConductors => "conductor",
            Direction::ToAgents => "agent",
        }
    }
}

/// A queue of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Queue {
    Hints,
    Reports,
    /// Apart from reports, so that a backlog of those never makes a living host look dead.
    Heartbeats,
    Converges(HostId),
    Calls(HostId),
}

/// What keeps a queue bounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// A message older than this is dropped.
    pub ttl: Option<Duration>,
    /// More messages than this push out the oldest.
    pub max_length: usize,
    /// More bytes than this push out the oldest.
    pub max_bytes: usize,
    /// When full, refuse the new instead of pushing out the old.
    pub refuse: bool,
    /// A queue that nobody listens to for so long vanishes.
    pub expires: Option<Duration>,
    /// The queue vanishes with its last listener.
    pub auto_delete: bool,
    /// Messages handed out and not yet acknowledged, for each listener.
    pub prefetch: u16,
}

const MIB: usize = 1 << 20;

impl Queue {
    /// Shared by conductors, there from the beginning, so nothing is lost before the first of them.
    pub(crate) const SHARED: [Queue; 3] = [Queue::Hints, Queue::Reports, Queue::Heartbeats];

    pub(crate) fn name(self) -> String {
        match self {
            Queue::Hints => "hints".to_owned(),
            Queue::Reports => "reports".to_owned(),
            Queue::Heartbeats => "heartbeats".to_owned(),
            Queue::Converges(host) => format!("agent.{host}"),
            Queue::Calls(host) => format!("calls.{host}"),
        }
    }

    pub(crate) fn direction(self) -> Direction {
        match self {
            Queue::Hints | Queue::Reports | Queue::Heartbeats => Direction::ToConductors,
            Queue::Converges(_) | Queue::Calls(_) => Direction::ToAgents,
        }
    }

    /// Topic patterns that lead here; they answer to `Route::routing_key`.
    pub(crate) fn patterns(self) -> Vec<String> {
        match self {
            Queue::Hints => vec!["hint.#".to_owned()],
            Queue::Reports => vec!["hello.#".to_owned(), "observed.#".to_owned()],
            Queue::Heartbeats => vec!["heartbeat.#".to_owned()],
            Queue::Converges(host) => vec![format!("converge.{host}")],
            Queue::Calls(host) => vec![format!("call.{host}")],
        }
    }

    pub(crate) fn bounds(self) -> Bounds {
        let secs = |n| Some(Duration::from_secs(n));
        match self {
            // Polling has found the row by then.
            Queue::Hints => Bounds {
                ttl: secs(60),
                max_length: 100_000,
                max_bytes: 64 * MIB,
                refuse: false,
                expires: None,
                auto_delete: false,
                prefetch: 32,
            },
            // The agent keeps what is refused, and says it again.
            Queue::Reports => Bounds {
                ttl: None,
                max_length: 1_000_000,
                max_bytes: 1024 * MIB,
                refuse: true,
                expires: None,
                auto_delete: false,
                prefetch: 64,
            },
            Queue::Heartbeats => Bounds {
                ttl: secs(30),
                max_length: 100_000,
                max_bytes: 256 * MIB,
                refuse: false,
                expires: None,
                auto_delete: false,
                prefetch: 64,
            },
            // Outlives a restart of the agent; what falls out is resent.
            Queue::Converges(_) => Bounds {
                ttl: secs(60),
                max_length: 10_000,
                max_bytes: 256 * MIB,
                refuse: false,
                expires: secs(300),
                auto_delete: false,
                prefetch: 16,
            },
            // Gone with the agent, so that a call to it fails at once; `expires` sweeps up after a
            // broker's restart, when nobody was listening to leave.
            Queue::Calls(_) => Bounds {
                ttl: None,
                max_length: 1_000,
                max_bytes: 64 * MIB,
                refuse: false,
                expires: secs(60),
                auto_delete: true,
                prefetch: 16,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, key: &str) -> bool {
        pattern == key
            || pattern
                .strip_suffix('#')
                .is_some_and(|begin| key.starts_with(begin))
    }

    #[test]
    fn every_route_leads_into_exactly_its_queue() {
        let host = HostId::new();
        let routes = [
            Route::Hint(Kind::Server),
            Route::Converge(host),
            Route::Hello(host),
            Route::Heartbeat(host),
            Route::Observed(host),
            Route::Call(host),
        ];
        let mut queues = Queue::SHARED.to_vec();
        queues.extend([Queue::Converges(host), Queue::Calls(host)]);
        for route in routes {
            let queue = route.queue().unwrap();
            let key = route.routing_key();
            let found: Vec<Queue> = queues
                .iter()
                .copied()
                .filter(|at| at.direction() == queue.direction())
                .filter(|at| at.patterns().iter().any(|pattern| matches(pattern, &key)))
                .collect();
            assert_eq!(found, [queue], "{route:?}");
        }
    }

    #[test]
    fn every_queue_has_an_end() {
        let host = HostId::new();
        for queue in [Queue::Converges(host), Queue::Calls(host)] {
            assert!(
                queue.bounds().expires.is_some(),
                "{queue:?} outlives a vanished host"
            );
        }
        for queue in Queue::SHARED {
            assert!(queue.bounds().max_length > 0 && queue.bounds().prefetch > 0);
        }
    }
}
