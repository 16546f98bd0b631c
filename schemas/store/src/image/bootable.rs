//! What compute asks of an image before it boots from it.

use super::images::{self, Image};
use super::members;
use crate::{Conn, Result, Scope};
use schemas::Error;
use schemas::image::{Status, Visibility};
use schemas::workload::Digest;
use std::collections::BTreeMap;

/// An image that can be booted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootable {
    /// UUID.
    pub id: String,
    /// The content.
    pub manifest: Digest,
    /// As shown.
    pub name: String,
    /// MiB a server must have.
    pub min_ram: i64,
    /// GiB a server must have.
    pub min_disk: i64,
    /// Bytes of the download.
    pub size: i64,
    /// The further properties.
    pub properties: BTreeMap<String, String>,
}

/// The image, if the caller may see and boot it; `None` when there is none for him.
///
/// # Errors
/// `BadRequest` that says why it cannot be booted.
pub fn bootable(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Bootable>> {
    let Some(image) = images::get(conn, scope, id)? else {
        return Ok(None);
    };
    if let Some(why) = obstacle(conn, scope, &image)? {
        return Err(Error::BadRequest(format!("Image {id} cannot be booted: {why}.")).into());
    }
    Ok(Some(Bootable {
        properties: image.properties()?,
        id: image.id,
        manifest: image.manifest,
        name: image.name,
        min_ram: image.min_ram,
        min_disk: image.min_disk,
        size: image.size,
    }))
}

fn obstacle(conn: &mut Conn, scope: &Scope, image: &Image) -> Result<Option<String>> {
    let why = match image.status()? {
        Status::Active => None,
        Status::Queued => Some("it has no data yet".to_owned()),
        Status::Deactivated => Some("an administrator has deactivated it".into()),
        Status::Killed => Some("it failed when it was made".into()),
        other => Some(format!("it is {}", other.as_str())),
    };
    if why.is_some() {
        return Ok(why);
    }
    if let Scope::Project(project) = scope
        && image.project_id != *project
        && image.visibility == Visibility::Shared.as_str()
        && members::get(conn, &image.id, project)?.is_none_or(|member| member.status != "accepted")
    {
        return Ok(Some(
            "it is shared with this project, which has not accepted it".into(),
        ));
    }
    Ok(None)
}
