//! Authorities of a world's clusters, as the API makes them.

use super::World;
use pki::Authority as Issuer;
use process::seal::Seals;
use schemas::Kind;
use std::time::Duration;
use store::Tx;
use store::container_infra::authorities::{self, Authority, KINDS, NODES};
use store::container_infra::{nodes, operations};

impl World {
    pub(super) fn new_authorities(&self, id: &str, name: &str, generation: i64) -> Vec<Authority> {
        let now = self.store.clock().now();
        let seals = Seals::open(&self.directory().join("keys"), self.store.clock()).unwrap();
        let one = |kind: &&str| {
            let pair = Issuer::create(name, now).unwrap();
            let mut row = Authority {
                cluster_id: id.to_owned(),
                kind: kind.to_string(),
                generation,
                certificate: pair.certificate,
                sealed_key: String::new(),
                valid_until: pair.until.0,
                created_at: now.0,
            };
            row.sealed_key = seals.seal(&row.about(), pair.key.reveal()).unwrap();
            row
        };
        KINDS.iter().map(one).collect()
    }

    /// Gives a cluster another authority, of this generation.
    pub async fn rotate_cluster(&self, id: &str, generation: i64) {
        let newer = self.new_authorities(id, "rotated", generation);
        let (id, asked) = (id.to_owned(), self.asking());
        let change = move |tx: &mut Tx<'_>| operations::rotate(tx, &asked, &id, &newer);
        self.store.write(change).await.unwrap();
    }

    /// Has a node's certificate end so soon, and its cluster looked at.
    pub async fn certificate_ends(&self, id: &str, name: &str, left: Duration) {
        let (id, name) = (id.to_owned(), name.to_owned());
        let change = move |tx: &mut Tx<'_>| {
            for mut node in nodes::of(tx, &id)? {
                if node.name == name {
                    node.certified_until = Some((tx.now() + left).0);
                    nodes::update(tx, &mut node)?;
                }
            }
            tx.due(Kind::Cluster, &id)
        };
        self.store.write(change).await.unwrap();
    }

    /// Generations of the authorities of a cluster's nodes, the newest first.
    pub async fn authorities(&self, id: &str) -> Vec<i64> {
        let id = id.to_owned();
        let read = move |conn: &mut store::Conn| authorities::of(conn, &id, NODES);
        let known = self.store.read(read).await.unwrap();
        known.iter().map(|one| one.generation).collect()
    }
}
