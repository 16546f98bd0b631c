//! Projects with which an image is shared, and what they answered.

use super::schema::image_members;
use crate::{Conn, Fail, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, PartialEq, Eq)]
#[diesel(table_name = image_members)]
pub struct Member {
    /// The image.
    pub image_id: String,
    /// The project it is shared with.
    pub member_id: String,
    /// `pending`, `accepted` or `rejected`.
    pub status: String,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: i64,
}

/// All members for the owner (and those who see everything); for others only themselves.
pub fn list(conn: &mut Conn, scope: &Scope, owner: &str, image_id: &str) -> Result<Vec<Member>> {
    let mut query = image_members::table
        .filter(image_members::image_id.eq(image_id))
        .order((image_members::created_at, image_members::member_id))
        .select(Member::as_select())
        .into_boxed();
    if let Scope::Project(project) = scope
        && project != owner
    {
        query = query.filter(image_members::member_id.eq(project));
    }
    Ok(query.load(conn)?)
}

/// One member.
pub fn get(conn: &mut Conn, image_id: &str, member_id: &str) -> Result<Option<Member>> {
    Ok(image_members::table
        .find((image_id, member_id))
        .select(Member::as_select())
        .first(conn)
        .optional()?)
}

/// Shares an image with one project more; at most `most` in all.
pub fn add(tx: &mut Tx<'_>, image_id: &str, member_id: &str, most: i64) -> Result<Member> {
    let there: i64 = image_members::table
        .filter(image_members::image_id.eq(image_id))
        .count()
        .get_result(&mut **tx)?;
    if most >= 0 && there >= most {
        return Err(Error::OverQuota(format!(
            "An image may be shared with no more than {most} projects; make it public or community instead."
        ))
        .into());
    }
    let now = tx.now().0;
    let member = Member {
        image_id: image_id.into(),
        member_id: member_id.into(),
        status: "pending".into(),
        created_at: now,
        updated_at: now,
    };
    let inserted = diesel::insert_into(image_members::table)
        .values(&member)
        .execute(&mut **tx)
        .map_err(Fail::from);
    match inserted {
        Err(fail) if fail.is_duplicate() => Err(Error::Conflict(format!(
            "Member {member_id} is duplicated for image {image_id}."
        ))
        .into()),
        other => other.map(|_| member),
    }
}

/// Writes down a member's answer.
pub fn answer(tx: &mut Tx<'_>, member: &mut Member, status: &str) -> Result<()> {
    member.status = status.into();
    member.updated_at = tx.now().0;
    diesel::update(image_members::table.find((&member.image_id, &member.member_id)))
        .set((
            image_members::status.eq(&member.status),
            image_members::updated_at.eq(member.updated_at),
        ))
        .execute(&mut **tx)?;
    Ok(())
}

/// Shares it no more; false when it was not shared.
pub fn remove(tx: &mut Tx<'_>, image_id: &str, member_id: &str) -> Result<bool> {
    let gone =
        diesel::delete(image_members::table.find((image_id, member_id))).execute(&mut **tx)?;
    Ok(gone == 1)
}
