//! Calls: answered, or failed within their deadline; carried out at most once.

use crate::world::{World, call, within};
use bus::{Bus, Route};
use futures::future::join_all;
use schemas::Error;
use schemas::host::{Op, Reply};
use schemas::ids::HostId;
use std::time::Duration;

crate::on_both_brokers! {
    a_call_is_answered
    answers_find_their_callers_in_any_order
    an_agent_that_is_silent_is_given_up
    an_agent_that_is_not_there_is_told_at_once
    an_agent_that_has_left_is_not_there
    a_call_that_nobody_waits_for_is_not_begun
    an_answer_too_large_becomes_a_failure_in_words
    a_malformed_call_does_not_stop_the_others
}

const LONG: Duration = Duration::from_secs(20);

fn text(text: &str) -> Reply {
    Reply::Text {
        text: text.to_owned(),
        exit_code: None,
    }
}

fn unavailable(result: schemas::Result<Reply>) -> String {
    match result {
        Err(Error::Unavailable(text)) => text,
        other => panic!("not unavailable: {other:?}"),
    }
}

async fn a_call_is_answered(world: World) {
    let (api, agent, host) = (world.bus().await, world.bus().await, HostId::new());
    let mut calls = agent.calls(host).await;
    let asked = call(Op::Exec {
        command: vec!["id".to_owned()],
        container: None,
    });
    let asking = api.call(host, &asked, LONG);
    let answering = async {
        let (seen, responder) = calls.next().await;
        assert_eq!(seen, asked);
        assert!(responder.deadline() <= tokio::time::Instant::now() + LONG);
        responder.reply(&text("uid=0")).await.unwrap();
    };
    let (answer, ()) = within(async { tokio::join!(asking, answering) }).await;
    assert_eq!(answer.unwrap(), text("uid=0"));
}

async fn answers_find_their_callers_in_any_order(world: World) {
    let (api, agent, host) = (world.bus().await, world.bus().await, HostId::new());
    let mut calls = agent.calls(host).await;
    let asked: Vec<_> = (0..10)
        .map(|n| {
            call(Op::Logs {
                tail: Some(n),
                timestamps: false,
                container: None,
            })
        })
        .collect();
    let asking = join_all(asked.iter().map(|asked| api.call(host, asked, LONG)));
    let answering = async {
        let mut open = Vec::new();
        for _ in 0..10 {
            open.push(calls.next().await);
        }
        for (seen, responder) in open.into_iter().rev() {
            responder.reply(&text(&seen.id.to_string())).await.unwrap();
        }
    };
    let (answers, ()) = within(async { tokio::join!(asking, answering) }).await;
    for (asked, answer) in asked.iter().zip(answers) {
        assert_eq!(answer.unwrap(), text(&asked.id.to_string()));
    }
}

async fn an_agent_that_is_silent_is_given_up(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut calls = bus.calls(host).await;
    let asked = call(Op::Ping);
    let asking = bus.call(host, &asked, Duration::from_millis(300));
    let (result, _held) = within(async { tokio::join!(asking, calls.next()) }).await;
    assert!(unavailable(result).contains("did not answer within"));
}

async fn an_agent_that_is_not_there_is_told_at_once(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let result = within(bus.call(host, &call(Op::Ping), Duration::from_secs(600))).await;
    let text = unavailable(result);
    assert!(
        text.contains(&host.to_string()) && text.contains("is not connected"),
        "{text}"
    );
    assert_eq!(bus.counts().received, 0);
}

/// Calls until somebody, or nobody, is there.
async fn until_not_connected(bus: &Bus, host: HostId) {
    loop {
        let result = bus
            .call(host, &call(Op::Ping), Duration::from_millis(500))
            .await;
        if unavailable(result).contains("is not connected") {
            return;
        }
    }
}

async fn an_agent_that_has_left_is_not_there(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let agent = world.bus().await;
    drop(agent.calls(host).await);
    within(until_not_connected(&bus, host)).await;
    // And back again.
    let mut calls = agent.calls(host).await;
    let asked = call(Op::Ping);
    let answering = async { calls.next().await.1.reply(&text("pong")).await };
    let asking = bus.call(host, &asked, LONG);
    let (answer, done) = within(async { tokio::join!(asking, answering) }).await;
    done.unwrap();
    assert_eq!(answer.unwrap(), text("pong"));
}

async fn a_call_that_nobody_waits_for_is_not_begun(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut calls = bus.calls(host).await;
    let (late, later, good) = (call(Op::Top), call(Op::Stats), call(Op::Ping));
    let asking = bus.call(host, &late, Duration::from_millis(200));
    unavailable(within(asking).await);
    // The agent counts from when the call reached it, a little after the caller: by the time the
    // second is given up, the first is over for both.
    let asking = bus.call(host, &later, Duration::from_millis(1000));
    unavailable(within(asking).await);
    let asking = bus.call(host, &good, LONG);
    let answering = async {
        loop {
            let (seen, responder) = calls.next().await;
            assert_ne!(seen, late);
            responder.reply(&text("pong")).await.unwrap();
            if seen == good {
                return;
            }
        }
    };
    let (answer, ()) = within(async { tokio::join!(asking, answering) }).await;
    assert_eq!(answer.unwrap(), text("pong"));
}

async fn an_answer_too_large_becomes_a_failure_in_words(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut calls = bus.calls(host).await;
    let asked = call(Op::Ping);
    let asking = bus.call(host, &asked, LONG);
    let answering = async {
        let reply = text(&"x".repeat(bus::MAX_BYTES));
        calls.next().await.1.reply(&reply).await.unwrap();
    };
    let (answer, ()) = within(async { tokio::join!(asking, answering) }).await;
    let Ok(Reply::Failed { text, .. }) = answer else {
        panic!("{answer:?}")
    };
    assert!(text.contains("too large"));
}

async fn a_malformed_call_does_not_stop_the_others(world: World) {
    let (bus, host) = (world.bus().await, HostId::new());
    let mut calls = bus.calls(host).await;
    world
        .inject(&Route::Call(host), format!("call.{host}"), b"{}".to_vec())
        .await;
    // Well-formed, but with nobody to answer to: nobody waits for it.
    let orphan = serde_json::to_vec(&call(Op::Top)).unwrap();
    world
        .inject(&Route::Call(host), format!("call.{host}"), orphan)
        .await;
    let good = call(Op::Ping);
    let asking = bus.call(host, &good, LONG);
    let answering = async {
        let (seen, responder) = calls.next().await;
        responder.reply(&text("pong")).await.unwrap();
        seen
    };
    let (answer, seen) = within(async { tokio::join!(asking, answering) }).await;
    answer.unwrap();
    assert_eq!(seen, good);
    assert_eq!(bus.counts().malformed, 1);
}
