//! What images count in their project's quota: how many there are, and the bytes of their downloads.

use crate::compute::usages;
use crate::{Result, Tx};
use schemas::Error;

/// Resource: images, with or without data.
pub const IMAGES: &str = "images";
/// Resource: bytes of images' data.
pub const BYTES: &str = "image_bytes";

/// Counts one image more.
pub(super) fn take_image(tx: &mut Tx<'_>, project_id: &str, limit: i64) -> Result<()> {
    let limit = of(tx, project_id, IMAGES, limit)?;
    if usages::take(tx, project_id, IMAGES, 1, limit)? {
        return Ok(());
    }
    Err(Error::OverQuota(format!(
        "The project may have no more than {limit} images; delete some, or ask the operator for more."
    ))
    .into())
}

/// Counts one image less.
pub(super) fn give_image(tx: &mut Tx<'_>, project_id: &str) -> Result<()> {
    usages::give(tx, project_id, IMAGES, 1)
}

/// Counts the bytes of an image's data.
pub(super) fn take_bytes(tx: &mut Tx<'_>, project_id: &str, bytes: i64, limit: i64) -> Result<()> {
    let limit = of(tx, project_id, BYTES, limit)?;
    if usages::take(tx, project_id, BYTES, bytes, limit)? {
        return Ok(());
    }
    Err(too_many_bytes(limit))
}

/// Counts them no more.
pub(super) fn give_bytes(tx: &mut Tx<'_>, project_id: &str, bytes: i64) -> Result<()> {
    if bytes == 0 {
        return Ok(());
    }
    usages::give(tx, project_id, BYTES, bytes)
}

/// Moves what an image counts to its new owner.
pub fn transfer(tx: &mut Tx<'_>, from: &str, to: &str, bytes: i64, limits: Limits) -> Result<()> {
    if from == to {
        return Ok(());
    }
    take_image(tx, to, limits.images)?;
    take_bytes(tx, to, bytes, limits.bytes)?;
    give_image(tx, from)?;
    give_bytes(tx, from, bytes)
}

/// Bounds of projects that have none of their own; negative = unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Images.
    pub images: i64,
    /// Bytes.
    pub bytes: i64,
}

/// Bytes the project may still upload; `None` = unlimited.
///
/// # Errors
/// `OverQuota` when there are none left.
pub fn room(conn: &mut crate::Conn, project_id: &str, limit: i64) -> Result<Option<i64>> {
    let limit = of(conn, project_id, BYTES, limit)?;
    if limit < 0 {
        return Ok(None);
    }
    let used = usages::in_use(conn, project_id)?.remove(BYTES).unwrap_or(0);
    if used >= limit {
        return Err(too_many_bytes(limit));
    }
    Ok(Some(limit - used))
}

fn of(conn: &mut crate::Conn, project_id: &str, resource: &str, default: i64) -> Result<i64> {
    let own = usages::limits(conn, project_id)?.remove(resource);
    Ok(own.unwrap_or(default))
}

fn too_many_bytes(limit: i64) -> crate::Fail {
    Error::OverQuota(format!(
        "The project's images may have no more than {limit} bytes together; delete some, or ask the \
         operator for more."
    ))
    .into()
}
