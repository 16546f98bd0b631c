//! Manifests (contract `magnum-v1.md` §8.3): Kubernetes' v1 `Pod`, `ReplicationController` and
//! `Service`, read and checked once, as far as they mean something to this cloud.
//!
//! ```text
//! text ──document (bounds, types, unknown fields)──► typed, and config maps ──fields (what means nothing here)──►
//!      ──containers, probes, volumes, room──► Pod, Controller ──into_spec(images)──► PodSpec
//!      ──service──► Service
//! ```
//!
//! *Guarantees.* What is accepted is done. A field that this cloud cannot honour is refused by its
//! place, with the reason, unless it says what is so anyway. Defaults are Kubernetes'.

mod config;
mod containers;
mod document;
mod env;
mod expand;
mod fields;
pub(super) mod names;
mod placing;
mod probes;
mod quantity;
mod room;
mod security;
mod service;
mod volumes;

pub use document::{LONGEST, foreign};
pub use room::Room;
pub use service::{Service, service};

use super::body::invalid;
use super::placing::Placing;
use crate::workload::ImageRef;
use crate::workload::pod::{Member, PodSpec, Restart, Volume};
use crate::{Error, Result};
use config::Config;
use containers::{Around, Container};
use fields::below;
use k8s_openapi::api::core::v1;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Longest grace of a pod's containers, in seconds.
const LONGEST_GRACE: i64 = 86_400;
/// Kubernetes' own.
const GRACE: i64 = 30;

/// A pod, as asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Its own within the cluster.
    pub name: String,
    /// What it is like.
    pub template: Template,
}

/// A replication controller, as asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Controller {
    /// Its own within the cluster.
    pub name: String,
    /// Its own labels: those of its template where none are given, as Kubernetes has it.
    pub labels: BTreeMap<String, String>,
    /// Pods with all of these labels are its own.
    pub selector: BTreeMap<String, String>,
    /// Pods there should be.
    pub replicas: u32,
    /// What a new pod is like.
    pub template: Template,
}

/// What pods are like, but for their images.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Host name inside; the pod's name when absent.
    pub hostname: Option<String>,
    /// Which nodes it may be on.
    pub placing: Placing,
    restart: Restart,
    grace_s: u32,
    volumes: Vec<Volume>,
    init: Vec<Container>,
    containers: Vec<Container>,
}

impl Template {
    /// Images of the containers as they were written, in order.
    pub fn images(&self) -> Vec<String> {
        self.containers
            .iter()
            .map(|one| one.image.clone())
            .collect()
    }

    /// Containers, those that are run first among them.
    pub fn size(&self) -> usize {
        self.init.len() + self.containers.len()
    }

    /// Room to be kept free for it: what its containers request together, and no less than the
    /// largest of those that are run before them, one after another.
    pub fn room(&self) -> Room {
        let together = self
            .containers
            .iter()
            .fold(Room::default(), |sum, one| sum.and(one.room));
        self.init
            .iter()
            .fold(together, |room, one| room.or(one.room))
    }

    /// What a host is told, once it is known which image each name stands for.
    ///
    /// # Errors
    /// Those of `image`.
    pub fn spec<E>(
        &self,
        mut image: impl FnMut(&str) -> Result<ImageRef, E>,
    ) -> Result<PodSpec, E> {
        let mut members = |list: &[Container]| -> Result<Vec<Member>, E> {
            list.iter()
                .map(|one| Ok(one.member(image(&one.image)?)))
                .collect()
        };
        Ok(PodSpec {
            labels: self.labels.clone(),
            restart: self.restart,
            grace_s: self.grace_s,
            volumes: self.volumes.clone(),
            init: members(&self.init)?,
            containers: members(&self.containers)?,
        })
    }
}

/// Reads the manifest of a pod.
///
/// # Errors
/// `BadRequest` with the place in the manifest, what is wrong there, and what is possible.
pub fn pod(text: &str) -> Result<Pod> {
    let (pod, config): (v1::Pod, _) = document::read(text)?;
    let plain = plain(&pod)?;
    fields::OBJECT.check("", &plain)?;
    fields::META.check("metadata", &plain["metadata"])?;
    let name = name(&pod.metadata)?;
    let labels = labels("metadata", &pod.metadata)?;
    let spec = pod.spec.ok_or_else(|| bad("spec", "it is missing"))?;
    Ok(Pod {
        name,
        template: template("spec", labels, &spec, &plain["spec"], &config)?,
    })
}

/// Reads the manifest of a replication controller.
///
/// # Errors
/// As [`pod`].
pub fn controller(text: &str) -> Result<Controller> {
    let (controller, config): (v1::ReplicationController, _) = document::read(text)?;
    let plain = plain(&controller)?;
    fields::OBJECT.check("", &plain)?;
    fields::META.check("metadata", &plain["metadata"])?;
    let name = name(&controller.metadata)?;
    let own = labels("metadata", &controller.metadata)?;
    let spec = controller
        .spec
        .ok_or_else(|| bad("spec", "it is missing"))?;
    let plain = &plain["spec"];
    fields::CONTROLLER.check("spec", plain)?;
    let replicas = u32::try_from(spec.replicas.unwrap_or(1))
        .map_err(|_| bad("spec.replicas", "it must be 0 or more"))?;
    let inner = spec
        .template
        .ok_or_else(|| bad("spec.template", "it is missing"))?;
    let template = self::inner(&inner, &plain["template"], &config)?;
    let selector = match spec.selector {
        Some(selector) if !selector.is_empty() => selector,
        _ => template.labels.clone(),
    };
    names::labels("spec.selector", &selector)?;
    if template.labels.is_empty() {
        return Err(bad(
            "spec.template.metadata.labels",
            "there must be some: by them a replication controller knows its pods",
        ));
    }
    let chosen = |(key, value)| template.labels.get(key) == Some(value);
    if !selector.iter().all(chosen) {
        return Err(bad(
            "spec.selector",
            "it must match spec.template.metadata.labels, or its pods were never its own",
        ));
    }
    Ok(Controller {
        name,
        labels: if own.is_empty() {
            template.labels.clone()
        } else {
            own
        },
        selector,
        replicas,
        template,
    })
}

fn inner(inner: &v1::PodTemplateSpec, plain: &Value, config: &Config) -> Result<Template> {
    fields::TEMPLATE.check("spec.template", plain)?;
    let path = "spec.template.metadata";
    fields::TEMPLATE_META.check(path, &plain["metadata"])?;
    let labels = match &inner.metadata {
        Some(metadata) => labels(path, metadata)?,
        None => BTreeMap::new(),
    };
    let path = "spec.template.spec";
    let spec = inner
        .spec
        .as_ref()
        .ok_or_else(|| bad(path, "it is missing"))?;
    let template = template(path, labels, spec, &plain["spec"], config)?;
    match template.restart {
        Restart::Always => Ok(template),
        _ => Err(bad(
            &below(path, "restartPolicy"),
            "it must be Always: a replication controller's pods do not end",
        )),
    }
}

fn template(
    path: &str,
    labels: BTreeMap<String, String>,
    spec: &v1::PodSpec,
    plain: &Value,
    config: &Config,
) -> Result<Template> {
    fields::POD.check(path, plain)?;
    let at = |field: &str| below(path, field);
    // It says nothing when it is true, and asks for something when it is not.
    if spec.host_users == Some(false) {
        return Err(bad(
            &at("hostUsers"),
            "all containers of a node share the node's own user ids",
        ));
    }
    let volumes = volumes::read(
        &at("volumes"),
        spec.volumes.as_deref().unwrap_or_default(),
        &plain["volumes"],
        config,
    )?;
    let around = |init, weight| -> Result<Around<'_>> {
        Ok(Around {
            volumes: &volumes,
            config,
            weight,
            common: security::common(
                &at("securityContext"),
                spec.security_context.as_ref(),
                &plain["securityContext"],
            )?,
            init,
        })
    };
    let read = |field: &str, list: &[v1::Container], init, weight| {
        containers::read(&at(field), list, &plain[field], &around(init, weight)?)
    };
    let weight = volumes::weight(&volumes);
    let containers = read("containers", &spec.containers, false, weight)?;
    let init = read(
        "initContainers",
        spec.init_containers.as_deref().unwrap_or_default(),
        true,
        weight + containers.iter().map(Container::weight).sum::<usize>(),
    )?;
    if containers.is_empty() {
        return Err(bad(&at("containers"), "there must be at least one"));
    }
    let mut seen = BTreeSet::new();
    let twice = containers
        .iter()
        .chain(&init)
        .find(|one| !seen.insert(&one.name));
    if let Some(twice) = twice {
        return Err(bad(
            &at("containers"),
            &format!("several are called {}", twice.name),
        ));
    }
    let hostname = spec.hostname.clone().filter(|name| !name.is_empty());
    if let Some(hostname) = &hostname {
        names::label(&at("hostname"), hostname)?;
    }
    let grace = spec.termination_grace_period_seconds.unwrap_or(GRACE);
    let grace = Some(grace).filter(|grace| (0..=LONGEST_GRACE).contains(grace));
    let grace = grace
        .and_then(|grace| u32::try_from(grace).ok())
        .ok_or_else(|| {
            bad(
                &at("terminationGracePeriodSeconds"),
                &format!("it must be 0 to {LONGEST_GRACE}"),
            )
        })?;
    Ok(Template {
        labels,
        hostname,
        placing: placing::read(path, spec, plain)?,
        restart: match spec.restart_policy.as_deref() {
            None | Some("" | "Always") => Restart::Always,
            Some("OnFailure") => Restart::OnFailure,
            Some("Never") => Restart::Never,
            Some(_) => {
                return Err(bad(
                    &at("restartPolicy"),
                    "it is Always, OnFailure or Never",
                ));
            }
        },
        grace_s: grace,
        volumes,
        init,
        containers,
    })
}

fn plain(object: &impl Serialize) -> Result<Value> {
    serde_json::to_value(object).map_err(Error::internal)
}

fn name(metadata: &ObjectMeta) -> Result<String> {
    name_at("metadata", metadata)
}

fn name_at(path: &str, metadata: &ObjectMeta) -> Result<String> {
    let path = below(path, "name");
    let name = metadata.name.clone().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| bad(&path, "it is missing"))?;
    names::subdomain(&path, &name)?;
    Ok(name)
}

fn few(path: &str, count: usize, most: usize) -> Result<()> {
    match count > most {
        true => Err(bad(
            path,
            &format!("there are {count}, and {most} is the most"),
        )),
        false => Ok(()),
    }
}

fn labels(path: &str, metadata: &ObjectMeta) -> Result<BTreeMap<String, String>> {
    if let Some(annotations) = &metadata.annotations {
        names::annotations(&below(path, "annotations"), annotations)?;
    }
    let labels = metadata.labels.clone().unwrap_or_default();
    names::labels(&below(path, "labels"), &labels)?;
    Ok(labels)
}

/// A text that a program can be given.
fn text(path: &str, text: &str) -> Result<()> {
    match text.contains('\0') {
        true => Err(bad(
            path,
            "a text holds a NUL, which no program can be given",
        )),
        false => Ok(()),
    }
}

/// What is wrong, and where in the manifest.
fn bad(path: &str, why: &str) -> Error {
    // Words of parsers repeat what was written, however long that is.
    const LONGEST: usize = 400;
    let short = |text: &str| -> String { text.chars().take(LONGEST).collect() };
    let (path, why) = (short(path), short(why));
    match path.as_str() {
        "" | "." => invalid("manifest", &format!("As a manifest {why}.")),
        path => invalid("manifest", &format!("{path}: {why}.")),
    }
}

#[cfg(test)]
mod tests;
