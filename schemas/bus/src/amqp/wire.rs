//! Our messages as AMQP properties and bodies, and back.

use crate::message::Message;
use bytes::Bytes;
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use std::borrow::Cow;
use std::time::Duration;

const REQUEST_ID: &str = "request_id";

pub(super) fn properties(message: &Message) -> BasicProperties {
    let mut headers = FieldTable::default();
    if let Some(id) = &message.request_id {
        headers.insert(REQUEST_ID.into(), AMQPValue::LongString(id.as_str().into()));
    }
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_delivery_mode(if message.persistent { 2 } else { 1 })
        .with_type(message.name.as_ref().into())
        .with_headers(headers);
    match message.expiration {
        Some(length) => properties.with_expiration(length.as_millis().to_string().into()),
        None => properties,
    }
}

pub(super) fn message(delivery: &mut Delivery) -> Message {
    let properties = &delivery.properties;
    let name = properties
        .kind()
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let header = properties
        .headers()
        .as_ref()
        .and_then(|table| table.inner().get(REQUEST_ID));
    let request_id = match header {
        Some(AMQPValue::LongString(text)) => Some(text.to_string()),
        _ => None,
    };
    let millis = properties
        .expiration()
        .as_ref()
        .and_then(|text| text.as_str().parse().ok());
    Message {
        name: Cow::Owned(name),
        request_id,
        expiration: millis.map(Duration::from_millis),
        persistent: *properties.delivery_mode() == Some(2),
        body: Bytes::from(std::mem::take(&mut delivery.data)),
    }
}
