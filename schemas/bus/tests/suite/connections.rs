//! Lost connections: everything resumes by itself, and says so.

use crate::world::{World, call, converge, heartbeat, observed, seq, within};
use bus::Bus;
use process::Faults;
use process::faults::Side;
use schemas::host::{Op, Reply};
use schemas::ids::HostId;
use schemas::{Error, Hint, Kind};
use std::time::Duration;

crate::on_both_brokers! {
    streams_resume_after_a_lost_connection
    what_was_not_acknowledged_returns_after_a_lost_connection
    a_call_under_way_fails_with_the_connection
    a_message_waits_for_a_short_outage
    a_long_outage_is_told_in_bounded_time
    readiness_follows_the_connection
    a_crash_before_sending_loses_it_and_a_crash_after_does_not
}

async fn lose_and_regain(world: &World, buses: &[&Bus]) {
    let mut connections: Vec<_> = buses.iter().map(|bus| bus.connections()).collect();
    let before: Vec<u64> = connections
        .iter_mut()
        .map(|one| *one.borrow_and_update())
        .collect();
    world.cut();
    for bus in buses {
        within(async {
            while bus.check().await.is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    world.mend();
    for (connection, before) in connections.iter_mut().zip(before) {
        assert!(before > 0);
        within(connection.wait_for(|count| *count > before))
            .await
            .unwrap();
    }
}

/// Sends until the agent, whose queue may be gone for a moment, has it.
async fn ping(api: &Bus, host: HostId) -> Reply {
    loop {
        match api
            .call(host, &call(Op::Ping), Duration::from_secs(2))
            .await
        {
            Ok(reply) => return reply,
            Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error:?}"),
        }
        tokio::task::yield_now().await;
    }
}

async fn streams_resume_after_a_lost_connection(world: World) {
    let (bus, agent, host) = (world.bus().await, world.bus().await, HostId::new());
    let (mut hints, mut reports) = (bus.hints().await, bus.reports().await);
    let (mut converges, mut calls) = (agent.converges(host).await, agent.calls(host).await);
    lose_and_regain(&world, &[&bus, &agent]).await;
    let hint = Hint {
        kind: Kind::Host,
        id: "one".to_owned(),
    };
    bus.hint(std::slice::from_ref(&hint)).await;
    assert_eq!(within(hints.next()).await, hint);
    agent.report(&heartbeat(host)).await.unwrap();
    within(reports.next()).await.ack().await;
    bus.converge(host, &converge(3)).await.unwrap();
    assert_eq!(within(converges.next()).await.generation, 3);
    let pong = Reply::Text {
        text: "pong".to_owned(),
        exit_code: None,
    };
    let answering = async {
        loop {
            let _ = calls.next().await.1.reply(&pong).await;
        }
    };
    let answer = within(async {
        tokio::select! {
            answer = ping(&bus, host) => answer,
            () = answering => unreachable!(),
        }
    });
    assert_eq!(answer.await, pong);
}

async fn what_was_not_acknowledged_returns_after_a_lost_connection(world: World) {
    let (bus, agent, host) = (world.bus().await, world.bus().await, HostId::new());
    let mut reports = bus.reports().await;
    agent.report(&observed(host, 1)).await.unwrap();
    let held = within(reports.next()).await;
    lose_and_regain(&world, &[&bus, &agent]).await;
    let again = within(reports.next()).await;
    assert!(again.redelivered && seq(&again.report) == 1);
    again.ack().await;
    // The first handing-out is void: this neither acknowledges nor breaks anything.
    held.ack().await;
    agent.report(&observed(host, 2)).await.unwrap();
    assert_eq!(seq(&within(reports.next()).await.report), 2);
}

async fn a_call_under_way_fails_with_the_connection(world: World) {
    let (bus, agent, host) = (world.bus().await, world.bus().await, HostId::new());
    let mut calls = agent.calls(host).await;
    let asked = call(Op::Ping);
    let asking = bus.call(host, &asked, Duration::from_secs(600));
    let cutting = async {
        let (_, responder) = calls.next().await;
        world.cut();
        responder
    };
    let (result, responder) = within(async { tokio::join!(asking, cutting) }).await;
    let Err(Error::Unavailable(text)) = result else {
        panic!("{result:?}")
    };
    assert!(text.contains("was lost"), "{text}");
    drop(responder);
    world.mend();
    for bus in [&bus, &agent] {
        let mut connections = bus.connections();
        within(connections.wait_for(|count| *count > 1))
            .await
            .unwrap();
    }
}

async fn a_message_waits_for_a_short_outage(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut reports = bus.reports().await;
    world.cut();
    within(async {
        while bus.check().await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let report = observed(host, 4);
    let (mending, sending) = (async { world.mend() }, bus.report(&report));
    let (sent, ()) = within(async { tokio::join!(sending, mending) }).await;
    sent.unwrap();
    assert_eq!(seq(&within(reports.next()).await.report), 4);
}

async fn a_long_outage_is_told_in_bounded_time(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut hints = bus.hints().await;
    world.cut();
    within(async {
        while bus.check().await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let lost = Hint {
        kind: Kind::Server,
        id: "lost".to_owned(),
    };
    within(bus.hint(&[lost])).await;
    let result = within(bus.converge(host, &converge(1))).await;
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    let result = within(bus.call(host, &call(Op::Ping), Duration::from_secs(600))).await;
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    assert_eq!((bus.counts().failed, bus.counts().published), (3, 0));
    world.mend();
    within(bus.connections().wait_for(|count| *count > 1))
        .await
        .unwrap();
    let kept = Hint {
        kind: Kind::Server,
        id: "kept".to_owned(),
    };
    bus.hint(std::slice::from_ref(&kept)).await;
    assert_eq!(within(hints.next()).await, kept);
}

async fn readiness_follows_the_connection(world: World) {
    let bus = world.bus().await;
    bus.check().await.unwrap();
    lose_and_regain(&world, &[&bus]).await;
    bus.check().await.unwrap();
}

async fn a_crash_before_sending_loses_it_and_a_crash_after_does_not(world: World) {
    let (conductor, host) = (world.bus().await, HostId::new());
    let mut reports = conductor.reports().await;
    for (side, number) in [(Side::Before, 1), (Side::After, 2)] {
        let faults = Faults::crash_at(0, side);
        let agent = world.bus_with(faults.clone()).await;
        let report = observed(host, number);
        tokio::select! {
            sent = agent.report(&report) => panic!("outlived its crash: {sent:?}"),
            () = within(faults.crashed()) => {}
        }
        assert_eq!(faults.seen(), ["bus.publish.observed"]);
    }
    assert_eq!(seq(&within(reports.next()).await.report), 2);
}
