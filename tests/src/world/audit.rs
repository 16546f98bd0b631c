//! What must be true of a cloud at rest, whatever happened before.

use super::World;
use super::rows::PROJECT;
use compute_driver::Driver;
use schemas::Kind;
use schemas::workload::RunState;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use store::compute::spec::Size;
use store::compute::{charge, hosts, servers, usages};
use store::{Scope, work};

impl World {
    /// Hosts that have registered.
    pub(super) async fn registered(&self) -> usize {
        self.store.read(hosts::list).await.unwrap().len()
    }

    /// Waits until nothing is due, under way or unanswered.
    pub async fn quiet(&self) {
        self.until("everything is quiet", |world| {
            Box::pin(async move {
                let work = world.store.read(work::list).await.unwrap();
                let hosts_only = work.iter().all(|entry| entry.kind == Kind::Host.as_str());
                hosts_only && world.broker.stats().is_quiet()
            })
        })
        .await;
    }

    /// Everything at rest, in words, for the message of a failed test.
    pub async fn describe(&self) -> String {
        let mut text = String::new();
        let work = self.store.read(work::list).await.unwrap();
        for entry in work {
            writeln!(text, "work {} {}: {}", entry.kind, entry.id, entry.reason).unwrap();
        }
        for host in &self.hosts {
            let (driver, id) = (host.engine.connect(host.id), host.id.to_string());
            let rows = self
                .store
                .read(move |conn| servers::on_host(conn, &id))
                .await
                .unwrap();
            for row in rows {
                writeln!(
                    text,
                    "row on {}: {} {} {:?} gen {}/{} seen {} fault {:?}",
                    host.name,
                    row.id,
                    row.vm_state,
                    row.task_state,
                    row.seen_generation,
                    row.generation,
                    row.seen,
                    row.fault
                )
                .unwrap();
            }
            for seen in driver.list().await.unwrap_or_default() {
                writeln!(text, "on {}: {} {:?}", host.name, seen.id, seen.state).unwrap();
            }
        }
        writeln!(text, "{:?}", self.broker.stats()).unwrap();
        text
    }

    /// Compares machines, reservations and quotas with the rows.
    pub async fn audit(&self) {
        self.quiet().await;
        let mut used = BTreeMap::from([("instances", 0), ("cores", 0), ("ram", 0)]);
        for host in &self.hosts {
            let id = host.id.to_string();
            let rows = self
                .store
                .read(move |conn| servers::on_host(conn, &id))
                .await
                .unwrap();
            let driver = host.engine.connect(host.id);
            let found = driver.list().await.unwrap();
            let wanted: BTreeSet<_> = rows.iter().map(|row| row.id.clone()).collect();
            let there: BTreeSet<_> = found.iter().map(|seen| seen.id.to_string()).collect();
            let missing = rows.iter().filter(|row| !there.contains(&row.id));
            // A build that was given up may have nothing on its host; whoever runs must be there.
            for row in missing {
                assert_eq!(row.vm_state, "error", "{} is not on {}", row.id, host.name);
            }
            let orphans: Vec<_> = there.difference(&wanted).collect();
            assert!(
                orphans.is_empty(),
                "orphans on {}: {orphans:?}\n{}",
                host.name,
                self.describe().await
            );
            for seen in &found {
                let row = rows
                    .iter()
                    .find(|row| row.id == seen.id.to_string())
                    .unwrap();
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
                assert_eq!(seen.incarnation, row.spec().unwrap().incarnation);
            }
            let networks = driver.list_networks().await.unwrap().len();
            assert!(
                networks <= usize::from(!found.is_empty()),
                "a network is left over"
            );
            self.audit_room(&host.id.to_string(), &rows).await;
            for row in &rows {
                *used.get_mut("instances").unwrap() += 1;
                for (resource, amount) in charge::charged(&row.spec().unwrap()) {
                    *used.get_mut(resource).unwrap() += amount;
                }
            }
        }
        let recorded = self
            .store
            .read(|conn| usages::in_use(conn, PROJECT))
            .await
            .unwrap();
        for (resource, amount) in used {
            let unplaced = self.unplaced(resource).await;
            let recorded = recorded.get(resource).copied().unwrap_or(0);
            assert_eq!(recorded, amount + unplaced, "usage of {resource}");
        }
    }

    async fn audit_room(&self, host: &str, rows: &[servers::Server]) {
        let id = host.to_owned();
        let row = self
            .store
            .read(move |conn| hosts::get(conn, &id))
            .await
            .unwrap()
            .unwrap();
        let mut held = Size::default();
        for server in rows {
            let size = server.spec().unwrap().charged;
            held.vcpus += size.vcpus;
            held.memory_mb += size.memory_mb;
            held.disk_gb += size.disk_gb;
        }
        assert_eq!(row.used(), held, "room held on {}", row.hostname);
        assert_eq!(
            row.servers as usize,
            rows.len(),
            "servers counted on {}",
            row.hostname
        );
    }

    /// What servers without a host hold of a quota.
    async fn unplaced(&self, resource: &str) -> i64 {
        let rows = self
            .store
            .read(|conn| servers::unplaced(conn, &Scope::All))
            .await
            .unwrap();
        let of = |row: &servers::Server| match resource {
            "instances" => 1,
            _ => {
                let charged = charge::charged(&row.spec().unwrap());
                charged
                    .iter()
                    .find(|(name, _)| *name == resource)
                    .map_or(0, |(_, amount)| *amount)
            }
        };
        rows.iter().map(of).sum()
    }
}
