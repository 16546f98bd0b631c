//! What must be true of a cloud at rest, whatever happened before.

mod images;
mod services;

use super::{Host, World};
use compute_driver::Driver;
use schemas::workload::RunState;
use std::collections::{BTreeMap, BTreeSet};
use store::Scope;
use store::compute::servers::{self, Server};
use store::compute::spec::Size;
use store::compute::{charge, guests, hosts, usages};

impl World {
    /// All servers.
    pub(super) async fn servers(&self) -> Vec<Server> {
        let unplaced = |conn: &mut store::Conn| servers::unplaced(conn, &Scope::All);
        let mut rows = self.store.read(unplaced).await.unwrap();
        for host in self.store.read(hosts::list).await.unwrap() {
            let on_host = move |conn: &mut store::Conn| servers::on_host(conn, &host.id);
            rows.extend(self.store.read(on_host).await.unwrap());
        }
        rows
    }

    /// Compares machines, reservations, quotas and blobs with the rows.
    pub async fn audit(&self) {
        self.quiet().await;
        self.tidied().await;
        let rows = self.servers().await;
        for row in &rows {
            assert_eq!(row.task_state, None, "{}", self.describe().await);
        }
        for host in &self.places().await {
            let here = rows.iter().filter(|row| row.host() == Some(host.id));
            let rows: Vec<&Server> = here.collect();
            self.audit_engine(host, &rows).await;
            self.audit_room(host, &rows).await;
        }
        self.audit_nodes(&rows).await;
        self.audit_clusters(&rows).await;
        self.audit_services(&rows).await;
        self.audit_swarms().await;
        self.audit_kubernetes().await;
        self.audit_overlays().await;
        self.audit_quota(&rows).await;
        self.audit_images().await;
        assert_eq!(self.door.trouble(), 0, "the API failed by its own fault");
    }

    /// Waits until no engine has what nobody wants: hosts are told again when a telling was lost, and
    /// tidy up by themselves, but in their own time.
    async fn tidied(&self) {
        self.until("no engine has what nobody wants", |world| {
            Box::pin(async move {
                let rows = world.servers().await;
                for host in &world.places().await {
                    let here = |id: &str| {
                        let row = rows.iter().find(|row| row.id == id);
                        row.is_some_and(|row| row.host() == Some(host.id))
                    };
                    let found = host.engine.connect(host.id).list().await.unwrap();
                    let wanted = found.iter().all(|seen| here(&seen.id.to_string()));
                    if !wanted || !host.engine.snapshots(host.id).is_empty() {
                        return false;
                    }
                }
                true
            })
        })
        .await;
        self.quiet().await;
    }

    async fn audit_engine(&self, host: &Host, rows: &[&Server]) {
        let driver = host.engine.connect(host.id);
        let found = driver.list().await.unwrap();
        let there: BTreeSet<_> = found.iter().map(|seen| seen.id.to_string()).collect();
        let missing = rows.iter().filter(|row| !there.contains(&row.id));
        // A build that was given up may have nothing on its host; whoever runs must be there.
        for row in missing {
            assert_eq!(row.vm_state, "error", "{} is not on {}", row.id, host.name);
        }
        for seen in &found {
            let row = rows.iter().find(|row| row.id == seen.id.to_string());
            let row = row.unwrap();
            let expected = match row.vm_state.as_str() {
                "active" => Some(RunState::Running),
                "paused" => Some(RunState::Paused),
                _ => None,
            };
            if let Some(expected) = expected {
                assert_eq!(seen.state, expected, "{}", self.describe().await);
            } else if row.vm_state == "stopped" {
                assert!(matches!(seen.state, RunState::Exited | RunState::Created));
            }
            let spec = row.spec().unwrap();
            assert_eq!(seen.incarnation, spec.incarnation);
            let is_pod = guests::kind(row) == Some(guests::Kind::Pod);
            if row.vm_state != "error" && !is_pod {
                let whole = spec.lent.map(|machine| machine.memory_bytes >> 20);
                let expected = whole.unwrap_or(spec.flavor.ram_mb);
                let memory = seen.limits.memory_bytes >> 20;
                assert_eq!(memory, expected, "{}", self.describe().await);
            }
        }
        let wanted = World::networks_of(rows);
        for network in driver.list_networks().await.unwrap() {
            let wanted = !found.is_empty() && wanted.contains(&network.id);
            assert!(wanted, "network {} is left on {}", network.name, host.name);
        }
    }

    async fn audit_room(&self, host: &Host, rows: &[&Server]) {
        let id = host.id.to_string();
        let read = self.store.read(move |conn| hosts::get(conn, &id)).await;
        let row = read.unwrap().unwrap();
        let mut held = Size::default();
        for server in rows {
            let spec = server.spec().unwrap();
            let size = spec.charged;
            held.vcpus += size.vcpus;
            held.memory_mb += size.memory_mb;
            held.disk_gb += size.disk_gb;
            let larger = spec.previous_flavor.as_ref().map(|flavor| flavor.size());
            let needed = spec.flavor.size().max(larger.unwrap_or_default());
            assert_eq!(size, needed, "room held for {}", server.id);
        }
        let alone = rows.iter().find(|row| row.spec().unwrap().lent.is_some());
        assert_eq!(row.lent_to, alone.map(|server| server.id.clone()));
        assert!(
            alone.is_none() || rows.len() == 1,
            "{} is shared",
            row.hostname
        );
        assert_eq!(row.used(), held, "room held on {}", row.hostname);
        assert_eq!(
            row.servers as usize,
            rows.len(),
            "servers counted on {}",
            row.hostname
        );
    }

    async fn audit_quota(&self, rows: &[Server]) {
        let mut used = BTreeMap::from([("instances", 0), ("cores", 0), ("ram", 0)]);
        // What guests of clusters need is in the nodes they are on.
        for row in rows.iter().filter(|row| row.guest_of.is_none()) {
            *used.get_mut("instances").unwrap() += 1;
            for (resource, amount) in charge::charged(&row.spec().unwrap()) {
                *used.get_mut(resource).unwrap() += amount;
            }
        }
        let mut images = self.images().await;
        images.retain(|image| image.project_id == self.thing("project/home"));
        used.insert("images", images.len() as i64);
        used.insert("image_bytes", images.iter().map(|image| image.size).sum());
        let project = self.thing("project/home").to_owned();
        let read = move |conn: &mut store::Conn| usages::in_use(conn, &project);
        let recorded = self.store.read(read).await.unwrap();
        for (resource, amount) in used {
            let recorded = recorded.get(resource).copied().unwrap_or(0);
            assert_eq!(recorded, amount, "usage of {resource}");
        }
    }
}
