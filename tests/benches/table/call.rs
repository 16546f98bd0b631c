//! A call from API to agent over RabbitMQ beside a bare round trip through the same broker.

use crate::cloud::block_on;
use crate::stopwatch::{Stopwatch, percentile};
use crate::table::{Table, time};
use bus::{Bus, BusSettings};
use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use process::Faults;
use schemas::host::{Call, Op, Reply};
use schemas::ids::{HostId, WorkloadId};
use std::time::Duration;

const CALLS: usize = 2000;

pub fn measure(table: &mut Table) {
    let Ok(url) = std::env::var("JEROBOAM_TEST_AMQP") else {
        return table.left_out("call API → agent", "JEROBOAM_TEST_AMQP is not set");
    };
    block_on(async {
        let bare = bare(&url).await;
        let ours = ours(&url).await;
        table.row(
            "call API → agent, p50",
            &time(ours),
            &format!("bare lapin round trip {}", time(bare)),
            Some(ours.as_secs_f64() / bare.as_secs_f64()),
            "",
        );
    });
}

async fn ours(url: &str) -> Duration {
    let settings = BusSettings {
        url: url.into(),
        prefix: format!("bench-{}", uuid::Uuid::new_v4().simple()),
        ..BusSettings::default()
    };
    let host = HostId::new();
    let agent = Bus::connect(&settings, Faults::none()).await.unwrap();
    let api = Bus::connect(&settings, Faults::none()).await.unwrap();
    let mut calls = agent.calls(host).await;
    let answering = tokio::spawn(async move {
        loop {
            let (_, responder) = calls.next().await;
            let reply = Reply::Text {
                text: String::new(),
                exit_code: None,
            };
            let _ = responder.reply(&reply).await;
        }
    });
    let call = Call {
        id: WorkloadId::new(),
        request_id: "req-bench".into(),
        op: Op::Ping,
    };
    let mut times = Vec::new();
    while times.len() < CALLS {
        let watch = Stopwatch::start();
        // The agent's queue may not be there yet at the first tries.
        if api.call(host, &call, Duration::from_secs(5)).await.is_ok() {
            times.push(watch.elapsed());
        }
    }
    answering.abort();
    times.sort();
    percentile(&times, 0.5)
}

async fn bare(url: &str) -> Duration {
    let connection = Connection::connect(url, ConnectionProperties::default())
        .await
        .unwrap();
    let (here, there) = (
        connection.create_channel().await.unwrap(),
        connection.create_channel().await.unwrap(),
    );
    let temporary = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..Default::default()
    };
    let name = format!("bench-{}", uuid::Uuid::new_v4().simple());
    there
        .queue_declare(name.as_str().into(), temporary, FieldTable::default())
        .await
        .unwrap();
    let no_ack = BasicConsumeOptions {
        no_ack: true,
        ..Default::default()
    };
    let mut asked = there
        .basic_consume(
            name.as_str().into(),
            "".into(),
            no_ack,
            FieldTable::default(),
        )
        .await
        .unwrap();
    let answering = tokio::spawn(async move {
        while let Some(Ok(delivery)) = asked.next().await {
            let back = delivery.properties.reply_to().clone().unwrap();
            let publish = there.basic_publish(
                "".into(),
                back,
                BasicPublishOptions::default(),
                b"{}",
                BasicProperties::default(),
            );
            publish.await.unwrap();
        }
    });
    let mut answers = here
        .basic_consume(
            "amq.rabbitmq.reply-to".into(),
            "".into(),
            no_ack,
            FieldTable::default(),
        )
        .await
        .unwrap();
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let watch = Stopwatch::start();
        let properties = BasicProperties::default().with_reply_to("amq.rabbitmq.reply-to".into());
        let publish = here.basic_publish(
            "".into(),
            name.as_str().into(),
            BasicPublishOptions::default(),
            b"{}",
            properties,
        );
        publish.await.unwrap();
        answers.next().await.unwrap().unwrap();
        times.push(watch.elapsed());
    }
    answering.abort();
    times.sort();
    percentile(&times, 0.5)
}
