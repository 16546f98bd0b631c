//! [`Driver`] on a simulated machine.

use super::archive::{self, Image};
use super::engine::SimEngine;
use super::files::{absolute, read_tar, see, write_tar};
use super::machine::Key;
use super::script::Op;
use super::{program, shell, snapshot};
use crate::*;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use schemas::host::Snapshot;
use schemas::ids::{HostId, ImageId, NetworkId, WorkloadId};
use schemas::workload::{
    Digest, ImageRef, Limits, Network, Observation, Reboot, RunState, Workload,
};
use std::sync::Arc;
use std::time::Duration;

/// An agent's connection to a [`SimEngine`]. It keeps nothing: dropping it loses nothing.
#[derive(Clone)]
pub struct SimDriver {
    pub(super) engine: SimEngine,
    pub(super) host: HostId,
}

impl SimDriver {
    fn key(&self, id: WorkloadId) -> Key {
        (self.host, id)
    }

    async fn enter(&self, op: &'static str) -> Result<()> {
        self.engine.enter(op, self.engine.shared.timings.call).await
    }

    /// Time in which a change has happened and nobody knows yet: a crash may fall into it.
    async fn settle(&self) {
        tokio::time::sleep(self.engine.shared.timings.call).await;
    }

    fn state(&self, key: Key) -> Result<RunState> {
        Ok(self.engine.machine().container(key)?.state)
    }

    async fn start(&self, key: Key) -> Result<()> {
        self.engine.obey(key, Op::Start).await?;
        {
            let mut machine = self.engine.machine();
            if machine.container(key)?.is_live() {
                return Ok(());
            }
            if let Err(error) = machine.start(key) {
                machine.container(key)?.error = Some(error.to_string());
                return Err(error);
            }
            self.engine.tell(key, Happening::Started);
        }
        self.engine.arm(key);
        self.settle().await;
        Ok(())
    }

    async fn stop(&self, key: Key, grace: Duration) -> Result<()> {
        let (stubborn, boot) = {
            let mut machine = self.engine.machine();
            let container = machine.container(key)?;
            (container.script().ignores_term(), container.boot.clone())
        };
        let exit_code = if stubborn { 137 } else { 143 };
        if stubborn {
            tokio::time::sleep(grace).await;
        }
        {
            let mut machine = self.engine.machine();
            let container = machine.container(key)?;
            if container.is_live() && container.boot == boot {
                container.end(if grace.is_zero() { 137 } else { exit_code }, false);
                self.engine.tell(key, Happening::Died);
            }
        }
        self.settle().await;
        Ok(())
    }

    fn resume(&self, key: Key) -> Result<()> {
        let mut machine = self.engine.machine();
        let container = machine.container(key)?;
        if container.state == RunState::Paused {
            container.state = RunState::Running;
            self.engine.tell(key, Happening::Unpaused);
        }
        drop(machine);
        self.engine.arm(key);
        Ok(())
    }

    fn running(&self, id: WorkloadId) -> Result<Key> {
        match self.state(self.key(id))? {
            RunState::Running => Ok(self.key(id)),
            RunState::Paused => Err(DriverError::conflict("the container is paused")),
            _ => Err(DriverError::conflict("the container is not running")),
        }
    }

    fn layers_present(&self, diff_ids: &[Digest]) -> Vec<Bytes> {
        let machine = self.engine.machine();
        let shared = |image: &Image| {
            let pairs = image.content.diff_ids.iter().zip(diff_ids);
            pairs.take_while(|(there, wanted)| there == wanted).count()
        };
        let best = machine.images.values().max_by_key(|image| shared(image));
        best.map_or(Vec::new(), |image| image.layers[..shared(image)].to_vec())
    }
}

#[async_trait]
impl Driver for SimDriver {
    fn name(&self) -> &'static str {
        "sim"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            pause: true,
            resize_limits: true,
            snapshot: true,
            exec: true,
            terminal: true,
            logs: true,
            stats: true,
            top: true,
            archive: true,
        }
    }

    async fn host(&self) -> Result<EngineFacts> {
        self.enter("host").await?;
        Ok(EngineFacts {
            engine: "Sim 1".into(),
            architecture: oci_architecture(std::env::consts::ARCH).into(),
            root: None,
            warnings: Vec::new(),
        })
    }

    async fn list(&self) -> Result<Vec<Observation>> {
        self.enter("list").await?;
        let machine = self.engine.machine();
        let ours = machine
            .containers
            .iter()
            .filter(|((host, _), _)| *host == self.host);
        Ok(ours.map(|(_, container)| container.observe()).collect())
    }

    async fn inspect(&self, id: WorkloadId) -> Result<Option<Observation>> {
        self.enter("inspect").await?;
        Ok(self
            .engine
            .machine()
            .containers
            .get(&self.key(id))
            .map(|it| it.observe()))
    }

    async fn events(&self) -> Result<EventStream> {
        let news = self.engine.shared.news.subscribe();
        self.enter("events").await?;
        let host = self.host;
        // Falling behind ends the stream, too: the caller lists and connects again.
        let all = stream::unfold(news, |mut news| async move {
            let (from, event) = news.recv().await.ok()??;
            Some(((from, event), news))
        });
        let ours =
            all.filter_map(move |(from, event)| async move { (from == host).then_some(event) });
        Ok(ours.boxed())
    }

    async fn images(&self) -> Result<Vec<Digest>> {
        self.enter("images").await?;
        let machine = self.engine.machine();
        let ours = machine.images.keys().filter(|(host, _)| *host == self.host);
        Ok(ours.map(|(_, manifest)| manifest.clone()).collect())
    }

    async fn has_image(&self, image: &ImageRef) -> Result<bool> {
        self.enter("has_image").await?;
        Ok(self
            .engine
            .machine()
            .images
            .contains_key(&(self.host, image.manifest.clone())))
    }

    async fn ensure_image(&self, image: &ImageRef, source: &dyn ImageSource) -> Result<()> {
        if self.has_image(image).await? {
            return Ok(());
        }
        let content = source.content().await?;
        let present = self.layers_present(&content.diff_ids);
        let tar = source.open(present.len()).await?;
        let tar = tar.try_fold(BytesMut::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        });
        let tar = tar.await.map_err(|error| DriverError::ImageData {
            text: error.to_string(),
            permanent: false,
        })?;
        self.enter("ensure_image").await?;
        let loaded = archive::load(&tar, &present)?;
        image::check(&content, &loaded.content)?;
        let key = (self.host, image.manifest.clone());
        self.engine.machine().images.insert(key, Arc::new(loaded));
        self.settle().await;
        Ok(())
    }

    async fn remove_unused_images(&self, keep: &[ImageRef]) -> Result<Vec<Digest>> {
        self.enter("remove_unused_images").await?;
        let mut machine = self.engine.machine();
        let machine = &mut *machine;
        let mut used: Vec<&Digest> = keep.iter().map(|image| &image.manifest).collect();
        used.extend(
            machine
                .containers
                .values()
                .map(|it| &it.workload.image.manifest),
        );
        let mut removed = Vec::new();
        machine.images.retain(|(host, manifest), _| {
            let stays = *host != self.host || used.contains(&manifest);
            removed.extend((!stays).then(|| manifest.clone()));
            stays
        });
        Ok(removed)
    }

    async fn ensure_network(&self, network: &Network) -> Result<()> {
        self.enter("ensure_network").await?;
        self.engine.machine().ensure_network(self.host, network)?;
        self.settle().await;
        Ok(())
    }

    async fn ensure_network_absent(&self, id: NetworkId) -> Result<()> {
        self.enter("ensure_network_absent").await?;
        self.engine.machine().remove_network(self.host, id)?;
        self.settle().await;
        Ok(())
    }

    async fn list_networks(&self) -> Result<Vec<Network>> {
        self.enter("list_networks").await?;
        let machine = self.engine.machine();
        let ours = machine
            .networks
            .iter()
            .filter(|((host, _), _)| *host == self.host);
        Ok(ours.map(|(_, subnet)| subnet.network.clone()).collect())
    }

    async fn ensure_created(&self, workload: &Workload) -> Result<()> {
        self.enter("ensure_created").await?;
        let key = self.key(workload.id);
        let there = self
            .engine
            .machine()
            .containers
            .get(&key)
            .map(|it| it.workload.incarnation);
        if there == Some(workload.incarnation) {
            return Ok(());
        }
        self.engine
            .obey_labels(key, Op::Create, &workload.labels)
            .await?;
        if self.engine.machine().create(self.host, workload)? {
            self.engine.tell(key, Happening::Removed);
        }
        self.engine.tell(key, Happening::Created);
        self.settle().await;
        Ok(())
    }

    async fn ensure_running(&self, id: WorkloadId) -> Result<()> {
        self.enter("ensure_running").await?;
        let key = self.key(id);
        match self.state(key)? {
            RunState::Running => Ok(()),
            RunState::Paused => self.resume(key),
            _ => self.start(key).await,
        }
    }

    async fn ensure_stopped(&self, id: WorkloadId, grace: Duration) -> Result<()> {
        self.enter("ensure_stopped").await?;
        let key = self.key(id);
        if !self.engine.machine().container(key)?.is_live() {
            return Ok(());
        }
        self.engine.obey(key, Op::Stop).await?;
        self.stop(key, grace).await
    }

    async fn ensure_paused(&self, id: WorkloadId) -> Result<()> {
        self.enter("ensure_paused").await?;
        let key = self.key(id);
        if self.state(key)? == RunState::Paused {
            return Ok(());
        }
        if self.state(key)? != RunState::Running {
            self.start(key).await?;
        }
        self.engine.obey(key, Op::Pause).await?;
        {
            let mut machine = self.engine.machine();
            let container = machine.container(key)?;
            if container.state != RunState::Running {
                return Err(DriverError::conflict(
                    "the container ended before it could be paused",
                ));
            }
            container.state = RunState::Paused;
            container.timer += 1;
            self.engine.tell(key, Happening::Paused);
        }
        self.settle().await;
        Ok(())
    }

    async fn ensure_rebooted(&self, id: WorkloadId, order: &Reboot, grace: Duration) -> Result<()> {
        self.enter("ensure_rebooted").await?;
        let key = self.key(id);
        let (boot, live) = {
            let mut machine = self.engine.machine();
            let container = machine.container(key)?;
            (container.boot.clone(), container.is_live())
        };
        if boot != order.boot {
            return Ok(());
        }
        self.engine.obey(key, Op::Reboot).await?;
        if live {
            self.stop(key, if order.hard { Duration::ZERO } else { grace })
                .await?;
        }
        self.start(key).await
    }

    async fn ensure_limits(&self, id: WorkloadId, limits: &Limits) -> Result<()> {
        self.enter("ensure_limits").await?;
        let key = self.key(id);
        if self.engine.machine().container(key)?.workload.limits == *limits {
            return Ok(());
        }
        self.engine.obey(key, Op::Limits).await?;
        self.engine.machine().container(key)?.workload.limits = limits.clone();
        self.engine.tell(key, Happening::Changed);
        self.settle().await;
        Ok(())
    }

    async fn ensure_absent(&self, id: WorkloadId) -> Result<()> {
        self.enter("ensure_absent").await?;
        let key = self.key(id);
        if !self.engine.machine().containers.contains_key(&key) {
            return Ok(());
        }
        self.engine.obey(key, Op::Remove).await?;
        if let Some(gone) = self.engine.machine().containers.remove(&key) {
            if gone.is_live() {
                self.engine.tell(key, Happening::Died);
            }
            self.engine.tell(key, Happening::Removed);
        }
        self.settle().await;
        Ok(())
    }

    async fn ensure_snapshot(&self, order: &Snapshot) -> Result<ByteStream> {
        self.enter("ensure_snapshot").await?;
        let (key, name) = (self.key(order.of), (self.host, order.image));
        let there = self.engine.machine().snapshots.get(&name).cloned();
        let image = match there {
            Some(image) => image,
            None => {
                self.engine.obey(key, Op::Snapshot).await?;
                let mut machine = self.engine.machine();
                let image = Arc::new(snapshot::commit(machine.container(key)?)?);
                machine.snapshots.insert(name, image.clone());
                image
            }
        };
        self.settle().await;
        let tar = archive::save(&image)?;
        Ok(stream::once(async { Ok(tar) }).boxed())
    }

    async fn ensure_snapshot_absent(&self, image: ImageId) -> Result<()> {
        self.enter("ensure_snapshot_absent").await?;
        self.engine.machine().snapshots.remove(&(self.host, image));
        self.settle().await;
        Ok(())
    }

    async fn exec(&self, id: WorkloadId, order: ExecOrder) -> Result<ExecOutput> {
        self.enter("exec").await?;
        let key = self.running(id)?;
        self.engine.obey(key, Op::Exec).await?;
        let run = program::run(&self.engine, key, &order.command, order.stdin);
        tokio::time::timeout(order.deadline, run)
            .await
            .map_err(|_| DriverError::Timeout {
                op: "exec",
                after: order.deadline,
            })
    }

    async fn terminal(
        &self,
        id: WorkloadId,
        _command: Vec<String>,
        size: TtySize,
    ) -> Result<Terminal> {
        self.enter("terminal").await?;
        Ok(shell::open(self.engine.clone(), self.running(id)?, size))
    }

    async fn logs(&self, id: WorkloadId, tail: Option<u32>, timestamps: bool) -> Result<String> {
        self.enter("logs").await?;
        let mut machine = self.engine.machine();
        let log = &machine.container(self.key(id))?.log;
        let skip = tail.map_or(0, |tail| log.len().saturating_sub(tail as usize));
        let lines = log.iter().skip(skip).map(|(at, line)| {
            // Virtual time has no date: the line's age stands in its place.
            let age = if timestamps {
                format!("-{:?} ", at.elapsed())
            } else {
                String::new()
            };
            format!("{age}{line}\n")
        });
        Ok(lines.collect())
    }

    async fn stats(&self, id: WorkloadId) -> Result<Stats> {
        self.enter("stats").await?;
        let key = self.running(id)?;
        let mut machine = self.engine.machine();
        let container = machine.container(key)?;
        let life = container.started.elapsed();
        Ok(Stats {
            cpu_ns: u64::try_from(life.as_nanos() / 100)
                .unwrap_or(u64::MAX)
                .max(1),
            memory_bytes: 1 << 20,
            memory_limit_bytes: container.workload.limits.memory_bytes,
            pids: 1,
            ..Stats::default()
        })
    }

    async fn top(&self, id: WorkloadId) -> Result<Top> {
        self.enter("top").await?;
        let key = self.running(id)?;
        let mut machine = self.engine.machine();
        let workload = &machine.container(key)?.workload;
        let command = workload
            .command
            .as_ref()
            .map_or("init".into(), |words| words.join(" "));
        Ok(Top {
            titles: vec!["PID".into(), "COMMAND".into()],
            processes: vec![vec!["1".into(), command]],
        })
    }

    async fn archive_get(&self, id: WorkloadId, path: &str) -> Result<ByteStream> {
        self.enter("archive_get").await?;
        let path = absolute(path);
        let failed = |error: std::io::Error| DriverError::Engine {
            text: error.to_string(),
        };
        let tar = {
            let mut machine = self.engine.machine();
            let container = machine.container(self.key(id))?;
            let files = see(&path, &container.upper, &container.image.layers).map_err(failed)?;
            if files.is_empty() {
                return Err(DriverError::NotFound {
                    what: format!("file {path}"),
                });
            }
            // As `docker cp`: names begin with the last part of the path asked for.
            let parent = path.rfind('/').map_or(0, |slash| slash + 1);
            write_tar(&files, |at| at[parent.min(at.len())..].to_owned()).map_err(failed)?
        };
        Ok(stream::once(async { Ok(tar) }).boxed())
    }

    async fn archive_put(&self, id: WorkloadId, folder: &str, tar: Bytes) -> Result<()> {
        self.enter("archive_put").await?;
        let files = read_tar(folder, &tar)
            .map_err(|error| DriverError::permanent(format!("not a tar: {error}")))?;
        self.engine
            .machine()
            .container(self.key(id))?
            .upper
            .extend(files);
        Ok(())
    }
}
