//! The raw engine: create and start of the same container, no Jeroboam between.

use crate::stopwatch::Stopwatch;
use bollard::Docker;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, HostConfig};
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use std::time::Duration;

/// The engine and the image that the cloud has put on it.
#[derive(Clone)]
pub struct Engine {
    docker: Docker,
    image: String,
}

/// The engine at this URL, in the version that it speaks.
pub async fn connect(url: &str) -> Docker {
    let path = url.strip_prefix("unix://").expect("a unix socket");
    let docker = Docker::connect_with_unix(path, 120, bollard::API_DEFAULT_VERSION).unwrap();
    docker.negotiate_version().await.unwrap()
}

/// Removes a container with its volumes, whatever it is doing.
pub async fn remove(docker: &Docker, id: &str) {
    let force = RemoveContainerOptionsBuilder::new()
        .force(true)
        .v(true)
        .build();
    docker.remove_container(id, Some(force)).await.unwrap();
}

/// What a container of this engine was made of, to make another like it: without its name, labels,
/// networks.
pub fn made_of(found: &ContainerInspectResponse) -> ContainerCreateBody {
    // The same words, to the engine, as those of a request.
    let told = serde_json::to_value(&found.config).unwrap();
    let body: ContainerCreateBody = serde_json::from_value(told).unwrap();
    ContainerCreateBody {
        image: found.image.clone(),
        labels: None,
        host_config: found.host_config.clone(),
        ..body
    }
}

impl Engine {
    /// The engine at this URL; takes the image of any container that the cloud has made there.
    pub async fn of(url: &str, server: &str) -> Engine {
        let docker = connect(url).await;
        let all = docker
            .list_containers(Some(
                bollard::query_parameters::ListContainersOptionsBuilder::new()
                    .all(true)
                    .build(),
            ))
            .await
            .unwrap();
        let ours = all.into_iter().find(|one| {
            let labels = one.labels.as_ref();
            labels
                .and_then(|labels| labels.get("jeroboam.id"))
                .is_some_and(|id| id == server)
        });
        Engine {
            docker,
            image: ours.unwrap().image_id.unwrap(),
        }
    }

    /// Creates and starts one container; how long that took, and its id.
    pub async fn boot(&self) -> (Duration, String) {
        let body = ContainerCreateBody {
            image: Some(self.image.clone()),
            host_config: Some(HostConfig {
                network_mode: Some("none".into()),
                memory: Some(64 << 20),
                pids_limit: Some(4096),
                cap_drop: Some(vec!["ALL".into()]),
                security_opt: Some(vec!["no-new-privileges".into()]),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let watch = Stopwatch::start();
        let made = self.docker.create_container(None, body).await.unwrap();
        self.docker.start_container(&made.id, None).await.unwrap();
        (watch.elapsed(), made.id)
    }

    /// Removes containers that `boot` made.
    pub async fn remove(&self, ids: &[String]) {
        for id in ids {
            remove(&self.docker, id).await;
        }
    }
}
