//! `jeroboam admin hello`: the shortest proof that a cloud works.

use crate::client::Client;
use crate::terminal;
use schemas::{Error, Result};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

const NAME: &str = "hello";
const IMAGE: &str = "busybox";
const FLAVOR: &str = "c1.nano";
/// Booting and the first line together.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(300);

/// Boots the container `hello` unless it is there, and prints what it says.
pub async fn boot(client: &Client) -> Result<()> {
    let waiting = terminal::waiting(format!("booting {NAME}"));
    let deadline = Instant::now() + PATIENCE;
    let known = client
        .find("/compute/v2.1/servers", "servers", NAME)
        .await?;
    let id = match known {
        Some(id) => id,
        None => create(client).await?,
    };
    wait_active(client, &id, deadline).await?;
    waiting.set_message("waiting for its first words");
    let said = first_words(client, &id, deadline).await?;
    waiting.finish_and_clear();
    terminal::result(said.trim_end());
    Ok(())
}

async fn create(client: &Client) -> Result<String> {
    let missing = |what: &str, name: &str| {
        Error::NotFound(format!(
            "There is no {what} {name}: run `jeroboam admin seed` first."
        ))
    };
    let path = format!("/image/v2/images?name={IMAGE}&status=active");
    let image = client.find(&path, "images", IMAGE).await?;
    let flavor = client
        .find("/compute/v2.1/flavors", "flavors", FLAVOR)
        .await?;
    let body = json!({ "server": {
        "name": NAME,
        "imageRef": image.ok_or_else(|| missing("image", IMAGE))?,
        "flavorRef": flavor.ok_or_else(|| missing("flavor", FLAVOR))?,
        "networks": "auto",
    }});
    let made = client.post("/compute/v2.1/servers", &body).await?;
    let id = made["server"]["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Error::internal("the new server has no id"))
}

async fn wait_active(client: &Client, id: &str, deadline: Instant) -> Result<()> {
    loop {
        let shown = client.get(&format!("/compute/v2.1/servers/{id}")).await?;
        let server = &shown["server"];
        match server["status"].as_str() {
            Some("ACTIVE") => return Ok(()),
            Some("ERROR") => {
                let why = server.pointer("/fault/message").and_then(Value::as_str);
                return Err(Error::Unavailable(format!(
                    "{NAME} could not be booted: {}",
                    why.unwrap_or("no reason is given.")
                )));
            }
            status if Instant::now() >= deadline => {
                return Err(Error::Unavailable(format!(
                    "{NAME} is not running after {PATIENCE:?}; its status is {}.",
                    status.unwrap_or("unknown")
                )));
            }
            _ => tokio::time::sleep(GLANCE).await,
        }
    }
}

async fn first_words(client: &Client, id: &str, deadline: Instant) -> Result<String> {
    let path = format!("/compute/v2.1/servers/{id}/action");
    let order = json!({ "os-getConsoleOutput": { "length": 20 } });
    loop {
        let said = client.post(&path, &order).await?;
        match said["output"].as_str() {
            Some(text) if !text.trim().is_empty() => return Ok(text.to_owned()),
            _ if Instant::now() >= deadline => {
                return Err(Error::Unavailable(format!(
                    "{NAME} runs, but says nothing."
                )));
            }
            _ => tokio::time::sleep(GLANCE).await,
        }
    }
}
