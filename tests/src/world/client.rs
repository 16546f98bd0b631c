//! What people ask of the cloud, as they would ask it: over HTTP, and again when the connection
//! breaks.

use super::World;
use crate::api::answer::{Answer, Ask};
use crate::api::persona::Persona;
use actix_web::http::{Method, StatusCode};
use schemas::ids::{ImageId, ServerId};
use serde_json::{Value, json};
use std::time::Duration;

/// A path below compute, but for images and containers.
fn target(path: &str) -> String {
    let first = path.split(['/', '?']).nth(1).unwrap_or_default();
    match first {
        "images" => format!("/image/v2{path}"),
        "containers" => format!("/container-infra/v1{path}"),
        _ => format!("/compute/v2.1{path}"),
    }
}

/// Somebody at the door.
#[derive(Clone, Copy)]
pub struct Client<'w> {
    world: &'w World,
    who: Persona,
}

/// What became of a request.
pub struct Answered {
    /// The last answer.
    pub answer: Answer,
    /// It was asked more than once: an earlier one may have been carried out.
    pub again: bool,
}

impl Client<'_> {
    /// Asks until there is an answer.
    pub async fn ask(&self, ask: Ask) -> Answered {
        let ask = self.signed(ask);
        let mut again = false;
        loop {
            if let Some(answer) = self.world.door.ask(ask.clone()).await {
                return Answered { answer, again };
            }
            again = true;
        }
    }

    /// `GET`: the body.
    pub async fn get(&self, path: &str) -> Value {
        let asked = self.ask(Ask::get(target(path))).await;
        asked.accepted(path, None).json()
    }

    /// `GET`: the code.
    pub async fn status(&self, path: &str) -> u16 {
        self.ask(Ask::get(target(path)))
            .await
            .answer
            .status
            .as_u16()
    }

    /// `POST` of what may be done twice: asked again, the first may stand in the second's way.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let ask = Ask::new(Method::POST, target(path)).json(&body);
        let what = format!("{path} {body}");
        self.ask(ask)
            .await
            .accepted(&what, Some(StatusCode::CONFLICT))
    }

    /// `PUT`.
    pub async fn put(&self, path: &str, body: Value) -> Value {
        let ask = Ask::new(Method::PUT, target(path)).json(&body);
        self.ask(ask).await.accepted(path, None).json()
    }

    /// `DELETE`: what is gone already is gone.
    pub async fn delete(&self, path: &str) {
        let asked = self.ask(Ask::new(Method::DELETE, target(path))).await;
        asked.accepted(path, Some(StatusCode::NOT_FOUND));
    }

    /// A `POST` that is refused: the code, and the reason as shown.
    pub async fn refused(&self, path: &str, body: Value) -> (u16, String) {
        let ask = Ask::new(Method::POST, target(path)).json(&body);
        let answer = self.ask(ask).await.answer;
        assert!(answer.status.is_client_error(), "{path}: {}", answer.text());
        (answer.status.as_u16(), answer.text())
    }

    /// Makes a thing that is known by its name, once: who gets no answer looks whether it is there.
    /// `what` is the key of its body, `list` where such things are listed.
    pub async fn make(&self, path: &str, what: &str, body: Value) -> String {
        let ask = Ask::new(Method::POST, target(path)).json(&body);
        let wanted = body.pointer(&format!("{what}/name")).unwrap().clone();
        loop {
            if let Some(answer) = self.once(&ask).await {
                assert!(answer.status.is_success(), "{path}: {}", answer.text());
                let id = answer.json().pointer(&format!("{what}/id")).cloned();
                return id.unwrap().as_str().unwrap().to_owned();
            }
            let list = self.get(path).await;
            let mut lists = list
                .as_object()
                .unwrap()
                .values()
                .filter_map(Value::as_array);
            let found = lists.find_map(|list| list.iter().find(|one| one["name"] == wanted));
            if let Some(found) = found {
                return found["id"].as_str().unwrap().to_owned();
            }
        }
    }

    async fn once(&self, ask: &Ask) -> Option<Answer> {
        self.world.door.ask(self.signed(ask.clone())).await
    }

    fn signed(&self, ask: Ask) -> Ask {
        // The clients of 2015 name no version.
        let old = ask.target.starts_with("/container-infra");
        let ask = ask.set("x-auth-token", self.world.token(self.who));
        match old {
            true => ask,
            false => ask.set("openstack-api-version", "compute 2.96"),
        }
    }
}

impl Answered {
    pub(super) fn accepted(self, what: &str, after_the_first: Option<StatusCode>) -> Answer {
        let Answered { answer, again } = self;
        let done = again && Some(answer.status) == after_the_first;
        assert!(
            answer.status.is_success() || done,
            "{what}: {} {}",
            answer.status,
            answer.text()
        );
        answer
    }
}

impl World {
    /// The tenant.
    pub fn member(&self) -> Client<'_> {
        self.client(Persona::Member)
    }

    /// The operator.
    pub fn admin(&self) -> Client<'_> {
        self.client(Persona::Admin)
    }

    fn client(&self, who: Persona) -> Client<'_> {
        Client { world: self, who }
    }

    /// The tenant gets.
    pub async fn get(&self, path: &str) -> Value {
        self.member().get(path).await
    }

    /// The tenant posts.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.member().post(path, body).await
    }

    /// The tenant does something to a server: `world.act(id, json!({ "os-stop": null }))`.
    pub async fn act(&self, id: ServerId, action: Value) {
        self.post(&format!("/servers/{id}/action"), action).await;
    }

    /// What the server's state does not allow: the code.
    pub async fn refuses(&self, id: ServerId, action: Value) -> (u16, String) {
        self.member()
            .refused(&format!("/servers/{id}/action"), action)
            .await
    }

    /// Asks for a small server with these labels.
    pub async fn create(&self, name: &str, labels: &[(&str, &str)]) -> ServerId {
        let labels = labels.iter().map(|(key, value)| (*key, *value));
        let labels = labels.collect::<std::collections::BTreeMap<_, _>>();
        self.create_with(name, json!({ "metadata": labels })).await
    }

    /// Asks for a small server with more to say about it.
    pub async fn create_with(&self, name: &str, more: Value) -> ServerId {
        let mut body = json!({ "server": {
            "name": name,
            "imageRef": self.thing("image/base"),
            "flavorRef": self.thing("flavor/small"),
            "networks": "auto",
        }});
        // Scheduler hints stand beside the server.
        for (key, value) in more.as_object().unwrap() {
            match key.starts_with("os:") {
                true => body[key] = value.clone(),
                false => body["server"][key] = value.clone(),
            }
        }
        let id = self.member().make("/servers", "/server", body).await;
        ServerId::parse(&id).unwrap()
    }

    /// Asks it to stop.
    pub async fn stop(&self, id: ServerId) {
        self.act(id, json!({ "os-stop": null })).await;
    }

    /// Asks it to start.
    pub async fn start(&self, id: ServerId) {
        self.act(id, json!({ "os-start": null })).await;
    }

    /// Asks it to pause.
    pub async fn pause(&self, id: ServerId) {
        self.act(id, json!({ "pause": null })).await;
    }

    /// Asks for a hard reboot.
    pub async fn reboot(&self, id: ServerId) {
        self.act(id, json!({ "reboot": { "type": "HARD" } })).await;
    }

    /// Asks for a new container from the image.
    pub async fn rebuild(&self, id: ServerId) {
        let image = self.thing("image/base");
        self.act(id, json!({ "rebuild": { "imageRef": image } }))
            .await;
    }

    /// Asks for another size.
    pub async fn resize(&self, id: ServerId, flavor: &str) {
        let flavor = self.thing(&format!("flavor/{flavor}"));
        self.act(id, json!({ "resize": { "flavorRef": flavor } }))
            .await;
    }

    /// The new size is kept.
    pub async fn confirm(&self, id: ServerId) {
        self.act(id, json!({ "confirmResize": null })).await;
    }

    /// The old size comes back.
    pub async fn revert(&self, id: ServerId) {
        self.act(id, json!({ "revertResize": null })).await;
    }

    /// Asks for an image of it.
    pub async fn snapshot(&self, id: ServerId, name: &str) -> ImageId {
        self.act(id, json!({ "createImage": { "name": name } }))
            .await;
        let list = self.get(&format!("/images?name={name}")).await;
        let image = list["images"][0]["id"].as_str();
        ImageId::parse(image.unwrap()).unwrap()
    }

    /// Makes an image of this data. An upload that broke off is begun again when the cloud has found
    /// out that its process died.
    pub async fn upload(&self, name: &str, data: &[u8]) -> ImageId {
        let image = json!({ "name": name, "container_format": "bare", "disk_format": "raw" });
        let id = self.member().make("/images", "", image).await;
        let file = Ask::new(Method::PUT, target(&format!("/images/{id}/file")))
            .bytes("application/octet-stream", data);
        loop {
            let answer = self.member().ask(file.clone()).await.answer;
            let shown = self.get(&format!("/images/{id}")).await;
            if shown["status"] == "active" {
                return ImageId::parse(&id).unwrap();
            }
            // Another upload of it is not known to be dead yet, or too many are under way.
            let later = [StatusCode::CONFLICT, StatusCode::PAYLOAD_TOO_LARGE];
            let waits = later.contains(&answer.status);
            assert!(waits, "{} {shown}", answer.text());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    }

    /// The image's data, as it is downloaded.
    pub async fn download(&self, id: ImageId) -> Vec<u8> {
        let path = format!("/images/{id}/file");
        let asked = self.member().ask(Ask::get(target(&path))).await;
        asked.accepted(&path, None).body
    }

    /// Asks for an image's end.
    pub async fn delete_image(&self, id: ImageId) {
        self.member().delete(&format!("/images/{id}")).await;
    }

    /// Asks for its end.
    pub async fn delete(&self, id: ServerId) {
        self.member().delete(&format!("/servers/{id}")).await;
    }
}
