//! What only the memory broker offers: fates, and bounds that take their time.

use crate::world::{converge, heartbeat, observed, within};
use bus::{Bus, Fate, MemoryBroker, Report, Route};
use process::Faults;
use schemas::ids::HostId;
use schemas::{Error, Hint, Kind};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::advance;

fn bus(broker: &MemoryBroker) -> Bus {
    Bus::memory(broker, Faults::none())
}

#[tokio::test(start_paused = true)]
async fn each_message_meets_its_fate() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let broker = MemoryBroker::with_chaos(move |number, route| {
        noted.lock().unwrap().push((number, route.name()));
        match number {
            0 => Fate::Drop,
            1 => Fate::Delay(Duration::from_secs(1)),
            2 => Fate::Twice,
            _ => Fate::Deliver,
        }
    });
    let (bus, host) = (bus(&broker), HostId::new());
    let mut stream = bus.converges(host).await;
    for generation in 0..4 {
        bus.converge(host, &converge(generation)).await.unwrap();
    }
    let stats = broker.stats();
    assert_eq!((stats.published, stats.lost, stats.delayed), (4, 1, 1));
    for expected in [2, 2, 3, 1] {
        assert_eq!(within(stream.next()).await.generation, expected);
    }
    assert!(broker.stats().is_quiet());
    let names: Vec<(u64, &str)> = (0..4).map(|number| (number, "converge")).collect();
    assert_eq!(*asked.lock().unwrap(), names);
}

#[tokio::test(start_paused = true)]
async fn the_broker_counts_what_is_under_way() {
    let broker = MemoryBroker::new();
    let (bus, host) = (bus(&broker), HostId::new());
    for number in 0..3 {
        bus.report(&observed(host, number)).await.unwrap();
    }
    assert_eq!((broker.stats().ready, broker.stats().unacked), (3, 0));
    let mut stream = bus.reports().await;
    within(stream.next()).await.ack().await;
    assert_eq!((broker.stats().ready, broker.stats().unacked), (0, 2));
    drop(stream);
    assert_eq!((broker.stats().ready, broker.stats().unacked), (2, 0));
    assert!(!broker.stats().is_quiet());
}

#[tokio::test(start_paused = true)]
async fn heartbeats_and_desired_states_grow_old() {
    let broker = MemoryBroker::new();
    let (bus, host) = (bus(&broker), HostId::new());
    drop(bus.converges(host).await);
    bus.converge(host, &converge(1)).await.unwrap();
    bus.report(&heartbeat(host)).await.unwrap();
    bus.report(&observed(host, 1)).await.unwrap();
    advance(Duration::from_secs(31)).await;
    assert_eq!(broker.stats().ready, 2, "the heartbeat is too old");
    advance(Duration::from_secs(30)).await;
    assert_eq!(broker.stats().ready, 1, "an observation is kept");
    bus.converge(host, &converge(2)).await.unwrap();
    assert_eq!(within(bus.converges(host).await.next()).await.generation, 2);
}

#[tokio::test(start_paused = true)]
async fn the_queue_of_a_vanished_host_vanishes() {
    let broker = MemoryBroker::new();
    let (bus, host) = (bus(&broker), HostId::new());
    drop(bus.converges(host).await);
    advance(Duration::from_secs(301)).await;
    bus.converge(host, &converge(1)).await.unwrap();
    assert_eq!(broker.stats().ready, 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_pushes_out_the_oldest() {
    let broker = MemoryBroker::new();
    let (bus, host) = (bus(&broker), HostId::new());
    drop(bus.converges(host).await);
    for generation in 0..10_005 {
        bus.converge(host, &converge(generation)).await.unwrap();
    }
    assert_eq!(broker.stats().ready, 10_000);
    assert_eq!(within(bus.converges(host).await.next()).await.generation, 5);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_of_observations_refuses_more() {
    let broker = MemoryBroker::new();
    let (bus, host) = (bus(&broker), HostId::new());
    let large = bytes::Bytes::from(vec![b'x'; bus::MAX_BYTES]);
    for _ in 0..256 {
        broker.inject(&Route::Observed(host), large.clone());
    }
    let refused = bus.report(&observed(host, 1)).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn roles_of_one_process_meet_by_their_prefix() {
    let settings = |prefix: &str| bus::BusSettings {
        prefix: prefix.into(),
        ..Default::default()
    };
    let connect = async |prefix| {
        Bus::connect(&settings(prefix), Faults::none())
            .await
            .unwrap()
    };
    let (one, two, other) = (connect("a").await, connect("a").await, connect("b").await);
    let (mut hints, mut others) = (two.hints().await, other.hints().await);
    let hint = |id: &str| Hint {
        kind: Kind::Image,
        id: id.to_owned(),
    };
    other.hint(&[hint("theirs")]).await;
    one.hint(&[hint("ours")]).await;
    assert_eq!(within(hints.next()).await.id, "ours");
    assert_eq!(within(others.next()).await.id, "theirs");
}

#[tokio::test(start_paused = true)]
async fn the_same_story_runs_the_same_way_twice() {
    async fn story() -> Vec<(usize, Option<u64>)> {
        let broker = MemoryBroker::with_chaos(|number, _| match number % 5 {
            1 => Fate::Delay(Duration::from_millis(7 * number)),
            3 => Fate::Twice,
            _ => Fate::Deliver,
        });
        let (bus, host) = (bus(&broker), HostId::new());
        let mut streams = [bus.reports().await, bus.reports().await];
        for number in 0..20 {
            bus.report(&observed(host, number)).await.unwrap();
        }
        for _ in 0..10 {
            bus.report(&heartbeat(host)).await.unwrap();
        }
        let mut seen = Vec::new();
        let [first, second] = &mut streams;
        while seen.len() < 36 {
            let (which, delivery) = within(async {
                tokio::select! {
                    biased;
                    delivery = first.next() => (0, delivery),
                    delivery = second.next() => (1, delivery),
                }
            })
            .await;
            let number = match &delivery.report {
                Report::Observed(observed) => Some(observed.seq),
                _ => None,
            };
            seen.push((which, number));
            delivery.ack().await;
        }
        assert!(broker.stats().is_quiet());
        seen
    }
    assert_eq!(story().await, story().await);
}
