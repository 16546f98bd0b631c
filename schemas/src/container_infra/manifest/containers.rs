//! A container of a pod, as a manifest has it: checked, and lacking nothing but its image.

use super::config::{self, Config};
use super::env::{self, Env};
use super::fields::{self, below};
use super::probes::{self, Ports};
use super::room::{self, Room};
use super::security::{self, Common};
use super::{bad, few, names, text, volumes};
use crate::Result;
use crate::workload::pod::{Member, Mount, Probe, Volume};
use crate::workload::{ImageRef, Limits, Security};
use k8s_openapi::api::core::v1;
use serde_json::Value;

/// Most ports of a container.
const MOST: usize = 512;

/// A container whose image is still a name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Container {
    pub(super) name: String,
    /// As it was written.
    pub(super) image: String,
    /// What it requests.
    pub(super) room: Room,
    command: Option<Vec<String>>,
    args: Option<Vec<String>>,
    working_dir: Option<String>,
    user: Option<String>,
    env: Env,
    limits: Limits,
    security: Security,
    mounts: Vec<Mount>,
    ports: Ports,
    liveness: Option<Probe>,
    readiness: Option<Probe>,
    startup: Option<Probe>,
}

impl Container {
    /// Bytes of what it is given.
    pub(super) fn weight(&self) -> usize {
        let words = self.command.iter().chain(&self.args).flatten();
        let env = self.env.iter();
        words.map(String::len).sum::<usize>()
            + env
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>()
    }

    /// The container, with its image.
    pub(super) fn member(&self, image: ImageRef) -> Member {
        Member {
            name: self.name.clone(),
            image,
            command: self.command.clone(),
            args: self.args.clone(),
            working_dir: self.working_dir.clone(),
            user: self.user.clone(),
            env: self.env.clone(),
            limits: self.limits.clone(),
            security: self.security.clone(),
            mounts: self.mounts.clone(),
            ports: self.ports.clone(),
            liveness: self.liveness.clone(),
            readiness: self.readiness.clone(),
            startup: self.startup.clone(),
        }
    }
}

/// What a pod's containers share.
pub(super) struct Around<'a> {
    pub(super) volumes: &'a [Volume],
    pub(super) config: &'a Config,
    pub(super) common: Common,
    /// Bytes of what the pod is given beside.
    pub(super) weight: usize,
    /// They are run to their ends before the others.
    pub(super) init: bool,
}

/// Reads the containers of one list.
pub(super) fn read(
    path: &str,
    list: &[v1::Container],
    plain: &Value,
    around: &Around<'_>,
) -> Result<Vec<Container>> {
    let mut read: Vec<Container> = Vec::new();
    let mut weight = around.weight;
    for (index, container) in list.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let container = one(&path, container, &plain[index], around)?;
        weight += container.weight();
        config::bounded(&path, weight)?;
        read.push(container);
    }
    Ok(read)
}

fn one(path: &str, from: &v1::Container, plain: &Value, around: &Around<'_>) -> Result<Container> {
    let fields = if around.init {
        &fields::INIT
    } else {
        &fields::CONTAINER
    };
    fields.check(path, plain)?;
    let at = |field: &str| below(path, field);
    names::label(&at("name"), &from.name)?;
    let image = from.image.clone().filter(|image| !image.is_empty());
    let image = image.ok_or_else(|| bad(&at("image"), "it is missing"))?;
    text(&at("image"), &image)?;
    let ports = ports(
        &at("ports"),
        from.ports.as_deref().unwrap_or_default(),
        &plain["ports"],
    )?;
    let env = env::read(path, from, plain, around.config)?;
    let words = |field: &str, words: Option<&Vec<String>>| -> Result<Option<Vec<String>>> {
        let words = words.filter(|words| !words.is_empty());
        let each = |word: &String| env::filled(&at(field), word, &env);
        words
            .map(|words| words.iter().map(each).collect::<Result<Vec<_>>>())
            .transpose()
    };
    let probe = |field: &str, probe: Option<&v1::Probe>, once| {
        probes::read(&at(field), probe, &plain[field], &ports, once)
    };
    let (room, limits) = room::read(
        &at("resources"),
        from.resources.as_ref(),
        &plain["resources"],
    )?;
    let (user, security) = security::read(
        &at("securityContext"),
        from.security_context.as_ref(),
        &plain["securityContext"],
        around.common,
    )?;
    Ok(Container {
        name: from.name.clone(),
        image,
        room,
        command: words("command", from.command.as_ref())?,
        args: words("args", from.args.as_ref())?,
        working_dir: folder(&at("workingDir"), from.working_dir.as_deref())?,
        user,
        limits,
        security,
        mounts: volumes::mounts(
            &at("volumeMounts"),
            from.volume_mounts.as_deref().unwrap_or_default(),
            &plain["volumeMounts"],
            around.volumes,
        )?,
        liveness: probe("livenessProbe", from.liveness_probe.as_ref(), true)?,
        readiness: probe("readinessProbe", from.readiness_probe.as_ref(), false)?,
        startup: probe("startupProbe", from.startup_probe.as_ref(), true)?,
        env,
        ports,
    })
}

fn folder(path: &str, folder: Option<&str>) -> Result<Option<String>> {
    let Some(folder) = folder.filter(|folder| !folder.is_empty()) else {
        return Ok(None);
    };
    text(path, folder)?;
    match folder.starts_with('/') {
        true => Ok(Some(folder.to_owned())),
        false => Err(bad(path, "it must be an absolute path")),
    }
}

/// The named ports. What is not named needs no mention: a pod's network is open to its neighbours.
fn ports(path: &str, list: &[v1::ContainerPort], plain: &Value) -> Result<Ports> {
    fields::PORT.check_all(path, plain)?;
    few(path, list.len(), MOST)?;
    let mut ports = Ports::new();
    let mut names = Vec::new();
    for (index, port) in list.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let number = u16::try_from(port.container_port)
            .ok()
            .filter(|number| *number > 0);
        let number =
            number.ok_or_else(|| bad(&below(&path, "containerPort"), "it must be 1 to 65535"))?;
        let tcp = match port.protocol.as_deref() {
            None | Some("" | "TCP") => true,
            Some("UDP" | "SCTP") => false,
            Some(_) => return Err(bad(&below(&path, "protocol"), "it is TCP, UDP or SCTP")),
        };
        let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) else {
            continue;
        };
        let path = below(&path, "name");
        names::port(&path, name)?;
        if names.contains(&name) {
            return Err(bad(&path, "another port has this name"));
        }
        names.push(name);
        if tcp {
            ports.insert(name.to_owned(), number);
        }
    }
    Ok(ports)
}
