//! What a story asks of the cloud, through the same functions of the store that the API calls.

use super::World;
use schemas::host::Seen;
use schemas::ids::ServerId;
use schemas::workload::{Observation, Power, Reboot};
use std::time::Duration;
use store::compute::action::Action;
use store::compute::change::{self, Asked, Then};
use store::compute::launch::{Launch, launch};
use store::compute::servers::{self, Server};
use store::compute::spec::{BootImage, Flavor, Spec};
use store::compute::usages;
use store::{Scope, Tx};

/// The tenant of the stories; its quotas are unlimited.
pub const PROJECT: &str = "0123456789abcdef0123456789abcdef";

/// How long a story's builds and changes may take.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Small servers from this image.
pub fn small(name: &str, image: BootImage, labels: &[(&str, &str)], count: u32) -> Launch {
    let flavor = Flavor {
        id: "1".into(),
        name: "small".into(),
        vcpus: 1,
        ram_mb: 128,
        disk_gb: 1,
        ..Flavor::default()
    };
    let label = |(key, value): &(&str, &str)| (key.to_string(), value.to_string());
    Launch {
        project_id: PROJECT.into(),
        user_id: "u".into(),
        request_id: "req-story".into(),
        name: name.into(),
        hostname: None,
        image,
        flavor,
        metadata: labels.iter().map(label).collect(),
        tags: Default::default(),
        description: None,
        key: None,
        user_data: None,
        networked: true,
        zone: None,
        wanted_host: None,
        hints: serde_json::Value::Null,
        group_id: None,
        command: None,
        config_drive: false,
        files: Vec::new(),
        access_v4: String::new(),
        access_v6: String::new(),
        min_count: count,
        max_count: count,
        patience: PATIENCE,
    }
}

/// Lifts the tenant's quotas.
pub fn unlimited(tx: &mut Tx<'_>) -> store::Result<()> {
    ["instances", "cores", "ram"]
        .into_iter()
        .try_for_each(|resource| usages::set_limit(tx, PROJECT, resource, -1))
}

fn asked() -> Asked {
    Asked {
        scope: Scope::All,
        user_id: "u".into(),
        admin: true,
        request_id: "req-story".into(),
        build: PATIENCE,
        change: Duration::from_secs(300),
    }
}

impl World {
    /// Asks for a server.
    pub async fn create(&self, name: &str, labels: &[(&str, &str)]) -> ServerId {
        let wanted = small(name, self.image.boot(), labels, 1);
        let (ids, _) = self
            .store
            .write(move |tx| launch(tx, &wanted))
            .await
            .unwrap();
        ServerId::parse(&ids[0]).unwrap()
    }

    async fn change(
        &self,
        id: ServerId,
        action: Action,
        task: &'static str,
        edit: impl Fn(&mut Spec, Option<&Observation>) + Send + Sync + 'static,
    ) {
        let id = id.to_string();
        self.store
            .write(move |tx| {
                change::server(tx, &asked(), &id, action, |_, at| {
                    let seen = match &at.sight.state {
                        Some(Seen::Container(seen)) => Some(seen),
                        _ => None,
                    };
                    edit(&mut at.spec, seen);
                    Ok(Then::Told(task))
                })
            })
            .await
            .unwrap();
    }

    /// Asks it to stop.
    pub async fn stop(&self, id: ServerId) {
        let stopped = |spec: &mut Spec, _: Option<&Observation>| spec.power = Power::Stopped;
        self.change(id, Action::Stop, "powering-off", stopped).await;
    }

    /// Asks it to start.
    pub async fn start(&self, id: ServerId) {
        let running = |spec: &mut Spec, _: Option<&Observation>| spec.power = Power::Running;
        self.change(id, Action::Start, "powering-on", running).await;
    }

    /// Asks it to pause.
    pub async fn pause(&self, id: ServerId) {
        let paused = |spec: &mut Spec, _: Option<&Observation>| spec.power = Power::Paused;
        self.change(id, Action::Pause, "pausing", paused).await;
    }

    /// Asks for a hard reboot.
    pub async fn reboot(&self, id: ServerId) {
        self.change(id, Action::RebootHard, "rebooting_hard", |spec, seen| {
            spec.power = Power::Running;
            spec.reboot = seen.map(|seen| Reboot {
                boot: seen.boot.clone(),
                hard: true,
            });
        })
        .await;
    }

    /// Asks for a new container from the image.
    pub async fn rebuild(&self, id: ServerId) {
        self.change(id, Action::Rebuild, "rebuilding", |spec, _| {
            spec.power = Power::Running;
            spec.incarnation += 1;
        })
        .await;
    }

    /// Asks for its end.
    pub async fn delete(&self, id: ServerId) {
        let id = id.to_string();
        self.store
            .write(move |tx| change::delete(tx, &asked(), &id))
            .await
            .unwrap();
    }

    /// The row.
    pub async fn server(&self, id: ServerId) -> Option<Server> {
        let id = id.to_string();
        self.store
            .read(move |conn| servers::get(conn, &Scope::All, &id))
            .await
            .unwrap()
    }

    /// Waits until the server is in this state with nothing under way.
    pub async fn until_state(&self, id: ServerId, vm_state: &'static str) {
        self.until(&format!("server {id} is {vm_state}"), move |world| {
            Box::pin(async move {
                let row = world.server(id).await;
                row.is_some_and(|row| row.vm_state == vm_state && row.task_state.is_none())
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
}
