//! What runs inside nodes.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptions, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions, WaitContainerOptions,
};
use futures::{StreamExt, TryStreamExt};

/// Runs a shell script in a container of a node to its end: its status, and what it said.
pub async fn run(inner: &Docker, script: &str, config: HostConfig) -> (i64, String) {
    let id = start(inner, &["sh", "-c", script], config).await;
    let ended = inner
        .wait_container(&id, None::<WaitContainerOptions>)
        .next()
        .await;
    let status = match ended.expect("an end") {
        Ok(end) => end.status_code,
        Err(bollard::errors::Error::DockerContainerWaitError { code, .. }) => code,
        Err(error) => panic!("waiting: {error}"),
    };
    let said = log(inner, &id).await;
    let options = RemoveContainerOptionsBuilder::new()
        .force(true)
        .v(true)
        .build();
    inner
        .remove_container(&id, Some(options))
        .await
        .expect("it goes");
    (status, said)
}

/// Starts a container in a node.
pub async fn start(inner: &Docker, command: &[&str], config: HostConfig) -> String {
    let id = make(inner, command, config).await;
    let started = inner
        .start_container(&id, None::<StartContainerOptions>)
        .await;
    started.expect("it starts");
    id
}

/// Makes a container in a node.
pub async fn make(inner: &Docker, command: &[&str], config: HostConfig) -> String {
    let command: Vec<String> = command.iter().map(|&it| it.to_owned()).collect();
    let body = ContainerCreateBody {
        image: Some("busybox:latest".to_owned()),
        cmd: (!command.is_empty()).then_some(command),
        host_config: Some(config),
        ..ContainerCreateBody::default()
    };
    let made = inner
        .create_container(None::<CreateContainerOptions>, body)
        .await;
    made.expect("a container").id
}

/// Everything a container has said.
pub async fn log(engine: &Docker, name: &str) -> String {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
    let parts: Vec<LogOutput> = engine
        .logs(name, Some(options))
        .try_collect()
        .await
        .expect("a log");
    parts.iter().map(ToString::to_string).collect()
}

/// As much as there is to be had inside.
pub fn with_everything() -> HostConfig {
    HostConfig {
        privileged: Some(true),
        pid_mode: Some("host".to_owned()),
        network_mode: Some("host".to_owned()),
        binds: Some(vec!["/:/node".to_owned()]),
        ..HostConfig::default()
    }
}
