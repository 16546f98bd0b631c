//! Exchanges and queues on RabbitMQ, made anew with every connection.

use crate::route::{Bounds, Direction, Queue, Route};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};
use std::time::Duration;

/// Names in one virtual host.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub prefix: String,
    pub notification_exchange: String,
}

impl Names {
    fn direction(&self, direction: Direction) -> ShortString {
        format!("{}.{}", self.prefix, direction.exchange()).into()
    }

    pub(super) fn queue(&self, queue: Queue) -> ShortString {
        format!("{}.{}", self.prefix, queue.name()).into()
    }

    /// Where to publish.
    pub(super) fn exchange(&self, route: &Route) -> ShortString {
        match route.queue() {
            Some(queue) => self.direction(queue.direction()),
            None => match route {
                Route::Notification(_) => self.notification_exchange.as_str().into(),
                _ => "".into(),
            },
        }
    }
}

/// Declares what all roles share.
pub(super) async fn declare(
    names: &Names,
    connection: &Connection,
    channel: &Channel,
) -> lapin::Result<()> {
    for direction in Direction::ALL {
        let options = ExchangeDeclareOptions {
            durable: true,
            ..Default::default()
        };
        let name = names.direction(direction);
        channel
            .exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default())
            .await?;
    }
    for queue in Queue::SHARED {
        declare_queue(names, channel, queue).await?;
    }
    declare_notifications(names, connection).await
}

/// Declares one queue and leads its messages there.
pub(super) async fn declare_queue(
    names: &Names,
    channel: &Channel,
    queue: Queue,
) -> lapin::Result<()> {
    let bounds = queue.bounds();
    let name = names.queue(queue);
    let options = QueueDeclareOptions {
        durable: true,
        auto_delete: bounds.auto_delete,
        ..Default::default()
    };
    channel
        .queue_declare(name.clone(), options, arguments(&bounds))
        .await?;
    for pattern in queue.patterns() {
        let exchange = names.direction(queue.direction());
        let options = QueueBindOptions::default();
        let none = FieldTable::default();
        channel
            .queue_bind(name.clone(), exchange, pattern.into(), options, none)
            .await?;
    }
    Ok(())
}

/// The exchange may be another OpenStack service's, with properties that only it knows: so it is
/// made only where it is missing, as oslo.messaging does by default.
async fn declare_notifications(names: &Names, connection: &Connection) -> lapin::Result<()> {
    let name: ShortString = names.notification_exchange.as_str().into();
    let kind = ExchangeKind::Topic;
    let passive = ExchangeDeclareOptions {
        passive: true,
        ..Default::default()
    };
    let probe = connection.create_channel().await?;
    let there = probe
        .exchange_declare(name.clone(), kind.clone(), passive, FieldTable::default())
        .await;
    if there.is_ok() {
        return Ok(());
    }
    // A refused probe has closed its channel.
    let channel = connection.create_channel().await?;
    let options = ExchangeDeclareOptions::default();
    channel
        .exchange_declare(name, kind, options, FieldTable::default())
        .await
}

fn arguments(bounds: &Bounds) -> FieldTable {
    let mut table = FieldTable::default();
    let mut put = |key: &str, value: AMQPValue| {
        table.insert(key.into(), value);
    };
    put("x-max-length", count(bounds.max_length));
    put("x-max-length-bytes", count(bounds.max_bytes));
    let overflow = if bounds.refuse {
        "reject-publish"
    } else {
        "drop-head"
    };
    put("x-overflow", AMQPValue::LongString(overflow.into()));
    if let Some(ttl) = bounds.ttl {
        put("x-message-ttl", millis(ttl));
    }
    if let Some(expires) = bounds.expires {
        put("x-expires", millis(expires));
    }
    table
}

fn count(number: usize) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(number).unwrap_or(i64::MAX))
}

fn millis(length: Duration) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
}
