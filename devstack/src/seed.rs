//! What a new cloud begins with, made through its APIs: the project `demo` and its user, flavors,
//! public images. Run again it leaves alone what is there.

mod nodes;

pub use nodes::node_image;

use crate::client::Client;
use crate::terminal;
use reqwest::Method;
use schemas::{Error, Result};
use serde_json::{Value, json};
use std::path::Path;
use tokio_util::io::ReaderStream;

/// The project for trying things.
pub const PROJECT: &str = "demo";

/// Name, CPUs, MiB of memory, GiB of disk.
const FLAVORS: [(&str, u32, u32, u32); 5] = [
    ("c1.nano", 1, 64, 1),
    ("c1.tiny", 1, 256, 1),
    ("c1.small", 1, 1024, 5),
    ("c1.medium", 2, 4096, 20),
    ("c1.large", 4, 8192, 40),
];

/// The project `demo`, in which the administrator and, with a password, the user `demo` are members.
pub async fn project(admin: &Client, password: Option<&str>) -> Result<()> {
    let id = ensure(
        admin,
        "projects",
        "project",
        PROJECT,
        json!({
            "name": PROJECT, "domain_id": "default", "description": "To try things."
        }),
    )
    .await?;
    let mut users = vec![admin.user_id.clone()];
    if let Some(password) = password {
        let body = json!({
            "name": PROJECT, "domain_id": "default", "password": password, "default_project_id": id
        });
        users.push(ensure(admin, "users", "user", PROJECT, body).await?);
    }
    let role = admin
        .find("/identity/v3/roles?name=member", "roles", "member")
        .await?;
    let role = role.ok_or_else(|| {
        Error::NotFound("There is no role `member`: run `jeroboam admin bootstrap`.".into())
    })?;
    for user in users {
        let path = format!("/identity/v3/projects/{id}/users/{user}/roles/{role}");
        admin.send(admin.request(Method::PUT, &path)).await?;
    }
    terminal::message(format!("project {PROJECT}"));
    Ok(())
}

async fn ensure(admin: &Client, list: &str, one: &str, name: &str, body: Value) -> Result<String> {
    let path = format!("/identity/v3/{list}?name={name}&domain_id=default");
    if let Some(id) = admin.find(&path, list, name).await? {
        return Ok(id);
    }
    let made = admin
        .post(&format!("/identity/v3/{list}"), &json!({ one: body }))
        .await?;
    let id = made[one]["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Error::internal(format!("the new {one} has no id")))
}

/// Flavors for containers, from small to large.
pub async fn flavors(admin: &Client) -> Result<()> {
    for (name, vcpus, ram, disk) in FLAVORS {
        let listed = "/compute/v2.1/flavors?is_public=None";
        if admin.find(listed, "flavors", name).await?.is_none() {
            let body = json!({ "flavor": {
                "name": name, "vcpus": vcpus, "ram": ram, "disk": disk
            }});
            admin.post("/compute/v2.1/flavors", &body).await?;
        }
        terminal::message(format!("flavor {name}"));
    }
    Ok(())
}

/// Offers an archive of `docker save` as a public image, unless there is one of that name.
pub async fn image(admin: &Client, name: &str, file: &Path) -> Result<()> {
    let path = format!("/image/v2/images?name={name}&status=active");
    if admin.find(&path, "images", name).await?.is_some() {
        terminal::message(format!("image {name}"));
        return Ok(());
    }
    upload(admin, name, file, json!({})).await
}

/// Makes a public image of an archive; `properties` are what else is said of it.
async fn upload(admin: &Client, name: &str, file: &Path, properties: Value) -> Result<()> {
    let archive = tokio::fs::File::open(file).await;
    let archive = archive.map_err(|error| unreadable(file, &error))?;
    let length = archive.metadata().await;
    let length = length.map_err(|error| unreadable(file, &error))?.len();
    let mut body = json!({
        "name": name, "container_format": "docker", "disk_format": "raw", "visibility": "public"
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), properties) {
        body.extend(more);
    }
    let made = admin.post("/image/v2/images", &body).await?;
    let id = made["id"]
        .as_str()
        .ok_or_else(|| Error::internal("the new image has no id"))?;
    let bar = terminal::bytes(format!("image {name}"), length);
    let stream = ReaderStream::with_capacity(bar.wrap_async_read(archive), 256 << 10);
    let upload = admin
        .request(Method::PUT, &format!("/image/v2/images/{id}/file"))
        .header("Content-Type", "application/octet-stream")
        .header("Content-Length", length)
        .body(reqwest::Body::wrap_stream(stream));
    let sent = admin.send(upload).await;
    bar.finish_and_clear();
    if let Err(error) = sent {
        // Half an image under this name would be in the way of the next try.
        let _ = admin
            .send(admin.request(Method::DELETE, &format!("/image/v2/images/{id}")))
            .await;
        return Err(error);
    }
    terminal::message(format!("image {name}, {length} bytes"));
    Ok(())
}

fn unreadable(file: &Path, error: &std::io::Error) -> Error {
    Error::BadRequest(format!(
        "The image file {} cannot be read: {error}.",
        file.display()
    ))
}
