//! What goes one way: hints, desired states, notifications.

use crate::world::{World, converge, notification, within};
use bus::{Hints, Route};
use schemas::ids::HostId;
use schemas::{Hint, Kind};
use std::collections::BTreeSet;

crate::on_both_brokers! {
    hints_go_round_the_conductors
    hints_sent_before_any_conductor_wait_for_one
    desired_states_keep_their_order
    desired_states_wait_for_an_agent_that_restarts
    a_desired_state_for_a_host_never_seen_is_dropped
    what_cannot_be_read_is_dropped_and_counted
    what_is_too_large_is_refused_and_not_read
    a_notification_reaches_the_outside_in_its_envelope
}

fn hints(count: usize) -> Vec<Hint> {
    (0..count)
        .map(|n| Hint {
            kind: Kind::Server,
            id: format!("server-{n:03}"),
        })
        .collect()
}

async fn hints_go_round_the_conductors(world: World) {
    let (api, one, two) = (world.bus().await, world.bus().await, world.bus().await);
    let mut streams: [Hints; 2] = [one.hints().await, two.hints().await];
    let sent = hints(20);
    api.hint(&sent).await;
    let mut seen: [BTreeSet<String>; 2] = Default::default();
    within(async {
        let [first, second] = &mut streams;
        while seen[0].len() + seen[1].len() < 20 {
            tokio::select! {
                hint = first.next() => assert!(seen[0].insert(hint.id)),
                hint = second.next() => assert!(seen[1].insert(hint.id)),
            }
        }
    })
    .await;
    assert_eq!((seen[0].len(), seen[1].len()), (10, 10));
    assert!(seen[0].is_disjoint(&seen[1]));
}

async fn hints_sent_before_any_conductor_wait_for_one(world: World) {
    let bus = world.bus().await;
    let sent = hints(3);
    bus.hint(&sent).await;
    let mut stream = bus.hints().await;
    for hint in sent {
        assert_eq!(within(stream.next()).await, hint);
    }
}

async fn desired_states_keep_their_order(world: World) {
    let (conductor, agent, host) = (world.bus().await, world.bus().await, HostId::new());
    let mut stream = agent.converges(host).await;
    for generation in 1..=100 {
        conductor
            .converge(host, &converge(generation))
            .await
            .unwrap();
    }
    for generation in 1..=100 {
        assert_eq!(within(stream.next()).await.generation, generation);
    }
}

async fn desired_states_wait_for_an_agent_that_restarts(world: World) {
    let (conductor, host) = (world.bus().await, HostId::new());
    let agent = world.bus().await;
    drop(agent.converges(host).await);
    drop(agent);
    conductor.converge(host, &converge(7)).await.unwrap();
    let agent = world.bus().await;
    let mut stream = agent.converges(host).await;
    assert_eq!(within(stream.next()).await.generation, 7);
}

async fn a_desired_state_for_a_host_never_seen_is_dropped(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    bus.converge(host, &converge(1)).await.unwrap();
    let mut stream = bus.converges(host).await;
    bus.converge(host, &converge(2)).await.unwrap();
    assert_eq!(within(stream.next()).await.generation, 2);
}

async fn what_cannot_be_read_is_dropped_and_counted(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut stream = bus.converges(host).await;
    let (route, key) = (Route::Converge(host), format!("converge.{host}"));
    for body in ["", "{", "[1, 2]", r#"{"id": "not-a-uuid"}"#] {
        world.inject(&route, key.clone(), body.into()).await;
    }
    bus.converge(host, &converge(5)).await.unwrap();
    assert_eq!(within(stream.next()).await.generation, 5);
    assert_eq!((bus.counts().malformed, bus.counts().received), (4, 1));
    // Dropped for good, not returned to the queue.
    drop(stream);
    let mut stream = bus.converges(host).await;
    bus.converge(host, &converge(6)).await.unwrap();
    assert_eq!(within(stream.next()).await.generation, 6);
    assert_eq!(bus.counts().malformed, 4);
}

async fn what_is_too_large_is_refused_and_not_read(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut stream = bus.converges(host).await;
    let mut large = converge(1);
    large.request_id = "x".repeat(bus::MAX_BYTES);
    let error = bus.converge(host, &large).await.unwrap_err();
    assert!(matches!(error, schemas::Error::TooLarge(_)), "{error:?}");
    let body = serde_json::to_vec(&large).unwrap();
    world
        .inject(&Route::Converge(host), format!("converge.{host}"), body)
        .await;
    bus.converge(host, &converge(2)).await.unwrap();
    assert_eq!(within(stream.next()).await.generation, 2);
    assert_eq!(bus.counts().malformed, 1);
}

async fn a_notification_reaches_the_outside_in_its_envelope(world: World) {
    let bus = world.bus().await;
    // Nobody listens: dropped, and no error.
    bus.notify(&notification()).await.unwrap();
    let mut outside = world.notifications().await;
    let mut second = notification();
    second.event_type = "instance.delete.end".to_owned();
    bus.notify(&second).await.unwrap();
    let (key, envelope) = within(outside.recv()).await.unwrap();
    assert_eq!(key, "notifications.info");
    assert_eq!(envelope["oslo.version"], "2.0");
    let text = envelope["oslo.message"].as_str().unwrap();
    let message: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(message["event_type"], "instance.delete.end");
    assert_eq!(message["payload"]["state"], "active");
}
