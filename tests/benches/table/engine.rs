//! The raw engine: create and start of the same container, no Jeroboam between.

use crate::stopwatch::Stopwatch;
use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use std::time::Duration;

/// The engine and the image that the cloud has put on it.
#[derive(Clone)]
pub struct Engine {
    docker: Docker,
    image: String,
}

impl Engine {
    /// The engine at this URL; takes the image of any container that the cloud has made there.
    pub async fn of(url: &str, server: &str) -> Engine {
        let path = url.strip_prefix("unix://").expect("a unix socket");
        let docker = Docker::connect_with_unix(path, 120, bollard::API_DEFAULT_VERSION).unwrap();
        let docker = docker.negotiate_version().await.unwrap();
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
            let force = RemoveContainerOptionsBuilder::new()
                .force(true)
                .v(true)
                .build();
            self.docker.remove_container(id, Some(force)).await.unwrap();
        }
    }
}
