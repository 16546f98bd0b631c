//! Waiting, in virtual time, until something holds, and what a world looks like when it does not.

use super::World;
use compute_driver::Driver;
use futures::future::LocalBoxFuture;
use schemas::Kind;
use schemas::ids::{ImageId, ServerId};
use schemas::image::Status;
use std::fmt::Write;
use std::time::Duration;
use store::compute::hosts;
use store::compute::servers::{self, Server};
use store::image::images::{self, Image};
use store::{Scope, work};

/// The longest virtual time a story waits for anything: longer than every deadline in the plane.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);

impl World {
    /// Waits, in virtual time, until something holds.
    pub async fn until<'w>(
        &'w self,
        what: &str,
        holds: impl Fn(&'w World) -> LocalBoxFuture<'w, bool>,
    ) {
        let start = self.store.clock().now();
        while !holds(self).await {
            let waited = self.store.clock().now().since(start);
            if waited > PATIENCE {
                panic!(
                    "waited {waited:?} in vain until {what}\n{}",
                    self.describe().await
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until nothing is due, under way or unanswered.
    pub async fn quiet(&self) {
        self.until("everything is quiet", |world| {
            Box::pin(async move {
                let work = world.store.read(work::list).await.unwrap();
                let standing = work.iter().all(|entry| world.stands(entry));
                standing && world.broker.stats().is_quiet()
            })
        })
        .await;
    }

    /// An entry that is always there, and waits for its time.
    fn stands(&self, entry: &work::Entry) -> bool {
        let always = [Kind::Host, Kind::Cluster, Kind::History].map(Kind::as_str);
        let always = always.contains(&entry.kind.as_str())
            || matches!(entry.id.as_str(), "sweep" | "uploads");
        always && entry.due_at > self.store.clock().now().0
    }

    /// Hosts that have registered.
    pub(super) async fn registered(&self) -> usize {
        self.store.read(hosts::machines).await.unwrap().len()
    }

    /// The row.
    pub async fn server(&self, id: ServerId) -> Option<Server> {
        let id = id.to_string();
        self.store
            .read(move |conn| servers::any(conn, &id))
            .await
            .unwrap()
    }

    /// The row.
    pub async fn image(&self, id: ImageId) -> Option<Image> {
        let id = id.to_string();
        self.store
            .read(move |conn| images::get(conn, &Scope::All, &id))
            .await
            .unwrap()
    }

    /// Waits until the server is in this state with nothing under way, and the API says so too.
    pub async fn until_state(&self, id: ServerId, vm_state: &'static str) {
        self.until(&format!("server {id} is {vm_state}"), move |world| {
            Box::pin(async move {
                let row = world.server(id).await;
                row.is_some_and(|row| row.vm_state == vm_state && row.task_state.is_none())
            })
        })
        .await;
        let shown = self.get(&format!("/servers/{id}")).await;
        let shown = &shown["server"];
        assert_eq!(shown["OS-EXT-STS:vm_state"], vm_state, "{shown}");
        assert!(shown["OS-EXT-STS:task_state"].is_null(), "{shown}");
    }

    /// Waits until nothing is done to the server.
    pub async fn until_settled(&self, id: ServerId) {
        self.until(&format!("server {id} is settled"), move |world| {
            Box::pin(async move {
                let row = world.server(id).await;
                row.is_some_and(|row| row.task_state.is_none())
            })
        })
        .await;
    }

    /// Waits until this is being done to the server.
    pub async fn until_task(&self, id: ServerId, task: &'static str) {
        self.until(&format!("server {id} is {task}"), move |world| {
            Box::pin(async move {
                let row = world.server(id).await;
                row.is_some_and(|row| row.task_state.as_deref() == Some(task))
            })
        })
        .await;
    }

    /// Waits until the row is gone.
    pub async fn until_gone(&self, id: ServerId) {
        self.until(&format!("server {id} is gone"), move |world| {
            Box::pin(async move { world.server(id).await.is_none() })
        })
        .await;
    }

    /// Waits until the image has come to this.
    pub async fn until_image(&self, id: ImageId, status: Status) {
        let what = format!("image {id} is {}", status.as_str());
        self.until(&what, move |world| {
            Box::pin(async move {
                let row = world.image(id).await;
                row.is_some_and(|row| row.status == status.as_str() && row.snapshot.is_empty())
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
        text.push_str(&self.describe_clusters().await);
        for image in self.images().await {
            let (status, reason) = (&image.status, &image.reason);
            writeln!(
                text,
                "image {}: {status} {} {reason}",
                image.id, image.snapshot
            )
            .unwrap();
        }
        let places = self.places().await;
        for row in self.servers().await {
            let host = places.iter().find(|host| row.host() == Some(host.id));
            writeln!(
                text,
                "row on {:?}: {} {} {:?} gen {}/{} seen {} fault {:?}",
                host.map(|host| &host.name),
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
        for host in &places {
            let driver = host.engine.connect(host.id);
            for seen in driver.list().await.unwrap_or_default() {
                writeln!(text, "on {}: {} {:?}", host.name, seen.id, seen.state).unwrap();
            }
            for id in host.engine.snapshots(host.id) {
                writeln!(text, "on {}: snapshot {id}", host.name).unwrap();
            }
        }
        writeln!(text, "{:?}", self.broker.stats()).unwrap();
        text
    }
}
