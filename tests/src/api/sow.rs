//! Makes the seeded things through the API, as those would to whom they belong.

mod compute;
mod container_infra;
mod identity;
mod image;

pub use compute::KEY;
pub use container_infra::manifest;
pub(crate) use image::rootfs;

use super::answer::{Answer, Ask};
use super::cloud::Cloud;
use super::database::Database;
use super::persona::Persona;
use super::things::Things;
use actix_web::http::Method;
use serde_json::Value;

/// Sows all services' things and ends the cloud.
pub(super) async fn all(mut cloud: Cloud) -> (Things, Database) {
    identity::sow(&mut cloud).await;
    image::sow(&mut cloud).await;
    compute::sow(&mut cloud).await;
    container_infra::sow(&mut cloud).await;
    cloud.end()
}

async fn must(cloud: &Cloud, who: Persona, ask: Ask) -> Answer {
    let told = format!("{} {} as {}", ask.method, ask.target, who.name());
    let answer = cloud.ask_as(who, ask).await;
    assert!(
        answer.status.is_success(),
        "{told}: {} {}",
        answer.status,
        answer.text()
    );
    answer
}

/// Posts and takes the new thing's id.
async fn make(cloud: &mut Cloud, who: Persona, path: &str, body: Value, id: &str, place: &str) {
    let ask = Ask::new(Method::POST, path).json(&body);
    let made = must(cloud, who, ask).await.json();
    let found = made.pointer(id).and_then(Value::as_str);
    let found = found.unwrap_or_else(|| panic!("POST {path} answers without {id}: {made}"));
    cloud.things.put(place, found);
}
