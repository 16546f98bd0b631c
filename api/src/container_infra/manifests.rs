//! Manifests as they come: in the body, or from an address that the server reads.

use crate::ctx::Caller;
use crate::fetch;
use schemas::container_infra::body::invalid;
use schemas::container_infra::manifest::{LONGEST, Room, Template};
use schemas::workload::ImageRef;
use schemas::workload::pod::PodSpec;
use schemas::{Error, Result};
use serde_json::{Value, json};
use std::time::Duration;
use store::compute::spec::{BootImage, Flavor};
use store::{Conn, Scope};

use super::boot_image;
use super::call::settings;

/// Bodies hold a manifest, each letter of which may be escaped.
pub(super) const BODY: usize = 2 << 20;

/// A manifest, or where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) manifest: Option<String>,
    pub(super) url: Option<String>,
}

impl Source {
    /// Is there any?
    pub(super) fn is_given(&self) -> bool {
        self.manifest.is_some() || self.url.is_some()
    }

    /// The text; where both are given the manifest wins.
    ///
    /// # Errors
    /// `BadRequest` for none, and what is wrong with the address.
    pub(super) async fn text(&self, caller: &Caller) -> Result<String> {
        let state = caller.state();
        match (&self.manifest, &self.url) {
            (Some(text), _) if text.trim().is_empty() => {
                Err(invalid("manifest", "It is empty; write what is to run."))
            }
            (Some(text), _) => Ok(text.clone()),
            (None, Some(url)) => {
                let patience = Duration::from_secs(settings(caller).manifest_timeout_s);
                fetch::text(&state.settings.image.web_download, url, LONGEST, patience).await
            }
            (None, None) => Err(invalid(
                "manifest",
                "It is mandatory: write the manifest, or where it is into manifest_url.",
            )),
        }
    }

    /// Answers to writes repeat it; it is kept nowhere.
    pub(super) fn echo(&self, view: &mut Value) {
        view["manifest"] = json!(self.manifest);
        view["manifest_url"] = json!(self.url);
    }
}

/// What a host is told of such pods, and the image of the first container.
///
/// # Errors
/// Those of [`boot_image::resolve`].
pub(super) fn resolved(
    conn: &mut Conn,
    scope: &Scope,
    template: &Template,
) -> store::Result<(PodSpec, BootImage)> {
    let spec = template.spec(|name| {
        let image = boot_image::resolve(conn, scope, name)?;
        Ok::<_, store::Fail>(ImageRef {
            id: image.id,
            manifest: image.manifest,
        })
    })?;
    let first = spec.containers.first();
    let first = first.ok_or_else(|| Error::internal("a pod without containers"))?;
    let boot = BootImage {
        id: first.image.id,
        manifest: first.image.manifest.clone(),
    };
    Ok((spec, boot))
}

/// The room as placing knows it.
pub(super) fn flavor(room: Room) -> Flavor {
    Flavor {
        name: "pod".into(),
        vcpus: room.cpus(),
        ram_mb: room.memory_mb(),
        ..Flavor::default()
    }
}

/// Not too many containers?
///
/// # Errors
/// `BadRequest`.
pub(super) fn bounded(caller: &Caller, template: &Template) -> Result<()> {
    let (size, most) = (template.size(), settings(caller).pod_containers);
    match size > most {
        true => Err(invalid(
            "manifest",
            &format!("The pod has {size} containers, and {most} is the most."),
        )),
        false => Ok(()),
    }
}
