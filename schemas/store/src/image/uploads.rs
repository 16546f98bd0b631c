//! Bringing data into an image.
//!
//! ```text
//!   queued ── begin ──► saving ── finish ──► active
//!     ▲                   │ renew, renew …
//!     └── abandon, stale ─┘
//! ```
//!
//! Each attempt has a token in the row: whoever lost it (the lease ran out while the process was
//! dead or stuck, the image was deleted) can neither finish nor abandon what others do now.

use super::images::{self, Image};
use super::schema::images as table;
use super::{blobs, quota};
use crate::{Conn, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::image::Status;
use schemas::workload::Digest;
use schemas::{Error, Kind};
use std::collections::BTreeSet;
use std::time::Duration;

/// An attempt that is not renewed for so long is taken for dead.
pub const LEASE: Duration = Duration::from_secs(120);

/// What became of data that was taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// Content.
    pub manifest: Digest,
    /// How the download is put together.
    pub recipe: Digest,
    /// All blobs that manifest and recipe need, and they themselves.
    pub blobs: BTreeSet<Digest>,
    /// Bytes of the download.
    pub size: i64,
    /// Bytes of all layers unpacked.
    pub virtual_size: i64,
    /// MD5 of the download.
    pub checksum: String,
    /// SHA-512 of the download.
    pub hash: String,
}

/// Begins an attempt: the image, if it is in state `from`, goes to state `to`; taken for dead after
/// `lease` unless it is renewed.
///
/// # Errors
/// `NotFound`; `Conflict` when it has data or another attempt is under way.
pub fn begin(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: &str,
    token: &str,
    from: Status,
    to: Status,
    lease: Duration,
) -> Result<Image> {
    let mut image = images::find(tx, scope, id)?;
    let status = image.status()?;
    if status != from || !image.upload.is_empty() || !image.snapshot.is_empty() {
        return Err(Error::Conflict(refusal(status, to)).into());
    }
    image.status = to.as_str().into();
    image.upload = token.into();
    image.upload_until = (tx.now() + lease).0;
    image.reason.clear();
    images::update(tx, &mut image)?;
    Ok(image)
}

fn refusal(status: Status, to: Status) -> String {
    let why = match status {
        Status::Saving | Status::Uploading | Status::Importing => {
            "data is being brought in by another request; wait for it"
        }
        Status::Active | Status::Deactivated => {
            "it has its data, which never changes; create another image"
        }
        Status::Killed => "it failed; delete it and create another one",
        Status::Queued => "its data comes another way",
    };
    format!(
        "Image status transition from {} to {} is not allowed: {why}.",
        status.as_str(),
        to.as_str()
    )
}

/// Bounds the images into which a project brings data at the same time; `image` is one of them
/// already. `most` negative: any number.
///
/// # Errors
/// `OverQuota`.
pub fn bound(tx: &mut Tx<'_>, image: &Image, most: i64) -> Result<()> {
    let coming = [Status::Saving, Status::Uploading, Status::Importing].map(Status::as_str);
    let there: i64 = table::table
        .filter(table::project_id.eq(&image.project_id))
        .filter(table::status.eq_any(coming).and(table::snapshot.eq("")))
        .count()
        .get_result(&mut **tx)?;
    if most < 0 || there <= most {
        return Ok(());
    }
    Err(Error::OverQuota(format!(
        "The project may bring data into no more than {most} images at the same time; wait for one \
         to be done, import what is staged, or delete it."
    ))
    .into())
}

/// The attempt goes on. False: it was given to somebody else, or the image is gone.
pub fn renew(tx: &mut Tx<'_>, id: &str, token: &str) -> Result<bool> {
    let until = (tx.now() + LEASE).0;
    let Some(mut image) = mine(tx, id, token)? else {
        return Ok(false);
    };
    // An import's lease is longer than the renewals of what it does.
    image.upload_until = image.upload_until.max(until);
    images::renew(tx, &image)?;
    Ok(true)
}

/// The attempt whose token this is, or nothing.
fn mine(tx: &mut Tx<'_>, id: &str, token: &str) -> Result<Option<Image>> {
    let image = images::get(tx, &Scope::All, id)?;
    Ok(image.filter(|image| image.upload == token))
}

/// Ends an attempt with data: the image is active. The caller holds the blobs' pins.
///
/// # Errors
/// `Gone` when the attempt is no longer the image's; `OverQuota`.
pub fn finish(tx: &mut Tx<'_>, id: &str, token: &str, data: &Data, limit: i64) -> Result<Image> {
    let Some(mut image) = mine(tx, id, token)? else {
        return Err(lost(id));
    };
    activate(tx, &mut image, data, limit)?;
    Ok(image)
}

/// Gives an image its data.
pub(super) fn activate(tx: &mut Tx<'_>, image: &mut Image, data: &Data, limit: i64) -> Result<()> {
    quota::take_bytes(tx, &image.project_id, data.size, limit)?;
    blobs::refer_only(tx, &image.id, &data.blobs)?;
    image.status = Status::Active.as_str().into();
    image.manifest = data.manifest.clone();
    image.recipe = data.recipe.clone();
    image.size = data.size;
    image.virtual_size = data.virtual_size;
    image.checksum = data.checksum.clone();
    image.hash = data.hash.clone();
    image.staged.clear();
    image.upload.clear();
    image.upload_until = 0;
    image.reason.clear();
    images::update(tx, image)
}

/// Ends an attempt with data that waits to be imported.
pub fn stage(tx: &mut Tx<'_>, id: &str, token: &str, digest: &Digest) -> Result<()> {
    let Some(mut image) = mine(tx, id, token)? else {
        return Err(lost(id));
    };
    blobs::refer_only(tx, id, &BTreeSet::from([digest.clone()]))?;
    image.staged = digest.clone();
    image.upload.clear();
    image.upload_until = 0;
    images::update(tx, &mut image)
}

/// Ends an attempt without data: the image waits for another one, with the reason.
pub fn abandon(tx: &mut Tx<'_>, id: &str, token: &str, reason: &str) -> Result<()> {
    if let Some(mut image) = mine(tx, id, token)? {
        requeue(tx, &mut image, reason)?;
    }
    Ok(())
}

/// Back to `queued`, with nothing left of what was staged.
pub(super) fn requeue(tx: &mut Tx<'_>, image: &mut Image, reason: &str) -> Result<()> {
    blobs::release_all(tx, &image.id)?;
    image.status = Status::Queued.as_str().into();
    image.staged.clear();
    image.upload.clear();
    image.upload_until = 0;
    image.reason = reason.into();
    images::update(tx, image)
}

/// Attempts whose process died.
pub fn stale(conn: &mut Conn, now: schemas::Timestamp) -> Result<Vec<String>> {
    Ok(table::table
        .filter(table::upload_until.gt(0).and(table::upload_until.le(now.0)))
        .filter(table::upload.ne(""))
        .select(table::id)
        .load(conn)?)
}

/// Gives a dead attempt up, if it is still dead.
pub fn reap(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let Some(mut image) = images::get(tx, &Scope::All, id)? else {
        return Ok(());
    };
    if image.upload.is_empty() || image.upload_until > tx.now().0 {
        return Ok(());
    }
    requeue(tx, &mut image, "The upload broke off; send the data again.")?;
    tx.due(Kind::Image, id)
}

fn lost(id: &str) -> crate::Fail {
    Error::Gone(format!(
        "Image {id} was deleted, or its upload given up, while the data came in."
    ))
    .into()
}
