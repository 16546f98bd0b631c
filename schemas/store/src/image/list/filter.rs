//! What a list is narrowed by, as conditions of one query.

use super::Condition;
use crate::Scope;
use crate::image::schema::{image_members, images};
use diesel::define_sql_function;
use diesel::prelude::*;
use diesel::sql_types::Text;
use schemas::image::Visibility;

define_sql_function! {
    /// Both databases have it; it tells upper from lower case, unlike `LIKE`.
    fn replace(text: Text, part: Text, by: Text) -> Text;
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Glance's own operators")]
pub enum Op {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// `visibility=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Own ones, public ones, and those shared with the caller.
    #[default]
    Usual,
    /// All that may be seen, community images too.
    All,
    /// Of one visibility.
    Only(Visibility),
}

/// `member_status=`: of images shared with the caller, which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberStatus {
    /// Whatever was answered.
    All,
    /// Those with this answer.
    Only(String),
}

impl Default for MemberStatus {
    fn default() -> Self {
        MemberStatus::Only("accepted".into())
    }
}

/// What a list is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `visibility=`.
    pub visibility: Wanted,
    /// `member_status=`.
    pub member_status: MemberStatus,
    /// `os_hidden=`: hidden ones instead of the others.
    pub hidden: bool,
    /// Any of these ids.
    pub ids: Option<Vec<String>>,
    /// Any of these names.
    pub names: Option<Vec<String>>,
    /// Any of these statuses.
    pub statuses: Option<Vec<String>>,
    /// Any of these.
    pub container_formats: Option<Vec<String>>,
    /// Any of these.
    pub disk_formats: Option<Vec<String>>,
    /// Of this project.
    pub owner: Option<String>,
    /// With this MD5.
    pub checksum: Option<String>,
    /// With this SHA-512.
    pub hash: Option<String>,
    /// Protected or not.
    pub protected: Option<bool>,
    /// With all of these tags.
    pub tags: Vec<String>,
    /// With all of these properties.
    pub properties: Vec<(String, String)>,
    /// Bytes and more.
    pub size_min: Option<i64>,
    /// Bytes and less.
    pub size_max: Option<i64>,
    /// GiB.
    pub min_disk: Option<i64>,
    /// MiB.
    pub min_ram: Option<i64>,
    /// µs.
    pub created_at: Vec<(Op, i64)>,
    /// µs.
    pub updated_at: Vec<(Op, i64)>,
}

macro_rules! times {
    ($conditions:ident, $times:expr, $column:expr) => {
        for (op, at) in $times {
            let at = *at;
            $conditions.push(match op {
                Op::Eq => Box::new($column.eq(at)) as Condition,
                Op::Neq => Box::new($column.ne(at)),
                Op::Gt => Box::new($column.gt(at)),
                Op::Gte => Box::new($column.ge(at)),
                Op::Lt => Box::new($column.lt(at)),
                Op::Lte => Box::new($column.le(at)),
            });
        }
    };
}

/// Does the compact JSON of a column hold this item? Inside a JSON text every quote is escaped, so a
/// bracket or comma before the item's first quote is never part of a text.
macro_rules! contains {
    ($column:expr, $item:expr, $open:literal) => {{
        let first = replace($column, format!("{}{}", $open, $item), String::new()).ne($column);
        let later = replace($column, format!(",{}", $item), String::new()).ne($column);
        Box::new(first.or(later))
    }};
}

impl Filter {
    pub(super) fn conditions(&self, scope: &Scope) -> Vec<Condition> {
        let mut all: Vec<Condition> = vec![Box::new(images::hidden.eq(i32::from(self.hidden)))];
        all.extend(self.seen(scope));
        macro_rules! any_of {
            ($($column:ident in $values:ident),+) => {$(
                if let Some(values) = &self.$values {
                    all.push(Box::new(images::$column.eq_any(values.clone())));
                }
            )+};
        }
        any_of! {
            id in ids, name in names, status in statuses,
            container_format in container_formats, disk_format in disk_formats
        }
        macro_rules! equal {
            ($($column:ident = $value:expr),+) => {$(
                if let Some(value) = $value {
                    all.push(Box::new(images::$column.eq(value)));
                }
            )+};
        }
        equal! {
            project_id = self.owner.clone(), checksum = self.checksum.clone(),
            hash = self.hash.clone(), protected = self.protected.map(i32::from),
            min_disk = self.min_disk, min_ram = self.min_ram
        }
        if let Some(least) = self.size_min {
            all.push(Box::new(images::size.ge(least)));
        }
        if let Some(most) = self.size_max {
            all.push(Box::new(images::size.le(most)));
        }
        for tag in &self.tags {
            let item = json(tag);
            all.push(contains!(images::tags, item, '['));
        }
        for (key, value) in &self.properties {
            let item = format!("{}:{}", json(key), json(value));
            all.push(contains!(images::properties, item, '{'));
        }
        times!(all, &self.created_at, images::created_at);
        times!(all, &self.updated_at, images::updated_at);
        all
    }

    /// What the caller may see, of what he asks for.
    fn seen(&self, scope: &Scope) -> Option<Condition> {
        let only = |visibility: Visibility| images::visibility.eq(visibility.as_str());
        let project = match (scope, self.visibility) {
            (Scope::All, Wanted::Usual | Wanted::All) => return None,
            (Scope::All, Wanted::Only(visibility)) => return Some(Box::new(only(visibility))),
            (Scope::Project(project), _) => project,
        };
        let own = images::project_id.eq(project.clone());
        let shared = || -> Condition {
            let statuses = match &self.member_status {
                MemberStatus::All => ["pending", "accepted", "rejected"]
                    .map(str::to_owned)
                    .into(),
                MemberStatus::Only(status) => vec![status.clone()],
            };
            let mine = image_members::table
                .filter(image_members::member_id.eq(project.clone()))
                .filter(image_members::status.eq_any(statuses))
                .select(image_members::image_id);
            Box::new(only(Visibility::Shared).and(images::id.eq_any(mine)))
        };
        Some(match self.visibility {
            Wanted::Usual => Box::new(own.or(only(Visibility::Public)).or(shared())),
            Wanted::All => Box::new(
                own.or(images::visibility.eq_any(["public", "community"]))
                    .or(shared()),
            ),
            Wanted::Only(Visibility::Private) => Box::new(own.and(only(Visibility::Private))),
            Wanted::Only(Visibility::Shared) => {
                Box::new(only(Visibility::Shared).and(own).or(shared()))
            }
            Wanted::Only(visibility) => Box::new(only(visibility)),
        })
    }
}

/// A text as it stands in JSON.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
