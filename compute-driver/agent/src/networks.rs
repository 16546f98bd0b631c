//! Networks on this host's engine: made before the first container, removed after the last.
//!
//! A network that is being removed while another container is made on it would vanish under it: so
//! making and removing one network take turns, and nothing is removed that somebody has just asked for.

use crate::keyed::KeyedLocks;
use compute_driver::{Driver, DriverError, Result};
use schemas::ids::NetworkId;
use schemas::workload::{Attachment, Network, Overlay};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Who needs which network at this moment.
#[derive(Default)]
pub(crate) struct Networks {
    turns: KeyedLocks<NetworkId>,
    users: Mutex<HashMap<NetworkId, usize>>,
}

/// While it lives, the networks are not removed.
pub(crate) struct Use<'a> {
    networks: &'a Networks,
    ids: Vec<NetworkId>,
}

impl Networks {
    fn users(&self) -> MutexGuard<'_, HashMap<NetworkId, usize>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps them from being removed until the containers on them are made.
    pub(crate) fn need(&self, ids: impl IntoIterator<Item = NetworkId>) -> Use<'_> {
        let ids: Vec<NetworkId> = ids.into_iter().collect();
        let mut users = self.users();
        ids.iter()
            .for_each(|id| *users.entry(*id).or_default() += 1);
        drop(users);
        Use {
            networks: self,
            ids,
        }
    }

    /// Makes the network. Its subnet is a wish: what else lives on this engine (another cloud, the
    /// operator's own containers) may have it, and then the engine chooses one. Only who asks for a
    /// fixed address needs just that subnet, and guests of clusters, to whom other nodes know the way.
    pub(crate) async fn ensure(&self, driver: &dyn Driver, wanted: &Attachment) -> Result<()> {
        let network = &wanted.network;
        let _turn = self.turns.lock(&network.id).await;
        match driver.ensure_network(network).await {
            Err(DriverError::Refused {
                host_fault: true, ..
            })
            | Err(DriverError::Conflict { .. })
                if wanted.address.is_none()
                    && network.cidr.is_some()
                    && network.guests.is_none() =>
            {
                let any = Network {
                    cidr: None,
                    ..network.clone()
                };
                driver.ensure_network(&any).await
            }
            result => result,
        }
    }

    /// Joins it with its parts on other machines, if it is here.
    pub(crate) async fn join(&self, driver: &dyn Driver, wanted: &Overlay) -> Result<()> {
        let _turn = self.turns.lock(&wanted.network).await;
        driver.ensure_overlay(wanted).await
    }

    /// Removes the network unless somebody is on it or about to be.
    pub(crate) async fn remove_unused(&self, driver: &dyn Driver, id: NetworkId) -> Result<()> {
        let _turn = self.turns.lock(&id).await;
        if self.users().contains_key(&id) {
            return Ok(());
        }
        match driver.ensure_network_absent(id).await {
            Err(DriverError::Conflict { .. } | DriverError::NotFound { .. }) => Ok(()),
            result => result,
        }
    }
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        let mut users = self.networks.users();
        for id in &self.ids {
            if let Some(count) = users.get_mut(id) {
                *count -= 1;
                if *count == 0 {
                    users.remove(id);
                }
            }
        }
    }
}
