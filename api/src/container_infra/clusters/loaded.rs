//! A cluster with what its views show of it.

use schemas::container_infra::adopted::Seen;
use schemas::container_infra::coe::Coe;
use schemas::host::Inventory;
use std::collections::BTreeMap;
use store::compute::hosts::{self, Host};
use store::container_infra::adopted;
use store::container_infra::clusters::{self, Cluster};
use store::container_infra::nodegroups::{self, NodeGroup};
use store::container_infra::nodes::{self, Node};
use store::container_infra::spec;
use store::{Conn, Result, Scope};

/// A cluster with what its views show of it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The row.
    pub cluster: Cluster,
    /// What it should be.
    pub spec: spec::Cluster,
    /// Its groups, oldest first.
    pub groups: Vec<NodeGroup>,
    /// Its nodes; empty for a summary.
    pub nodes: Vec<Node>,
    /// The first master's engine, once it was heard of; never for a summary.
    pub engine: Option<Inventory>,
    /// Of an adopted one: what is seen of it, if anything is.
    pub adopted: Option<Option<Seen>>,
    /// What the API server of one of this cloud's making is seen to be.
    pub seen: Option<Seen>,
}

impl Loaded {
    /// These, in this order. `full`: with nodes and engine.
    pub fn all(
        conn: &mut Conn,
        rows: Vec<(Cluster, spec::Cluster)>,
        full: bool,
    ) -> Result<Vec<Loaded>> {
        let ids: Vec<String> = rows.iter().map(|(row, _)| row.id.clone()).collect();
        let mut groups: BTreeMap<String, Vec<NodeGroup>> = BTreeMap::new();
        for group in nodegroups::of_all(conn, &ids)? {
            groups
                .entry(group.cluster_id.clone())
                .or_default()
                .push(group);
        }
        let mut nodes: BTreeMap<String, Vec<Node>> = BTreeMap::new();
        if full {
            for node in nodes::of_all(conn, &ids)? {
                nodes.entry(node.cluster_id.clone()).or_default().push(node);
            }
        }
        let (mut adopted, mut own) = (BTreeMap::new(), BTreeMap::new());
        for row in adopted::of_all(conn, &ids)? {
            let seen = row.seen()?;
            match row.is_foreign() {
                true => adopted.insert(row.cluster_id, seen).map(drop),
                false => seen
                    .and_then(|seen| own.insert(row.cluster_id, seen))
                    .map(drop),
            };
        }
        let loaded = rows.into_iter().map(|(cluster, spec)| Loaded {
            groups: groups.remove(&cluster.id).unwrap_or_default(),
            nodes: nodes.remove(&cluster.id).unwrap_or_default(),
            engine: None,
            adopted: adopted.remove(&cluster.id),
            seen: own.remove(&cluster.id),
            cluster,
            spec,
        });
        let mut all: Vec<Loaded> = loaded.collect();
        let firsts = all.iter().filter_map(Loaded::first_master);
        let ids: Vec<String> = firsts.map(|node| node.server_id.clone()).collect();
        let hosts = hosts::these(conn, &ids)?.into_iter();
        let hosts: BTreeMap<String, Host> = hosts.map(|host| (host.id.clone(), host)).collect();
        for one in &mut all {
            let host = one
                .first_master()
                .and_then(|node| hosts.get(&node.server_id));
            one.engine = host.map(Host::inventory).transpose()?;
        }
        Ok(all)
    }

    /// The first of its masters that has come up.
    fn first_master(&self) -> Option<&Node> {
        let is_master = |node: &&Node| {
            let group = self
                .groups
                .iter()
                .find(|group| group.id == node.nodegroup_id);
            node.ready != 0 && group.is_some_and(NodeGroup::is_master)
        };
        self.nodes.iter().find(is_master)
    }

    /// Versions of what orchestrates its containers, and of what runs them.
    pub fn versions(&self) -> [Option<&str>; 2] {
        let engine = self.engine.as_ref().map(|engine| engine.engine.as_str());
        let seen = match &self.adopted {
            Some(seen) => seen.as_ref(),
            None => self.seen.as_ref(),
        };
        if let Some(seen) = seen {
            let mut nodes = seen.nodes.iter();
            let engine = nodes.find_map(|node| node.engine.as_deref());
            return [Some(&seen.version), engine];
        }
        let kubernetes = self.adopted.is_some() || self.cluster.coe == Coe::Kubernetes.as_str();
        match kubernetes {
            true => [None, None],
            false => [engine, engine],
        }
    }

    /// One that is there, whole.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn one(conn: &mut Conn, id: &str) -> Result<Loaded> {
        let row = clusters::get(conn, &Scope::All, id)?;
        let row = row.ok_or_else(|| clusters::missing(id))?;
        let spec = row.spec()?;
        let mut found = Loaded::all(conn, vec![(row, spec)], true)?;
        found.pop().ok_or_else(|| clusters::missing(id))
    }

    /// Nodes of masters, or of the others, that there should be.
    pub fn count(&self, masters: bool) -> i64 {
        if let Some(seen) = &self.adopted {
            let there = seen.iter().flat_map(|seen| seen.of(masters)).count();
            return i64::try_from(there).unwrap_or(i64::MAX);
        }
        let groups = self.groups.iter();
        groups
            .filter(|group| group.is_master() == masters && group.deleting == 0)
            .map(|group| group.node_count)
            .sum()
    }

    /// Where the nodes of masters, or of the others, are on the cluster's network.
    pub fn addresses(&self, masters: bool) -> Vec<&str> {
        if let Some(seen) = &self.adopted {
            let nodes = seen.iter().flat_map(|seen| seen.of(masters));
            return nodes.filter_map(|node| node.address.as_deref()).collect();
        }
        let of = |node: &&Node| {
            let group = self
                .groups
                .iter()
                .find(|group| group.id == node.nodegroup_id);
            group.is_some_and(|group| group.is_master() == masters)
        };
        addresses(self.nodes.iter().filter(of))
    }
}

/// Addresses of the nodes that have come up.
pub fn addresses<'a>(nodes: impl Iterator<Item = &'a Node>) -> Vec<&'a str> {
    nodes
        .filter(|node| node.ready != 0)
        .filter_map(|node| node.address.as_deref())
        .collect()
}
