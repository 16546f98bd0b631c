//! What is there, out of the engine's own description.

use super::labels::{self, Attached};
use super::{DockerDriver, limits, words};
use crate::error::{DriverError, Result};
use crate::pod::orphaned;
use bollard::Docker;
use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary, EndpointSettings,
    PortBinding,
};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use futures::{StreamExt, TryStreamExt, stream};
use schemas::Timestamp;
use schemas::ids::WorkloadId;
use schemas::workload::{Interface, Observation, RunState};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Containers described at a time when all are asked for.
const AT_ONCE: usize = 8;

/// By kind of filter.
pub(super) type Filters = HashMap<String, Vec<String>>;

impl DockerDriver {
    /// Everything that carries our label for this host.
    pub(super) async fn observe_all(&self) -> Result<Vec<Observation>> {
        let names = self
            .names_labelled(&[(labels::HOST, self.host_id().to_string())])
            .await?;
        let seen = stream::iter(names).map(|name| async move { self.describe(&name).await });
        let seen: Vec<_> = seen.buffer_unordered(AT_ONCE).try_collect().await?;
        let (mut all, mut members) = (Vec::new(), Vec::new());
        for found in seen.iter().flatten() {
            let Some(observation) = self.observation(found) else {
                continue;
            };
            match label(found, labels::MEMBER).and(label(found, labels::POD)) {
                Some(pod) => members.extend(WorkloadId::parse(pod).zip(Some(observation))),
                None => all.push(observation),
            }
        }
        let whole: BTreeSet<_> = all.iter().map(|it| it.id).collect();
        let orphans = members.iter().filter(|(pod, _)| !whole.contains(pod));
        all.extend(orphans.map(|(pod, member)| orphaned(*pod, member)));
        // Finished ones first, so that an unfinished twin of a crash is the one dropped.
        all.sort_by_key(|it| (it.id, it.state == RunState::Unknown));
        all.dedup_by_key(|it| it.id);
        Ok(all)
    }

    /// One container. One whose making was cut off is not there yet: whoever wants it has it made.
    pub(super) async fn observe(&self, id: WorkloadId) -> Result<Option<Observation>> {
        let found = self.find(id).await?;
        Ok(found.as_ref().and_then(|it| self.observation(it)))
    }

    /// A finished container of ours.
    pub(super) async fn find(&self, id: WorkloadId) -> Result<Option<ContainerInspectResponse>> {
        self.describe(&labels::container_name(self.host_id(), id))
            .await
    }

    /// A finished container's observation and name, or that it is not there.
    pub(super) async fn existing(&self, id: WorkloadId) -> Result<(Observation, String)> {
        let found = self
            .find(id)
            .await?
            .as_ref()
            .and_then(|it| self.observation(it));
        let found = found.ok_or_else(|| DriverError::no_container(id))?;
        Ok((found, labels::container_name(self.host_id(), id)))
    }

    /// Engine names of the containers with these labels, in any state.
    pub(super) async fn names_labelled(&self, wanted: &[(&str, String)]) -> Result<Vec<String>> {
        let listed = self.listed(wanted).await?;
        Ok(listed.into_iter().filter_map(name).collect())
    }

    /// What the containers of this host have under one label.
    pub(super) async fn labels_of_containers(&self, label: &str) -> Result<Vec<String>> {
        let listed = self
            .listed(&[(labels::HOST, self.host_id().to_string())])
            .await?;
        Ok(listed
            .into_iter()
            .filter_map(|it| it.labels?.remove(label))
            .collect())
    }

    /// Labels of all containers on the engine, of any host, that have this one.
    pub(super) async fn labelled(&self, label: &str) -> Result<Vec<HashMap<String, String>>> {
        let any = HashMap::from([("label".to_owned(), vec![label.to_owned()])]);
        let listed = self.listed_by(any).await?;
        Ok(listed.into_iter().filter_map(|it| it.labels).collect())
    }

    /// Containers with these labels, in any state.
    pub(super) async fn listed(&self, wanted: &[(&str, String)]) -> Result<Vec<ContainerSummary>> {
        self.listed_by(labels::filter(wanted)).await
    }

    async fn listed_by(&self, filters: Filters) -> Result<Vec<ContainerSummary>> {
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        let list = async |docker: &Docker| docker.list_containers(Some(options)).await;
        self.client.ask("list", self.deadlines().call(), list).await
    }

    pub(super) async fn describe(&self, name: &str) -> Result<Option<ContainerInspectResponse>> {
        let asked = self
            .client
            .ask("inspect", self.deadlines().call(), async |docker| {
                docker
                    .inspect_container(name, None::<InspectContainerOptions>)
                    .await
            });
        match asked.await {
            Ok(found) => Ok(Some(found)),
            Err(DriverError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ours, or `None` when it lacks our labels.
    pub(super) fn observation(&self, found: &ContainerInspectResponse) -> Option<Observation> {
        let seen = observation(found)?;
        let ended = found.state.as_ref()?.finished_at.as_deref();
        let ended = ended.and_then(Timestamp::parse);
        Some(Observation {
            exit_code: seen
                .exit_code
                .filter(|_| ended.is_none_or(|ended| self.watch.saw(ended))),
            ..seen
        })
    }
}

/// What the engine knows it by.
pub(super) fn name(listed: ContainerSummary) -> Option<String> {
    let name = |names: Vec<String>| Some(names.first()?.trim_start_matches('/').to_owned());
    listed.names.and_then(name).or(listed.id)
}

/// One of its labels.
pub(super) fn label<'a>(found: &'a ContainerInspectResponse, label: &str) -> Option<&'a String> {
    found.config.as_ref()?.labels.as_ref()?.get(label)
}

/// As the engine describes it, whoever watched.
pub(super) fn observation(found: &ContainerInspectResponse) -> Option<Observation> {
    let labelled = found.config.as_ref()?.labels.as_ref()?;
    let state = found.state.as_ref();
    let unfinished = found
        .name
        .as_deref()
        .is_some_and(|name| name.ends_with("-making"));
    let run = match state.and_then(|state| state.status) {
        _ if unfinished => RunState::Unknown,
        Some(ContainerStateStatusEnum::CREATED) => RunState::Created,
        Some(ContainerStateStatusEnum::RUNNING) => RunState::Running,
        Some(ContainerStateStatusEnum::PAUSED) => RunState::Paused,
        Some(ContainerStateStatusEnum::EXITED) => RunState::Exited,
        _ => RunState::Unknown,
    };
    let started = state
        .and_then(|state| state.started_at.clone())
        .unwrap_or_default();
    let error = state
        .and_then(|state| state.error.as_deref())
        .filter(|text| !text.is_empty());
    Some(Observation {
        id: WorkloadId::parse(labelled.get(labels::ID)?)?,
        incarnation: labelled.get(labels::INCARNATION)?.parse().ok()?,
        state: run,
        // The engine's way to say "never".
        boot: if started.starts_with("0001-") {
            String::new()
        } else {
            started
        },
        exit_code: state
            .and_then(|it| it.exit_code)
            .filter(|_| run == RunState::Exited),
        oom_killed: state.and_then(|state| state.oom_killed).unwrap_or(false),
        error: error.map(words::own),
        interfaces: interfaces(found, labelled),
        limits: found
            .host_config
            .as_ref()
            .map(limits::read)
            .unwrap_or_default(),
        published: published(found),
        node: super::node::seen(found, labelled),
    })
}

/// TCP ports that the machine leads inside. IPv4's: an engine may choose another for IPv6.
fn published(found: &ContainerInspectResponse) -> BTreeMap<u16, u16> {
    let ports = found
        .network_settings
        .as_ref()
        .and_then(|it| it.ports.as_ref());
    let pair = |(name, bindings): (&String, &Option<Vec<PortBinding>>)| {
        let inside = name.strip_suffix("/tcp")?.parse().ok()?;
        let mut bindings = bindings.iter().flatten();
        let v4 = bindings.find(|it| it.host_ip.as_deref().is_none_or(|ip| !ip.contains(':')))?;
        Some((inside, v4.host_port.as_ref()?.parse().ok()?))
    };
    ports.into_iter().flatten().filter_map(pair).collect()
}

/// In the order they were asked for; a container that does not run has no addresses, so none.
fn interfaces(
    found: &ContainerInspectResponse,
    labelled: &HashMap<String, String>,
) -> Vec<Interface> {
    let attached: Vec<Attached> = labelled
        .get(labels::NETWORKS)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let Some(endpoints) = found
        .network_settings
        .as_ref()
        .and_then(|it| it.networks.as_ref())
    else {
        return Vec::new();
    };
    let interface = |attached: Attached| {
        let EndpointSettings {
            ip_address,
            ip_prefix_len,
            mac_address,
            ..
        } = endpoints.get(&labels::network_name(attached.id))?;
        Some(Interface {
            network_id: attached.id,
            network_name: attached.name,
            address: ip_address.clone().filter(|address| !address.is_empty())?,
            prefix: u8::try_from((*ip_prefix_len)?).ok()?,
            mac: mac_address.clone().unwrap_or_default(),
        })
    };
    attached.into_iter().filter_map(interface).collect()
}
