//! Questions of users.

use crate::world::*;
use futures::{SinkExt, StreamExt};
use schemas::host::{Op, Reply};
use schemas::ids::WorkloadId;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

fn text(reply: Reply) -> (String, Option<i64>) {
    match reply {
        Reply::Text { text, exit_code } => (text, exit_code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn logs_commands_processes_and_counters_are_answered() {
    let mut world = World::new().await;
    let want = labelled(&world.image("hi"), &[("sim.log", "it runs")]);
    world.settle(want.id, container(&want)).await;
    let logs = Op::Logs {
        tail: Some(10),
        timestamps: false,
        container: None,
    };
    assert_eq!(text(world.call(want.id, logs).await).0, "it runs\n");
    let command = |words: &[&str]| Op::Exec {
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        container: None,
    };
    let said = world.call(want.id, command(&["echo", "hello"])).await;
    assert_eq!(text(said), ("hello\n".into(), Some(0)));
    assert_eq!(
        text(world.call(want.id, command(&["false"])).await).1,
        Some(1)
    );
    let top = world.call(want.id, Op::Top).await;
    assert!(matches!(top, Reply::Json { value } if value["processes"][0][0] == "1"));
    let stats = world.call(want.id, Op::Stats).await;
    assert!(matches!(stats, Reply::Json { value } if value["memory_limit_bytes"] == 64 << 20));
    assert_eq!(text(world.call(want.id, Op::Ping).await).0, "pong");
    let nothing = world.call(WorkloadId::new(), Op::Top).await;
    assert!(matches!(nothing, Reply::Failed { code, .. } if code == "not_found"));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_takes_long_keeps_nobody_waiting() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    world.settle(want.id, container(&want)).await;
    let sleep = Op::Exec {
        command: vec!["sleep".into(), "25".into()],
        container: None,
    };
    let begun = tokio::time::Instant::now();
    let quick = async {
        let said = world.call(want.id, Op::Ping).await;
        (said, begun.elapsed())
    };
    let (slow, (said, after)) = tokio::join!(world.call(want.id, sleep), quick);
    assert_eq!(text(said).0, "pong");
    assert!(after < Duration::from_secs(1));
    assert_eq!(text(slow).1, Some(0));
}

#[tokio::test]
async fn a_terminal_is_served_once_to_whoever_has_the_ticket() {
    let mut world = World::new().await;
    let want = workload(&world.image("hi"));
    world.settle(want.id, container(&want)).await;
    let command = vec!["sh".to_owned()];
    let url = match world.call(want.id, Op::Terminal { command }).await {
        Reply::Json { value } => value["url"].as_str().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    let (mut socket, _) = connect_async(&url).await.unwrap();
    assert!(connect_async(&url).await.is_err(), "a ticket is good once");
    let other = url.rsplit_once('/').unwrap().0.to_owned() + "/0000";
    assert!(connect_async(&other).await.is_err());

    socket
        .send(Message::text(r#"{"resize":[132,43]}"#))
        .await
        .unwrap();
    socket
        .send(Message::binary(&b"stty size\n"[..]))
        .await
        .unwrap();
    let reading = async {
        let mut screen = String::new();
        while !screen.contains("43 132\r\n") {
            let frame = socket.next().await.unwrap().unwrap();
            screen += &String::from_utf8_lossy(&frame.into_data());
        }
        socket
            .send(Message::binary(&b"exit 3\n"[..]))
            .await
            .unwrap();
        loop {
            if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
                return frame.unwrap().reason.to_string();
            }
        }
    };
    assert_eq!(
        timeout(Duration::from_secs(20), reading).await.unwrap(),
        "exit 3"
    );
}
