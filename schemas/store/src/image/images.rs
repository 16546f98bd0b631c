//! Images: rows, and what may be seen of them.

use super::schema::{image_members, images};
use super::{blobs, quota};
use crate::schema::servers;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::Error;
use schemas::image::{Attributes, Status, Visibility};
use schemas::workload::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// A row. Texts that are absent are empty, numbers that are not known are 0.
#[derive(Clone, Debug, Default, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = images)]
pub struct Image {
    /// UUID.
    pub id: String,
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// As shown; need not be unique.
    pub name: String,
    /// `Status`.
    pub status: String,
    /// `Visibility`.
    pub visibility: String,
    /// How the data is packed.
    pub container_format: String,
    /// Glance's other word for it; `raw`.
    pub disk_format: String,
    /// GiB a server must have.
    pub min_disk: i64,
    /// MiB a server must have.
    pub min_ram: i64,
    /// 1 = not to be deleted.
    pub protected: i32,
    /// 1 = left out of lists.
    pub hidden: i32,
    /// Bytes of the download.
    pub size: i64,
    /// Bytes of all layers unpacked.
    pub virtual_size: i64,
    /// MD5 of the download.
    pub checksum: String,
    /// SHA-512 of the download.
    pub hash: String,
    /// JSON object of texts.
    pub properties: String,
    /// JSON list, sorted.
    pub tags: String,
    /// Digest of the image manifest: the content.
    pub manifest: String,
    /// Digest of the recipe of the download.
    pub recipe: String,
    /// Digest of data that waits to be imported.
    pub staged: String,
    /// The attempt that is bringing data now.
    pub upload: String,
    /// µs; that attempt is taken for dead then.
    pub upload_until: i64,
    /// `snapshots::Pending` while a host is making it.
    pub snapshot: String,
    /// Why it is as it is, in words for the owner.
    pub reason: String,
    /// Request that made it.
    pub request_id: String,
    /// Rises with each change.
    pub revision: i64,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: i64,
}

impl Image {
    /// The status, typed.
    pub fn status(&self) -> schemas::Result<Status> {
        let bad = || Error::internal(format_args!("image status {:?}", self.status));
        Status::parse(&self.status).ok_or_else(bad)
    }

    /// What its owner wrote about it.
    pub fn attributes(&self) -> schemas::Result<Attributes> {
        let bad = || Error::internal(format_args!("image visibility {:?}", self.visibility));
        Ok(Attributes {
            name: self.name.clone(),
            visibility: Visibility::parse(&self.visibility).ok_or_else(bad)?,
            owner: self.project_id.clone(),
            container_format: self.container_format.clone(),
            disk_format: self.disk_format.clone(),
            min_disk: self.min_disk,
            min_ram: self.min_ram,
            protected: self.protected != 0,
            os_hidden: self.hidden != 0,
            tags: self.tags()?,
            properties: self.properties()?,
        })
    }

    /// Replaces what its owner wrote about it.
    pub fn set_attributes(&mut self, attributes: &Attributes) -> Result<()> {
        self.name = attributes.name.clone();
        self.visibility = attributes.visibility.as_str().into();
        self.project_id = attributes.owner.clone();
        self.container_format = attributes.container_format.clone();
        self.disk_format = attributes.disk_format.clone();
        self.min_disk = attributes.min_disk;
        self.min_ram = attributes.min_ram;
        self.protected = attributes.protected.into();
        self.hidden = attributes.os_hidden.into();
        self.properties = serde_json::to_string(&attributes.properties)?;
        self.set_tags(&attributes.tags)
    }

    /// The further properties.
    pub fn properties(&self) -> schemas::Result<BTreeMap<String, String>> {
        serde_json::from_str(&self.properties).map_err(Error::internal)
    }

    /// The tags.
    pub fn tags(&self) -> schemas::Result<BTreeSet<String>> {
        serde_json::from_str(&self.tags).map_err(Error::internal)
    }

    /// Replaces the tags.
    pub fn set_tags(&mut self, tags: &BTreeSet<String>) -> Result<()> {
        self.tags = serde_json::to_string(tags)?;
        Ok(())
    }

    /// The content, once there is data.
    pub fn manifest(&self) -> Option<Digest> {
        Some(self.manifest.clone()).filter(|digest| !digest.is_empty())
    }

    /// Has data that can be downloaded.
    pub fn has_data(&self) -> bool {
        !self.recipe.is_empty()
    }
}

/// One image the caller may see: his own, a public or community one, or one shared with him
/// (whatever he answered to that).
pub fn get(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Image>> {
    let row: Option<Image> = images::table
        .find(id)
        .select(Image::as_select())
        .first(conn)
        .optional()?;
    let Some(image) = row else { return Ok(None) };
    let seen = match (scope, Visibility::parse(&image.visibility)) {
        (Scope::All, _) | (_, Some(Visibility::Public | Visibility::Community)) => true,
        (Scope::Project(project), _) if image.project_id == *project => true,
        (Scope::Project(project), Some(Visibility::Shared)) => {
            let member = image_members::table.find((id, project));
            diesel::select(diesel::dsl::exists(member)).get_result(conn)?
        }
        _ => false,
    };
    Ok(Some(image).filter(|_| seen))
}

/// One image the caller may see.
///
/// # Errors
/// `NotFound`.
pub fn find(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Image> {
    let image = get(conn, scope, id)?;
    image.ok_or_else(|| Error::NotFound(format!("No image found with ID {id}.")).into())
}

/// Writes a new image and counts it; `limit` is how many its project may have.
pub fn insert(tx: &mut Tx<'_>, image: &Image, limit: i64) -> Result<()> {
    quota::take_image(tx, &image.project_id, limit)?;
    let inserted = diesel::insert_into(images::table)
        .values(image)
        .execute(&mut **tx)
        .map_err(Fail::from);
    match inserted {
        Err(fail) if fail.is_duplicate() => Err(Error::Conflict(format!(
            "An image with ID {} exists already; choose another or none.",
            image.id
        ))
        .into()),
        other => other.map(|_| ()),
    }
}

/// Writes a changed row back, if nobody else changed it since it was read.
///
/// # Errors
/// `Fail::Again` when somebody did: the whole transaction is run again.
pub fn update(tx: &mut Tx<'_>, image: &mut Image) -> Result<()> {
    let read = image.revision;
    image.revision += 1;
    image.updated_at = tx.now().0;
    let changed = diesel::update(images::table.find(image.id.clone()))
        .filter(images::revision.eq(read))
        .set(&*image)
        .execute(&mut **tx)?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Fail::Again)
    }
}

/// Writes the lease of a running upload back: no change that anybody should see.
pub(super) fn renew(tx: &mut Tx<'_>, image: &Image) -> Result<()> {
    let changed = diesel::update(images::table.find(&image.id))
        .filter(images::revision.eq(image.revision))
        .set((
            images::upload_until.eq(image.upload_until),
            images::revision.eq(image.revision + 1),
        ))
        .execute(&mut **tx)?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Fail::Again)
    }
}

/// Servers, and containers and pods of clusters, that were made from it and are not being deleted: they
/// are made anew from it when their host is lost. Replication controllers and groups of nodes will make
/// more from it.
pub fn users(conn: &mut Conn, id: &str) -> Result<i64> {
    use crate::container_infra::schema::{nodegroups, replication_controllers as rcs};
    let first: i64 = servers::table
        .filter(servers::image_id.eq(id).and(servers::deleting.eq(0)))
        .count()
        .get_result(conn)?;
    // What a pod's other containers boot from is in its description only; ids are in nothing else.
    let named = format!("%{id}%");
    let further: i64 = servers::table
        .filter(servers::guest_of.is_not_null())
        .filter(servers::guest_kind.eq("pod").and(servers::deleting.eq(0)))
        .filter(servers::image_id.ne(id).and(servers::spec.like(&named)))
        .count()
        .get_result(conn)?;
    let kept: i64 = rcs::table
        .filter(rcs::deleting.eq(0).and(rcs::spec.like(&named)))
        .count()
        .get_result(conn)?;
    let nodes: i64 = nodegroups::table
        .filter(
            nodegroups::deleting
                .eq(0)
                .and(nodegroups::spec.like(&named)),
        )
        .count()
        .get_result(conn)?;
    Ok(first + further + kept + nodes)
}

/// Removes an image with all that hangs on it, and lets go of its blobs and of its share of the
/// quota. Whether it may be removed is the caller's question.
pub fn remove(tx: &mut Tx<'_>, image: &Image) -> Result<()> {
    blobs::release_all(tx, &image.id)?;
    diesel::delete(image_members::table.filter(image_members::image_id.eq(&image.id)))
        .execute(&mut **tx)?;
    let gone = diesel::delete(images::table.find(&image.id))
        .filter(images::revision.eq(image.revision))
        .execute(&mut **tx)?;
    if gone == 0 {
        return Err(Fail::Again);
    }
    quota::give_image(tx, &image.project_id)?;
    quota::give_bytes(tx, &image.project_id, image.size)
}
