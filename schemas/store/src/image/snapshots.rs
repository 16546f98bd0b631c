//! Images that a host makes of a server's container.
//!
//! ```text
//!   create ──► queued, pending ──► blobs come, then the manifest ──► active ──► settle
//!                   │                                                             │
//!                   └── fail (deadline, host, server gone) ──► killed             ▼
//!                                                            server's task state is cleared
//! ```

use super::blobs;
use super::images::{self, Image};
use super::schema::images as table;
use super::uploads::{self, Data};
use crate::compute::servers::{self, Server};
use crate::{Conn, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::image::Status;
use schemas::workload::Digest;
use schemas::{Error, Kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The server's task state while its snapshot is made: Nova's word.
pub const TASK: &str = "image_snapshot";

/// What is known of a snapshot until it is done: the JSON in `images.snapshot`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The server.
    pub server: String,
    /// Manifest of the image the server was booted from.
    pub base: Digest,
    /// Freeze the container meanwhile.
    pub pause: bool,
    /// µs; given up then.
    pub deadline: i64,
    /// Last telling, µs; 0 = never.
    pub told: i64,
    /// The step under way.
    pub step: String,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct New<'a> {
    /// UUID of the new image.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Who asks.
    pub user_id: &'a str,
    /// The request.
    pub request_id: &'a str,
    /// The server it is made of.
    pub server: &'a Server,
    /// The caller's own properties.
    pub properties: BTreeMap<String, String>,
    /// Freeze the container meanwhile.
    pub pause: bool,
    /// µs; given up then.
    pub deadline: i64,
    /// Images a project without its own limit may have; negative = unlimited.
    pub limit: i64,
}

/// Makes the image row that waits for its data, and makes it due. The server's own row (task state
/// [`TASK`], event) is the caller's, in the same transaction.
///
/// # Errors
/// `OverQuota`; `Conflict` when the server's image is not known.
pub fn create(tx: &mut Tx<'_>, new: New<'_>) -> Result<Image> {
    let spec = new.server.spec()?;
    let base = images::get(tx, &Scope::All, &spec.image.id.to_string())?;
    let mut properties: BTreeMap<String, String> = BTreeMap::new();
    let (mut min_disk, mut min_ram) = (0, 0);
    if let Some(base) = &base {
        properties = base.properties()?;
        (min_disk, min_ram) = (base.min_disk, base.min_ram);
    }
    properties.retain(|key, _| !key.starts_with("owner_specified.openstack."));
    properties.extend(new.properties);
    for (key, value) in [
        ("image_type", "snapshot".to_owned()),
        ("image_location", "snapshot".to_owned()),
        ("base_image_ref", spec.image.id.to_string()),
        ("instance_uuid", new.server.id.clone()),
        ("owner_id", new.server.project_id.clone()),
        ("user_id", new.user_id.to_owned()),
    ] {
        properties.insert(key.to_owned(), value);
    }
    let pending = Pending {
        server: new.server.id.clone(),
        base: spec.image.manifest.clone(),
        pause: new.pause,
        deadline: new.deadline,
        ..Pending::default()
    };
    let now = tx.now().0;
    let image = Image {
        id: new.id.into(),
        project_id: new.server.project_id.clone(),
        user_id: new.user_id.into(),
        name: new.name.into(),
        status: Status::Queued.as_str().into(),
        visibility: "private".into(),
        container_format: "docker".into(),
        disk_format: "raw".into(),
        min_disk,
        min_ram,
        properties: serde_json::to_string(&properties)?,
        tags: "[]".into(),
        snapshot: serde_json::to_string(&pending)?,
        request_id: new.request_id.into(),
        created_at: now,
        updated_at: now,
        ..Image::default()
    };
    images::insert(tx, &image, new.limit)?;
    // The base's layers stay for the snapshot, whatever becomes of the base meanwhile.
    if let Some(base) = base {
        let needed = blobs::of(tx, &base.id)?;
        blobs::refer(tx, &image.id, &needed)?;
    }
    tx.due(Kind::Image, &image.id)?;
    Ok(image)
}

/// What a host still has to do for this image; `None` when it is no snapshot, or done.
pub fn pending(image: &Image) -> Result<Option<Pending>> {
    if image.snapshot.is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&image.snapshot)?))
}

/// Writes down how far it is.
pub fn update(tx: &mut Tx<'_>, image: &mut Image, pending: &Pending) -> Result<()> {
    image.snapshot = serde_json::to_string(pending)?;
    images::update(tx, image)
}

/// A snapshot that takes data from its host now.
///
/// # Errors
/// `NotFound`, `Conflict`.
pub fn open(conn: &mut Conn, id: &str) -> Result<Image> {
    let image = images::find(conn, &Scope::All, id)?;
    if image.snapshot.is_empty() || image.status()? != Status::Queued {
        return Err(Error::Conflict(format!(
            "Image {id} is no snapshot that waits for data: it is {}.",
            image.status
        ))
        .into());
    }
    Ok(image)
}

/// A blob came for it. The caller holds the blob's pin.
pub fn keep(tx: &mut Tx<'_>, id: &str, digest: &Digest) -> Result<()> {
    let mut image = open(tx, id)?;
    blobs::refer(tx, id, [digest])?;
    // The reference and the row's state belong together: whoever fails the snapshot meanwhile
    // makes this run again.
    images::update(tx, &mut image)
}

/// All of its data is there: it is active. The caller holds the pins. Done twice with the same
/// manifest, it is done once. `limit`: bytes a project without its own limit may have.
pub fn complete(tx: &mut Tx<'_>, id: &str, data: &Data, limit: i64) -> Result<Image> {
    let known = images::find(tx, &Scope::All, id)?;
    if known.manifest == data.manifest && known.status()? == Status::Active {
        return Ok(known);
    }
    let mut image = open(tx, id)?;
    uploads::activate(tx, &mut image, data, limit)?;
    tx.due(Kind::Image, id)?;
    Ok(image)
}

/// The snapshot is over, done or not: its server is free again.
pub fn settle(tx: &mut Tx<'_>, image: &mut Image) -> Result<()> {
    let Some(pending) = pending(image)? else {
        return Ok(());
    };
    image.snapshot.clear();
    images::update(tx, image)?;
    release_server(tx, &pending.server, &image.id)
}

/// It cannot be made: `killed`, with the reason.
pub fn fail(tx: &mut Tx<'_>, image: &mut Image, reason: &str) -> Result<()> {
    let Some(pending) = pending(image)? else {
        return Ok(());
    };
    blobs::release_all(tx, &image.id)?;
    image.status = Status::Killed.as_str().into();
    image.reason = reason.into();
    image.snapshot.clear();
    images::update(tx, image)?;
    release_server(tx, &pending.server, &image.id)
}

/// The image goes: what waits for it is told so. Part of deleting an image.
pub fn cancel(tx: &mut Tx<'_>, image: &Image) -> Result<()> {
    match pending(image)? {
        Some(pending) => release_server(tx, &pending.server, &image.id),
        None => Ok(()),
    }
}

/// Snapshots that a server's host is making.
pub fn of_server(conn: &mut Conn, project_id: &str, server_id: &str) -> Result<Vec<Image>> {
    let pending: Vec<Image> = table::table
        .filter(table::project_id.eq(project_id))
        .filter(table::snapshot.ne(""))
        .select(Image::as_select())
        .load(conn)?;
    let mut found = Vec::new();
    for image in pending {
        if self::pending(&image)?.is_some_and(|pending| pending.server == server_id) {
            found.push(image);
        }
    }
    Ok(found)
}

/// Ends the server's task state, unless another snapshot of it is under way.
fn release_server(tx: &mut Tx<'_>, server_id: &str, image_id: &str) -> Result<()> {
    let Some(mut server) = servers::get(tx, &Scope::All, server_id)? else {
        return Ok(());
    };
    if server.task_state.as_deref() != Some(TASK) {
        return Ok(());
    }
    let others = of_server(tx, &server.project_id, server_id)?;
    if others.iter().any(|other| other.id != image_id) {
        return Ok(());
    }
    // It ended meanwhile, and is being brought back until then.
    server.task_state = server.deadline.map(|_| "powering-on".into());
    servers::update(tx, &mut server)?;
    tx.due(Kind::Server, server_id)
}
