//! Networks: one bridge each. The engine's firewall rules keep bridges apart; [`super::guard`] keeps
//! containers from the machine itself.

use super::labels::{self, Attached};
use super::settings::GuardMode;
use super::{DockerDriver, guard};
use crate::error::{DriverError, Result};
use bollard::Docker;
use bollard::models::{Ipam, IpamConfig, Network as EngineNetwork, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptionsBuilder;
use schemas::ids::NetworkId;
use schemas::workload::Network;
use std::collections::HashMap;

impl DockerDriver {
    pub(super) async fn put_network(&self, network: &Network) -> Result<()> {
        if let Some(there) = self.network(network.id).await? {
            let there = there.labels.as_ref().and_then(labels::read_network);
            let (asked, link) = there.map(|it| (it.cidr, it.link)).unwrap_or_default();
            if network.cidr.is_some() && asked != network.cidr {
                return Err(DriverError::conflict(format!(
                    "network '{}' has another subnet on this host; remove it from its containers first",
                    network.name
                )));
            }
            if link.gateway == network.link.gateway {
                return Ok(());
            }
            // Left from an earlier time: this host's own address there is another one now.
            self.drop_network(network.id).await?;
        }
        // Before there is a bridge that packets could come from.
        if self.settings.gateway_guard == GuardMode::Enforce && self.settings.is_local() {
            guard::enforce().await.map_err(|text| {
                DriverError::host_fault(format!(
                    "this host cannot keep containers from its own services: {text} (its agent needs \
                     root and iptables; where another firewall does it, its setting gateway_guard is off)"
                ))
            })?;
        }
        let request = request(self.host_id(), network);
        let create = async |docker: &Docker| docker.create_network(request).await;
        self.client
            .ask("create network", self.deadlines().effect(), create)
            .await?;
        Ok(())
    }

    pub(super) async fn drop_network(&self, id: NetworkId) -> Result<()> {
        let Some(there) = self.network(id).await?.and_then(|there| there.id) else {
            return Ok(());
        };
        // The engine would let go of a network whose containers do not run, and those could never
        // start again.
        if self.networks_in_use().await?.contains(&id) {
            return Err(DriverError::conflict(
                "the network still has containers attached to it",
            ));
        }
        self.part_network(id).await?;
        let remove = async |docker: &Docker| docker.remove_network(&there).await;
        match self
            .client
            .ask("remove network", self.deadlines().effect(), remove)
            .await
        {
            Ok(()) | Err(DriverError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn network_list(&self) -> Result<Vec<Network>> {
        let ours = self
            .networks_labelled(&[(labels::HOST, self.host_id().to_string())])
            .await?;
        Ok(ours
            .iter()
            .filter_map(|it| labels::read_network(it.labels.as_ref()?))
            .collect())
    }

    async fn networks_in_use(&self) -> Result<Vec<NetworkId>> {
        let attached = self.labels_of_containers(labels::NETWORKS).await?;
        let attached = attached
            .iter()
            .filter_map(|text| serde_json::from_str(text).ok());
        Ok(attached
            .flat_map(|list: Vec<Attached>| list)
            .map(|it| it.id)
            .collect())
    }

    async fn network(&self, id: NetworkId) -> Result<Option<EngineNetwork>> {
        let wanted = [
            (labels::NETWORK, id.to_string()),
            (labels::HOST, self.host_id().to_string()),
        ];
        Ok(self.networks_labelled(&wanted).await?.into_iter().next())
    }

    async fn networks_labelled(&self, wanted: &[(&str, String)]) -> Result<Vec<EngineNetwork>> {
        let filters = labels::filter(wanted);
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let list = async |docker: &Docker| docker.list_networks(Some(options)).await;
        self.client
            .ask("list networks", self.deadlines().call(), list)
            .await
    }
}

fn request(host: schemas::ids::HostId, network: &Network) -> NetworkCreateRequest {
    let subnet = |cidr: &String| IpamConfig {
        subnet: Some(cidr.clone()),
        gateway: network.link.gateway.map(|gateway| gateway.to_string()),
        ..IpamConfig::default()
    };
    NetworkCreateRequest {
        name: labels::network_name(network.id),
        driver: Some("bridge".to_owned()),
        ipam: network.cidr.as_ref().map(|cidr| Ipam {
            config: Some(vec![subnet(cidr)]),
            ..Ipam::default()
        }),
        options: Some(options(network)),
        labels: Some(labels::network(host, network)),
        ..NetworkCreateRequest::default()
    }
}

fn options(network: &Network) -> HashMap<String, String> {
    let option = |name: &str, value: String| (format!("com.docker.network.bridge.{name}"), value);
    let mut options = HashMap::from([option("name", labels::bridge_name(network.id))]);
    if network.guests.is_some() {
        // Guests see each other's own addresses, on whichever node. What leaves their network the
        // node itself gives its address to.
        options.extend([option("enable_ip_masquerade", "false".to_owned())]);
    }
    if let Some(mtu) = network.link.mtu {
        options.insert("com.docker.network.driver.mtu".to_owned(), mtu.to_string());
    }
    options
}
