//! Makes a container: with its files and networks inside before it gets its final name, so that a
//! crash in between leaves something that is seen to be unfinished.

use super::settings::DockerSettings;
use super::{DockerDriver, labels, limits, pods, security, services};
use crate::error::{DriverError, Result};
use crate::inject;
use crate::pod::Part;
use bollard::body_full;
use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigLogConfig,
    NetworkConnectRequest, NetworkingConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RenameContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use schemas::workload::{Attachment, Workload};
use std::collections::HashMap;

impl DockerDriver {
    /// A container by itself, or a part of a pod; of a sandbox, with its image.
    pub(super) async fn make(
        &self,
        workload: &Workload,
        part: Option<(&Part, Option<String>)>,
    ) -> Result<()> {
        let place = match &workload.node {
            Some(node) => Some((self.place(workload, node).await?, node)),
            None => None,
        };
        let mut files = workload.files.clone();
        if let Some((place, node)) = &place {
            files.extend(place.files(node));
        }
        let is_part = part.is_some();
        let files = match &part {
            Some((part, _)) => pods::files(part)?,
            None => inject::tar(&files)?,
        };
        if files.is_some() && workload.security.read_only_rootfs {
            return Err(DriverError::permanent(
                "files cannot be injected into a read-only root filesystem; drop one of the two",
            ));
        }
        let name = labels::container_name(self.host_id(), workload.id);
        let in_one_step = files.is_none() && workload.networks.len() < 2;
        let mut body = body(&self.settings, workload);
        if let Some((part, image)) = part {
            pods::configure(&self.settings, workload, part, image, &mut body)?;
        }
        if in_one_step {
            // Whether anything is there is left to the engine to say: mostly there is nothing.
            match self.create(&name, body.clone(), workload).await {
                Err(DriverError::Conflict { .. }) => {}
                done => return done,
            }
        }
        let found = self.find(workload.id).await?;
        let there = found.as_ref().and_then(super::observe::observation);
        if there.is_some_and(|it| it.incarnation == workload.incarnation) {
            return Ok(());
        }
        let unfinished = labels::unfinished_name(self.host_id(), workload.id);
        if is_part {
            // Only itself: by a sandbox's id goes the whole pod.
            self.remove_named(&name).await?;
            self.remove_named(&unfinished).await?;
        } else {
            self.remove_before(workload).await?;
        }
        if in_one_step {
            return self.create(&name, body, workload).await;
        }
        if let Some((place, node)) = &place {
            place.settle()?;
            self.put_disk(workload, place).await?;
            place.configure(node, &mut body);
        }
        self.create(&unfinished, body, workload).await?;
        // Its users are written down, with its disk: the next node may find others.
        drop(place);
        if let Some(tar) = files {
            self.upload(&unfinished, "/", tar).await?;
        }
        for attachment in workload.networks.iter().skip(1) {
            self.attach(&unfinished, attachment, workload).await?;
        }
        let options = RenameContainerOptionsBuilder::new().name(&name).build();
        let rename =
            async |docker: &bollard::Docker| docker.rename_container(&unfinished, options).await;
        self.client
            .ask("create", self.deadlines().effect(), rename)
            .await
    }

    /// Unpacks a tar into a folder of a container.
    pub(super) async fn upload(&self, name: &str, folder: &str, tar: bytes::Bytes) -> Result<()> {
        let options = UploadToContainerOptionsBuilder::new().path(folder).build();
        let upload = async |docker: &bollard::Docker| {
            docker
                .upload_to_container(name, Some(options), body_full(tar))
                .await
        };
        self.client
            .ask("archive", self.deadlines().effect(), upload)
            .await
    }

    async fn create(
        &self,
        name: &str,
        body: ContainerCreateBody,
        workload: &Workload,
    ) -> Result<()> {
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        let create =
            async |docker: &bollard::Docker| docker.create_container(Some(options), body).await;
        let created = self
            .client
            .ask("create", self.deadlines().effect(), create)
            .await?;
        for warning in created.warnings {
            tracing::debug!(id = %workload.id, warning, "the engine warns");
        }
        Ok(())
    }

    async fn attach(&self, name: &str, attachment: &Attachment, workload: &Workload) -> Result<()> {
        let network = labels::network_name(attachment.network.id);
        let request = NetworkConnectRequest {
            container: name.to_owned(),
            endpoint_config: Some(endpoint(attachment, workload)),
        };
        let connect =
            async |docker: &bollard::Docker| docker.connect_network(&network, request).await;
        self.client
            .ask("create", self.deadlines().effect(), connect)
            .await
    }
}

fn body(settings: &DockerSettings, workload: &Workload) -> ContainerCreateBody {
    let host = settings.host;
    let first = workload.networks.first();
    let first_name = first.map(|it| labels::network_name(it.network.id));
    // Older engines take one network here; the others are connected before the start.
    let endpoints = first
        .zip(first_name.clone())
        .map(|(attachment, name)| HashMap::from([(name, endpoint(attachment, workload))]));
    let mut host_config = HostConfig {
        network_mode: Some(first_name.unwrap_or_else(|| "none".to_owned())),
        restart_policy: Some(RestartPolicy {
            // Restarting is the plane's decision, so that it is seen and bounded.
            name: Some(RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        }),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([
                (
                    "max-size".to_owned(),
                    (settings.log_bytes / 2).max(1).to_string(),
                ),
                ("max-file".to_owned(), "2".to_owned()),
            ])),
        }),
        ..HostConfig::default()
    };
    services::resolve(workload, &mut host_config);
    limits::apply(&workload.limits, &mut host_config);
    security::apply(&workload.security, &mut host_config);
    let ports: Vec<String> = workload
        .publish
        .iter()
        .map(|port| format!("{port}/tcp"))
        .collect();
    // At a port that the engine chooses; a node has its own.
    let chosen = || Some(vec![PortBinding::default()]);
    let bindings = ports.iter().map(|port| (port.clone(), chosen()));
    host_config.port_bindings = Some(bindings.collect());
    ContainerCreateBody {
        hostname: Some(workload.hostname.clone()),
        image: Some(format!(
            "{}:{}",
            labels::image_repo(&workload.image.manifest),
            labels::tag(host)
        )),
        // With an entrypoint given, the engine drops the image's command, too.
        entrypoint: workload
            .command
            .clone()
            .filter(|command| !command.is_empty()),
        cmd: workload.args.clone().filter(|args| !args.is_empty()),
        env: Some(
            workload
                .env
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
        labels: Some(labels::container(host, workload)),
        exposed_ports: Some(ports),
        host_config: Some(host_config),
        networking_config: endpoints.map(|endpoints| NetworkingConfig {
            endpoints_config: Some(endpoints),
        }),
        ..ContainerCreateBody::default()
    }
}

fn endpoint(attachment: &Attachment, workload: &Workload) -> EndpointSettings {
    let mut aliases = vec![workload.hostname.clone()];
    aliases.extend(attachment.aliases.iter().cloned());
    aliases.dedup();
    let (v6, v4) = match attachment.address.clone() {
        Some(address) if address.contains(':') => (Some(address), None),
        address => (None, address),
    };
    let fixed = v4.is_some() || v6.is_some();
    EndpointSettings {
        ipam_config: fixed.then_some(EndpointIpamConfig {
            ipv4_address: v4,
            ipv6_address: v6,
            link_local_ips: None,
        }),
        aliases: Some(aliases),
        ..EndpointSettings::default()
    }
}
