//! What agents say: acknowledged, or handed out again.

use crate::world::{World, heartbeat, observed, seq, within};
use bus::{Bus, Delivery, Report, Route};
use schemas::host::{Hello, Inventory};
use schemas::ids::{EpochId, HostId};

crate::on_both_brokers! {
    every_kind_of_report_arrives_as_it_was_sent
    reports_of_a_dead_conductor_go_to_another_in_order
    what_is_acknowledged_does_not_return
    a_refused_report_returns_or_is_dropped_as_asked
    a_conductor_holds_no_more_than_its_share
    a_heartbeat_overtakes_a_backlog_of_observations
    a_malformed_report_does_not_stop_the_others
}

async fn report_many(agent: &Bus, host: HostId, count: u64) {
    for n in 0..count {
        agent.report(&observed(host, n)).await.unwrap();
    }
}

async fn every_kind_of_report_arrives_as_it_was_sent(world: World) {
    let (agent, conductor, host) = (world.bus().await, world.bus().await, HostId::new());
    let inventory = Inventory {
        hostname: "one".to_owned(),
        ..Inventory::default()
    };
    let hello = Hello {
        host,
        epoch: EpochId::new(),
        inventory,
        present: Vec::new(),
    };
    let sent = [Report::Hello(hello), heartbeat(host), observed(host, 9)];
    for report in &sent {
        agent.report(report).await.unwrap();
    }
    let mut stream = conductor.reports().await;
    for _ in &sent {
        let delivery = within(stream.next()).await;
        assert!(sent.contains(&delivery.report), "{delivery:?}");
        assert!(!delivery.redelivered);
        delivery.ack().await;
    }
    assert_eq!(conductor.counts().received, 3);
}

async fn reports_of_a_dead_conductor_go_to_another_in_order(world: World) {
    let (agent, host) = (world.bus().await, HostId::new());
    let dying = world.bus().await;
    let mut stream = dying.reports().await;
    report_many(&agent, host, 5).await;
    let held: Vec<Delivery> = vec![within(stream.next()).await, within(stream.next()).await];
    assert_eq!(seq(&held[1].report), 1);
    drop((stream, dying, held));
    let conductor = world.bus().await;
    let mut stream = conductor.reports().await;
    for expected in 0..5 {
        let delivery = within(stream.next()).await;
        assert_eq!(seq(&delivery.report), expected);
        assert!(
            delivery.redelivered || expected > 1,
            "{delivery:?} was handed out before"
        );
        delivery.ack().await;
    }
}

async fn what_is_acknowledged_does_not_return(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut stream = bus.reports().await;
    report_many(&bus, host, 2).await;
    within(stream.next()).await.ack().await;
    within(stream.next()).await.ack().await;
    drop(stream);
    bus.report(&observed(host, 2)).await.unwrap();
    let mut stream = bus.reports().await;
    assert_eq!(seq(&within(stream.next()).await.report), 2);
}

async fn a_refused_report_returns_or_is_dropped_as_asked(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut stream = bus.reports().await;
    report_many(&bus, host, 1).await;
    within(stream.next()).await.nack(true).await;
    let again = within(stream.next()).await;
    assert!(again.redelivered && seq(&again.report) == 0);
    // Forgotten by whoever had it: as refused.
    drop(again);
    let again = within(stream.next()).await;
    assert!(again.redelivered && seq(&again.report) == 0);
    again.nack(false).await;
    bus.report(&observed(host, 1)).await.unwrap();
    assert_eq!(seq(&within(stream.next()).await.report), 1);
}

async fn a_conductor_holds_no_more_than_its_share(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut greedy = bus.reports().await;
    report_many(&bus, host, 70).await;
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(within(greedy.next()).await);
    }
    let other_bus = world.bus().await;
    let mut other = other_bus.reports().await;
    for expected in 64..70 {
        let delivery = within(other.next()).await;
        assert_eq!(seq(&delivery.report), expected);
        delivery.ack().await;
    }
    // What is settled makes room for more.
    held.remove(0).ack().await;
    drop(other);
    bus.report(&observed(host, 70)).await.unwrap();
    assert_eq!(seq(&within(greedy.next()).await.report), 70);
}

async fn a_heartbeat_overtakes_a_backlog_of_observations(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    report_many(&bus, host, 200).await;
    bus.report(&heartbeat(host)).await.unwrap();
    let mut stream = bus.reports().await;
    let mut held = Vec::new();
    let found = within(async {
        // 64 observations can be held and not one more; the next is the heartbeat.
        for _ in 0..65 {
            let delivery = stream.next().await;
            if matches!(delivery.report, Report::Heartbeat(_)) {
                return true;
            }
            held.push(delivery);
        }
        false
    });
    assert!(found.await);
}

async fn a_malformed_report_does_not_stop_the_others(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut stream = bus.reports().await;
    let routes = [
        Route::Observed(host),
        Route::Hello(host),
        Route::Heartbeat(host),
    ];
    for route in routes {
        let key = format!("{}.{host}", route.name());
        world.inject(&route, key, b"{\"host\": 1}".to_vec()).await;
    }
    report_many(&bus, host, 1).await;
    let first = within(stream.next()).await;
    assert_eq!(seq(&first.report), 0);
    // The heartbeat has a queue of its own: a good one behind it shows that it is through.
    bus.report(&heartbeat(host)).await.unwrap();
    let second = within(stream.next()).await;
    assert!(matches!(second.report, Report::Heartbeat(_)));
    assert_eq!(bus.counts().malformed, 3);
}
