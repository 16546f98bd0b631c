//! Simulated pods: a sandbox with addresses and folders, and members that live by their commands.
//!
//! A member runs one of the programs that every simulated container has ([`super::program`]): with
//! the command `true`, `false`, `exit N`, `sleep N` or `echo …` it ends as that does; `httpd -f -p
//! PORT` listens; anything else goes on until it is asked to end. Instructions (`sim.…`) are the pod's
//! labels, for all of its members, and a member's environment, for it alone.

use super::archive::Image;
use super::container::Container;
use super::driver::SimDriver;
use super::files::{File, FileKind, Files, absolute, below, see};
use super::machine::{Key, Machine};
use crate::error::{DriverError, Result};
use crate::image::ImageContent;
use crate::inject;
use crate::pod::{self, Conversation, Part, PodHere, Role};
use bytes::Bytes;
use schemas::ids::WorkloadId;
use schemas::workload::pod::Volume;
use schemas::workload::{Observation, Pod, RunState};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// What a program that ends at once takes.
const MOMENT: Duration = Duration::from_millis(10);

impl SimDriver {
    pub(super) async fn put_sandbox(&self, pod: &Pod) -> Result<()> {
        let key = self.key(pod.id);
        let was = {
            let machine = self.engine.machine();
            let sandbox = machine.containers.get(&key);
            let fits = sandbox.filter(|it| it.workload.incarnation == pod.incarnation);
            fits.map(|it| it.state)
        };
        match was {
            Some(RunState::Running | RunState::Paused) => {
                return self.enter("ensure_sandbox").await;
            }
            Some(RunState::Created) => return self.run(pod.id).await,
            _ => self.remove(pod.id).await?,
        }
        let (mut workload, part) = pod::sandbox(pod);
        workload.labels.retain(|key, _| !key.starts_with("sim."));
        self.make(&workload, Some(part)).await?;
        self.run(pod.id).await
    }

    pub(super) async fn put_member(&self, pod: &Pod, name: &str) -> Result<()> {
        let (mut workload, part) = pod::member(pod, name)?;
        if let Role::Member(_, member) = &part.role {
            for mount in &member.mounts {
                pod::volume(&pod.spec.volumes, &mount.volume)?;
            }
        }
        let told = workload
            .env
            .iter()
            .filter(|(key, _)| key.starts_with("sim."));
        let told: Vec<_> = told.map(|(k, v)| (k.clone(), v.clone())).collect();
        workload.labels.extend(told);
        self.engine.note_member(workload.id, pod.id);
        self.make(&workload, Some(part)).await
    }

    pub(super) async fn pod_here(&self, id: WorkloadId) -> Result<Option<PodHere>> {
        self.enter("inspect_pod").await?;
        let machine = self.engine.machine();
        let keys = machine.parts(self.key(id));
        let mut here = PodHere::default();
        for (key, container) in keys
            .iter()
            .filter_map(|key| Some((key, machine.get(*key)?)))
        {
            let seen = container.observe(&self.watch);
            match container.part.as_ref().map(|part| &part.role) {
                Some(Role::Member(name, _)) => _ = here.members.insert(name.clone(), seen),
                Some(Role::Sandbox(_)) if key.1 == id => here.sandbox = Some(seen),
                _ => {}
            }
        }
        Ok(Some(here).filter(|here| *here != PodHere::default()))
    }

    pub(super) async fn open_port(
        &self,
        id: WorkloadId,
        port: u16,
    ) -> Result<Box<dyn Conversation>> {
        self.enter("dial").await?;
        let key = self.key(id);
        if self.state(key)? != RunState::Running {
            return Err(pod::no_sandbox());
        }
        let listener = {
            let machine = self.engine.machine();
            let mut parts = machine.parts(key).into_iter();
            parts.find(|part| machine.get(*part).is_some_and(|it| it.hears(port)))
        };
        let listener = listener.ok_or_else(|| DriverError::conflict("connection refused"))?;
        let (near, far) = tokio::io::duplex(16 * 1024);
        tokio::spawn(serve(self.clone(), listener, far));
        Ok(Box::new(near))
    }
}

/// Folders that are not empty at first, with the files in them.
pub(super) fn beginnings(folders: &[Volume]) -> Result<Vec<(String, Files)>> {
    let mut begun = Vec::new();
    for folder in folders {
        let Some(files) = &folder.files else {
            continue;
        };
        let mut there = Files::new();
        for file in files {
            let kind = FileKind::Content(inject::content(file)?.into());
            let mode = file.mode;
            there.insert(absolute(&file.path), File { mode, kind });
        }
        begun.push((folder.name.clone(), there));
    }
    Ok(begun)
}

/// Answers one HTTP request: 200, or the status that the container's file `/http-status` holds.
async fn serve(driver: SimDriver, key: Key, mut far: DuplexStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match far.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let told = driver.engine.machine().read(key, "/http-status");
    let status = told.map_or("200".into(), |told| {
        String::from_utf8_lossy(&told).into_owned()
    });
    let answer = format!(
        "HTTP/1.1 {} Sim\r\nContent-Length: 0\r\n\r\n",
        status.trim()
    );
    _ = far.write_all(answer.as_bytes()).await;
}

impl Machine {
    /// What sandboxes are made of.
    pub(super) fn nothing() -> Arc<Image> {
        Arc::new(Image {
            content: ImageContent {
                config: String::new(),
                diff_ids: Vec::new(),
            },
            config: Bytes::from_static(b"{}"),
            layers: Vec::new(),
        })
    }

    pub(super) fn get(&self, key: Key) -> Option<&Container> {
        self.containers.get(&key)
    }

    /// All containers of a pod that are here, members first; of any other container, itself.
    pub(super) fn parts(&self, key: Key) -> Vec<Key> {
        let of = |it: &Container| it.part.as_ref().is_some_and(|part| part.pod == key.1);
        let here = self.containers.iter().filter(|(it, _)| it.0 == key.0);
        let here = here.filter(|(it, container)| **it != key && of(container));
        let mut all: Vec<Key> = here.map(|(key, _)| *key).collect();
        all.extend(self.containers.contains_key(&key).then_some(key));
        all
    }

    /// The container whose network and name a container has: its pod's sandbox, or itself.
    pub(super) fn home(&self, key: Key) -> Key {
        let part = self.get(key).and_then(|it| it.part.as_ref());
        (key.0, part.map_or(key.1, |part| part.pod))
    }

    /// A member's pod has to hold it.
    pub(super) fn held(&self, host: schemas::ids::HostId, part: Option<&Part>) -> Result<()> {
        let Some(Part {
            pod,
            role: Role::Member(..),
        }) = part
        else {
            return Ok(());
        };
        match self.get((host, *pod)) {
            Some(sandbox) if sandbox.state == RunState::Running => Ok(()),
            _ => Err(pod::no_sandbox()),
        }
    }

    /// As engines are listed: pods by their sandboxes, or by what is left of them.
    pub(super) fn listed(&self, driver: &SimDriver) -> Vec<Observation> {
        let ours = self
            .containers
            .iter()
            .filter(|(key, _)| key.0 == driver.host);
        let mut all: Vec<Observation> = Vec::new();
        for (key, container) in ours {
            let home = self.home(*key);
            let seen = container.observe(&driver.watch);
            if home == *key {
                all.push(seen);
            } else if self.get(home).is_none() && all.iter().all(|it| it.id != home.1) {
                all.push(pod::orphaned(home.1, &seen));
            }
        }
        all
    }

    /// What a container sees at a path and below it, folders of its pod included.
    pub(super) fn see(&self, key: Key, path: &str) -> std::io::Result<Files> {
        let Some(container) = self.get(key) else {
            return Ok(Files::new());
        };
        let mut seen = see(path, &container.upper, &container.image.layers)?;
        for (mount, volume) in container.mounts(key) {
            let files = self.volumes.get(&volume).into_iter().flatten();
            let here = files.map(|(at, file)| (below(&mount, at), file.clone()));
            let path = super::files::absolute(path);
            seen.extend(here.filter(|(at, _)| at.starts_with(&path)));
        }
        Ok(seen)
    }

    /// One file's content.
    pub(super) fn read(&self, key: Key, path: &str) -> Option<Bytes> {
        let path = super::files::absolute(path);
        match self.see(key, &path).ok()?.remove(&path)?.kind {
            super::files::FileKind::Content(content) => Some(content),
            _ => None,
        }
    }

    /// Puts files into a container, or into the folders of its pod that it has there.
    pub(super) fn write(&mut self, key: Key, files: Files) -> Result<()> {
        let mounts = self.container(key)?.mounts(key);
        for (at, file) in files {
            let inside = mounts.iter().find_map(|(mount, volume)| {
                let rest = at.strip_prefix(mount.as_str())?;
                rest.starts_with('/')
                    .then(|| (volume.clone(), rest.to_owned()))
            });
            match inside {
                Some((volume, rest)) => {
                    self.volumes.entry(volume).or_default().insert(rest, file);
                }
                None => _ = self.container(key)?.upper.insert(at, file),
            }
        }
        Ok(())
    }
}

impl Container {
    /// Paths of its pod's folders, or of its disk, and which they are.
    fn mounts(&self, key: Key) -> Vec<(String, (Key, String))> {
        let Some(Part {
            pod,
            role: Role::Member(_, member),
        }) = &self.part
        else {
            return self.disk(key).into_iter().collect();
        };
        let mounts = member.mounts.iter();
        mounts
            .map(|it| {
                (
                    super::files::absolute(&it.path),
                    ((key.0, *pod), it.volume.clone()),
                )
            })
            .collect()
    }

    /// Does it listen on this port?
    pub(super) fn hears(&self, port: u16) -> bool {
        let listens = self.script().listens().or_else(|| match self.words()[..] {
            ["httpd", "-f", "-p", port] => port.parse().ok(),
            _ => None,
        });
        self.state == RunState::Running && listens == Some(port)
    }

    /// When and how its life ends by itself: as instructed, or, of a pod's container, as its command
    /// does.
    pub(super) fn end_of_life(&self) -> Option<(Duration, i64, bool)> {
        if let Some(end) = self.script().exit(self.nth) {
            return Some(end);
        }
        let (after, status) = match self.words()[..] {
            ["true"] | ["echo", ..] => (MOMENT, 0),
            ["false"] => (MOMENT, 1),
            ["exit", status] => (MOMENT, status.parse().unwrap_or(2)),
            ["sleep", seconds] => (Duration::from_secs(seconds.parse().unwrap_or(0)), 0),
            _ => return None,
        };
        Some((after, status, false))
    }

    /// The program of sandboxes does, when it is asked to.
    pub(super) fn ends_well(&self) -> bool {
        let part = self.part.as_ref();
        part.is_some_and(|part| matches!(part.role, Role::Sandbox(_)))
    }

    /// What `echo` as its command writes.
    pub(super) fn first_words(&self) -> Option<String> {
        match self.words()[..] {
            ["echo", ref words @ ..] => Some(words.join(" ")),
            _ => None,
        }
    }

    /// The command of a pod's container, its program without the folder.
    fn words(&self) -> Vec<&str> {
        let Some(Part {
            role: Role::Member(_, member),
            ..
        }) = &self.part
        else {
            return Vec::new();
        };
        let command = member.command.iter().chain(&member.args).flatten();
        let mut words: Vec<&str> = command.map(String::as_str).collect();
        if let Some(program) = words.first_mut() {
            *program = program.rsplit('/').next().unwrap_or_default();
        }
        words
    }
}
