//! Which image needs which blob.
//!
//! A reference is written while the writer holds the blob's pin (crate `blobs`), and a reference that
//! goes makes the blob's work entry due, in the same transaction: so a blob goes when nobody needs it
//! and never before.

use super::schema::image_blobs;
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Kind;
use schemas::workload::Digest;
use std::collections::BTreeSet;

/// Notes that an image needs these blobs.
pub fn refer<'a>(
    tx: &mut Tx<'_>,
    image_id: &str,
    digests: impl IntoIterator<Item = &'a Digest>,
) -> Result<()> {
    let mut known: BTreeSet<Digest> = of(tx, image_id)?.into_iter().collect();
    for digest in digests {
        if !known.insert(digest.clone()) {
            continue;
        }
        let inserted = diesel::insert_into(image_blobs::table)
            .values((
                image_blobs::image_id.eq(image_id),
                image_blobs::digest.eq(digest),
            ))
            .execute(&mut **tx)
            .map_err(Fail::from);
        match inserted {
            Err(fail) if fail.is_duplicate() => return Err(Fail::Again),
            other => other?,
        };
    }
    Ok(())
}

/// The blobs an image needs.
pub fn of(conn: &mut Conn, image_id: &str) -> Result<Vec<Digest>> {
    Ok(image_blobs::table
        .filter(image_blobs::image_id.eq(image_id))
        .select(image_blobs::digest)
        .load(conn)?)
}

/// Does the image need this blob?
pub fn needs(conn: &mut Conn, image_id: &str, digest: &str) -> Result<bool> {
    let row = image_blobs::table.find((image_id, digest));
    Ok(diesel::select(diesel::dsl::exists(row)).get_result(conn)?)
}

/// Does any image need this blob? What the collector asks under the blob's lock.
pub fn is_needed(conn: &mut Conn, digest: &str) -> Result<bool> {
    let rows = image_blobs::table.filter(image_blobs::digest.eq(digest));
    Ok(diesel::select(diesel::dsl::exists(rows)).get_result(conn)?)
}

/// Every blob that is needed.
pub fn all(conn: &mut Conn) -> Result<Vec<Digest>> {
    Ok(image_blobs::table
        .select(image_blobs::digest)
        .distinct()
        .load(conn)?)
}

/// The image needs exactly these blobs from now on.
pub fn refer_only(tx: &mut Tx<'_>, image_id: &str, digests: &BTreeSet<Digest>) -> Result<()> {
    refer(tx, image_id, digests)?;
    for digest in of(tx, image_id)? {
        if !digests.contains(&digest) {
            release(tx, image_id, &digest)?;
        }
    }
    Ok(())
}

/// The image needs this blob no more.
pub fn release(tx: &mut Tx<'_>, image_id: &str, digest: &str) -> Result<()> {
    diesel::delete(image_blobs::table.find((image_id, digest))).execute(&mut **tx)?;
    tx.due(Kind::Blob, digest)
}

/// The image needs no blob any more.
pub fn release_all(tx: &mut Tx<'_>, image_id: &str) -> Result<()> {
    let digests = of(tx, image_id)?;
    diesel::delete(image_blobs::table.filter(image_blobs::image_id.eq(image_id)))
        .execute(&mut **tx)?;
    digests
        .iter()
        .try_for_each(|digest| tx.due(Kind::Blob, digest))
}
