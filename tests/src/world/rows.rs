//! What a story asks of the cloud, as the rows an API request would write.

use super::World;
use schemas::ids::ServerId;
use schemas::workload::{Observation, Power, Reboot};
use schemas::{Kind, host::Seen};
use std::collections::BTreeMap;
use std::time::Duration;
use store::compute::servers::{self, Server, Sight};
use store::compute::spec::{Flavor, Size, Spec};
use store::compute::{charge, usages};
use store::{Scope, Tx};

/// The tenant of the stories.
pub const PROJECT: &str = "0123456789abcdef0123456789abcdef";

impl World {
    /// Asks for a server.
    pub async fn create(&self, name: &str, labels: &[(&str, &str)]) -> ServerId {
        let id = ServerId::new();
        let flavor = Flavor {
            id: "1".into(),
            name: "small".into(),
            vcpus: 1,
            ram_mb: 128,
            disk_gb: 1,
            ..Flavor::default()
        };
        let metadata: BTreeMap<_, _> = labels
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        let spec = Spec {
            image: self.image.boot(),
            flavor,
            previous_flavor: None,
            charged: Size::default(),
            metadata,
            tags: Default::default(),
            description: None,
            key: None,
            user_data: None,
            networked: true,
            zone: None,
            wanted_host: None,
            hints: serde_json::Value::Null,
            command: None,
            power: Power::Running,
            incarnation: 1,
            reboot: None,
            leaving: false,
            avoid: vec![],
            locked_reason: None,
            reservation_id: "r-story".into(),
            launch_index: 0,
            config_drive: false,
            files: vec![],
            access_v4: String::new(),
            access_v6: String::new(),
        };
        let name = name.to_owned();
        self.store
            .write(move |tx| insert(tx, id, &name, &spec))
            .await
            .unwrap();
        id
    }

    /// Asks for a change of a server that is there.
    async fn change(
        &self,
        id: ServerId,
        task: &'static str,
        edit: impl Fn(&mut Spec, Option<&Observation>) + Send + Sync + 'static,
    ) {
        self.store
            .write(move |tx| {
                let Some(mut server) = servers::get(tx, &Scope::All, &id.to_string())? else {
                    return Ok(());
                };
                let mut spec = server.spec()?;
                let seen = server.sight()?.state;
                let seen = match &seen {
                    Some(Seen::Container(seen)) => Some(seen),
                    _ => None,
                };
                edit(&mut spec, seen);
                server.set_spec(&spec)?;
                server.task_state = Some(task.into());
                server.generation += 1;
                server.deadline = Some((tx.now() + Duration::from_secs(300)).0);
                servers::update(tx, &mut server)?;
                tx.due(Kind::Server, &server.id)
            })
            .await
            .unwrap();
    }

    /// Asks it to stop.
    pub async fn stop(&self, id: ServerId) {
        self.change(id, "powering-off", |spec, _| spec.power = Power::Stopped)
            .await;
    }

    /// Asks it to start.
    pub async fn start(&self, id: ServerId) {
        self.change(id, "powering-on", |spec, _| spec.power = Power::Running)
            .await;
    }

    /// Asks it to pause.
    pub async fn pause(&self, id: ServerId) {
        self.change(id, "pausing", |spec, _| spec.power = Power::Paused)
            .await;
    }

    /// Asks for a hard reboot.
    pub async fn reboot(&self, id: ServerId) {
        self.change(id, "rebooting_hard", |spec, seen| {
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
        self.change(id, "rebuilding", |spec, _| {
            spec.power = Power::Running;
            spec.incarnation += 1;
        })
        .await;
    }

    /// Asks for its end.
    pub async fn delete(&self, id: ServerId) {
        self.store
            .write(move |tx| {
                if let Some(mut server) = servers::get(tx, &Scope::All, &id.to_string())?
                    && server.deleting == 0
                {
                    server.deleting = 1;
                    server.generation += 1;
                    server.task_state = Some("deleting".into());
                    servers::update(tx, &mut server)?;
                    tx.due(Kind::Server, &server.id)?;
                }
                Ok(())
            })
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

fn insert(tx: &mut Tx<'_>, id: ServerId, name: &str, spec: &Spec) -> store::Result<()> {
    usages::take(tx, PROJECT, "instances", 1, -1)?;
    for (resource, amount) in charge::charged(spec) {
        usages::take(tx, PROJECT, resource, amount, -1)?;
    }
    let now = tx.now();
    servers::insert(
        tx,
        &Server {
            id: id.to_string(),
            project_id: PROJECT.into(),
            user_id: "u".into(),
            name: name.into(),
            vm_state: "building".into(),
            task_state: Some("scheduling".into()),
            host_id: None,
            hostname: name.into(),
            image_id: Some(spec.image.id.to_string()),
            flavor_id: spec.flavor.id.clone(),
            group_id: None,
            zone: String::new(),
            locked: 0,
            deleting: 0,
            generation: 1,
            seen_generation: 0,
            seen_epoch: String::new(),
            seen_seq: 0,
            revision: 1,
            request_id: "req-story".into(),
            created_at: now.0,
            updated_at: now.0,
            launched_at: None,
            deadline: Some((now + Duration::from_secs(1800)).0),
            spec: serde_json::to_string(spec)?,
            seen: serde_json::to_string(&Sight::default())?,
            fault: None,
        },
    )
}
