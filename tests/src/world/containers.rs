//! Containers of clusters in a world, asked for as the clients of 2015 do.

use super::World;
use super::client::Answered;
use crate::api::answer::Ask;
use actix_web::http::{Method, StatusCode};
use schemas::ids::ServerId;
use serde_json::json;

/// `servers.vm_state`, and how it is shown.
const STATES: [(&str, &str); 4] = [
    ("active", "Running"),
    ("stopped", "Stopped"),
    ("paused", "Paused"),
    ("error", "Error"),
];

fn path(id: ServerId, verb: &str) -> String {
    format!("/container-infra/v1/containers/{id}{verb}")
}

impl World {
    /// Asks for a container in this cluster. Its id is the story's choice, so that asking again makes
    /// no second one.
    pub async fn container(&self, cluster: &str, name: &str) -> ServerId {
        let (id, asked) = self.try_container(cluster, name, "64m").await;
        asked.accepted(name, Some(StatusCode::CONFLICT));
        id
    }

    /// The same with a bound of its memory, and with what became of it.
    pub async fn try_container(
        &self,
        cluster: &str,
        name: &str,
        memory: &str,
    ) -> (ServerId, Answered) {
        let id = ServerId::new();
        let wish = json!({
            "uuid": id.to_string(), "name": name, "bay_uuid": cluster, "memory": memory,
            "image": self.thing("image/base"),
        });
        let ask = Ask::new(Method::POST, "/container-infra/v1/containers").json(&wish);
        (id, self.member().ask(ask).await)
    }

    /// Does something to a container. What an earlier request has brought about may stand in the way
    /// of the same request.
    pub async fn act_on(&self, id: ServerId, verb: &str) {
        let ask = Ask::new(Method::PUT, path(id, &format!("/{verb}")));
        let asked = self.member().ask(ask).await;
        asked.accepted(verb, Some(StatusCode::BAD_REQUEST));
    }

    /// Asks for its end.
    pub async fn delete_container(&self, id: ServerId) {
        self.member().delete(&format!("/containers/{id}")).await;
    }

    /// Waits until the container is in this state with nothing under way, and the API says so too.
    pub async fn until_container(&self, id: ServerId, vm_state: &'static str) {
        let shown = STATES.iter().find(|(state, _)| *state == vm_state);
        let wanted = shown.unwrap().1;
        self.until(&format!("container {id} is {vm_state}"), move |world| {
            Box::pin(async move {
                let row = world.server(id).await;
                let there =
                    row.is_some_and(|row| row.vm_state == vm_state && row.task_state.is_none());
                // While its node is silent nobody knows.
                there && world.get(&format!("/containers/{id}")).await["status"] == wanted
            })
        })
        .await;
    }
}
