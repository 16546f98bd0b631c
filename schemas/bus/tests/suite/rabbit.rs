//! What only RabbitMQ can show: the bytes on the wire, and brokers that are not there.

use crate::world::{World, call, converge, within};
use bus::{Bus, BusSettings};
use futures::StreamExt;
use lapin::types::AMQPValue;
use process::Faults;
use schemas::Error;
use schemas::host::Op;
use schemas::ids::HostId;
use std::time::Duration;

#[tokio::test]
async fn on_the_wire_a_message_says_what_it_is() {
    let Some(world) = World::rabbit().await else {
        return;
    };
    let World::Rabbit(rabbit) = &world else {
        unreachable!()
    };
    let (bus, host) = (world.bus().await, HostId::new());
    let exchange = format!("{}.agent", rabbit.settings.prefix);
    let (_connection, mut tap) = rabbit.tap(&exchange, "#").await;
    bus.converge(host, &converge(1)).await.unwrap();
    let delivery = within(tap.next()).await.unwrap().unwrap();
    assert_eq!(delivery.routing_key.as_str(), format!("converge.{host}"));
    let properties = &delivery.properties;
    assert_eq!(
        properties.content_type().as_ref().unwrap().as_str(),
        "application/json"
    );
    assert_eq!(properties.kind().as_ref().unwrap().as_str(), "converge");
    let headers = properties.headers().as_ref().unwrap().inner();
    assert_eq!(
        headers["request_id"],
        AMQPValue::LongString("req-converge".into())
    );

    let asked = call(Op::Ping);
    let asking = bus.call(host, &asked, Duration::from_millis(1500));
    let (_, delivery) = within(async { tokio::join!(asking, tap.next()) }).await;
    let properties = delivery.unwrap().unwrap().properties;
    assert_eq!(properties.expiration().as_ref().unwrap().as_str(), "1500");
    assert_eq!(*properties.delivery_mode(), Some(1));
    world.clean_up().await;
}

#[tokio::test]
async fn an_exchange_of_another_openstack_service_is_used_as_it_is() {
    let Some(world) = World::rabbit().await else {
        return;
    };
    let World::Rabbit(rabbit) = &world else {
        unreachable!()
    };
    let (_connection, channel) = rabbit.raw().await;
    // Durable, as no default of ours would make it.
    let options = lapin::options::ExchangeDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let name = rabbit.settings.notification_exchange.as_str();
    let kind = lapin::ExchangeKind::Topic;
    channel
        .exchange_declare(name.into(), kind, options, Default::default())
        .await
        .unwrap();
    world.bus().await.check().await.unwrap();
    world.clean_up().await;
}

#[tokio::test]
async fn a_role_may_start_before_its_broker() {
    let Some(world) = World::rabbit().await else {
        return;
    };
    let World::Rabbit(rabbit) = &world else {
        unreachable!()
    };
    world.cut();
    let bus = within(Bus::connect(&rabbit.settings, Faults::none()))
        .await
        .unwrap();
    assert!(matches!(bus.check().await, Err(Error::Unavailable(_))));
    world.mend();
    within(bus.connections().wait_for(|count| *count == 1))
        .await
        .unwrap();
    bus.check().await.unwrap();
    world.clean_up().await;
}

#[tokio::test]
async fn settings_that_cannot_work_are_told_without_the_password() {
    for url in [
        "http://u:s3cret@h/",
        "amqp//u:s3cret@h",
        "amqp://u:s3cret@h:port/",
    ] {
        let settings = BusSettings {
            url: url.to_owned(),
            ..BusSettings::default()
        };
        let error = Bus::connect(&settings, Faults::none()).await.err().unwrap();
        let Error::BadRequest(text) = error else {
            panic!("{error:?}")
        };
        assert!(!text.contains("s3cret"), "{text}");
    }
    let settings = BusSettings {
        url: "amqps://localhost".to_owned(),
        ca_file: Some("/nonexistent/ca.pem".into()),
        ..BusSettings::default()
    };
    let error = Bus::connect(&settings, Faults::none()).await.err().unwrap();
    assert!(error.to_string().contains("/nonexistent/ca.pem"), "{error}");
}
