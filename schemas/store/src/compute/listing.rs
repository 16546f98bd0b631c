//! Lists of servers: what they are narrowed by, their order, and pages by key, so that the
//! thousandth page costs what the first does.

use super::servers::{self, Server};
use crate::connection::MultiBackend;
use crate::schema::servers as table;
use crate::{Conn, Result, Scope};
use diesel::prelude::*;
use diesel::sql_types::Bool;

/// What the database narrows by. Empty lists and `None` narrow nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this project.
    pub project_id: Option<String>,
    /// Made by this user.
    pub user_id: Option<String>,
    /// On one of these hosts.
    pub host_ids: Option<Vec<String>>,
    /// Booted from this image.
    pub image_id: Option<String>,
    /// Of this flavor.
    pub flavor_id: Option<String>,
    /// In one of these states.
    pub vm_states: Vec<String>,
    /// In this zone.
    pub zone: Option<String>,
    /// Locked or not.
    pub locked: Option<bool>,
    /// These alone.
    pub ids: Option<Vec<String>>,
    /// Changed at or after (µs).
    pub changed_since: Option<i64>,
    /// Changed at or before (µs).
    pub changed_before: Option<i64>,
    /// The name holds this text.
    pub name_holds: Option<String>,
    /// Being deleted, or not.
    pub deleting: Option<bool>,
}

/// A column that lists are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described at the row")]
pub enum Key {
    CreatedAt,
    UpdatedAt,
    Name,
    Id,
    VmState,
    ProjectId,
    UserId,
    Zone,
    FlavorId,
    Hostname,
    Locked,
}

/// The columns by the names the API has for them.
pub const KEYS: [(&str, Key); 14] = [
    ("created_at", Key::CreatedAt),
    ("updated_at", Key::UpdatedAt),
    ("display_name", Key::Name),
    ("name", Key::Name),
    ("uuid", Key::Id),
    ("id", Key::Id),
    ("vm_state", Key::VmState),
    ("project_id", Key::ProjectId),
    ("user_id", Key::UserId),
    ("availability_zone", Key::Zone),
    ("instance_type_id", Key::FlavorId),
    ("flavor", Key::FlavorId),
    ("hostname", Key::Hostname),
    ("locked", Key::Locked),
];

/// A page that is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    /// Whose rows.
    pub scope: Scope,
    /// Which of them.
    pub filter: Filter,
    /// Keys and whether ascending, most important first; empty: newest first.
    pub sort: Vec<(Key, bool)>,
    /// The last server of the page before.
    pub marker: Option<String>,
    /// Most rows to give.
    pub limit: usize,
}

/// Decides about a row what the database cannot.
pub type Keep<'a> = &'a dyn Fn(&Server) -> Result<bool>;

type Condition = Box<dyn BoxableExpression<table::table, MultiBackend, SqlType = Bool>>;

/// Rows read at once while looking for those that `keep` wants.
const CHUNK: usize = 500;

/// The page's rows. `keep` decides what the database cannot; `None` keeps all.
///
/// # Errors
/// `BadRequest` for a marker that is no server of the caller's.
pub fn page(conn: &mut Conn, page: &Page, keep: Option<Keep<'_>>) -> Result<Vec<Server>> {
    let sort = sort_of(page);
    let mut after = marker_of(conn, page)?;
    let mut found = Vec::new();
    while found.len() < page.limit {
        let chunk = match keep {
            None => page.limit,
            Some(_) => CHUNK,
        };
        let rows = chunk_of(conn, page, &sort, after.as_ref(), chunk)?;
        let whole = rows.len() == chunk;
        after = rows.last().cloned().filter(|_| keep.is_some() && whole);
        for row in rows {
            if found.len() < page.limit && keep.map_or(Ok(true), |keep| keep(&row))? {
                found.push(row);
            }
        }
        if after.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The order, with the id last: it tells any two rows apart.
fn sort_of(page: &Page) -> Vec<(Key, bool)> {
    let mut sort = page.sort.clone();
    if sort.is_empty() {
        sort.push((Key::CreatedAt, false));
    }
    let last_way = sort.last().is_some_and(|key| key.1);
    if !sort.iter().any(|(key, _)| *key == Key::Id) {
        sort.push((Key::Id, last_way));
    }
    sort
}

fn marker_of(conn: &mut Conn, page: &Page) -> Result<Option<Server>> {
    let Some(marker) = &page.marker else {
        return Ok(None);
    };
    match servers::get(conn, &page.scope, marker)? {
        None => Err(schemas::Error::BadRequest(format!("marker [{marker}] not found")).into()),
        found => Ok(found),
    }
}

fn chunk_of(
    conn: &mut Conn,
    page: &Page,
    sort: &[(Key, bool)],
    after: Option<&Server>,
    limit: usize,
) -> Result<Vec<Server>> {
    Ok(narrowed(page, sort, after, limit)
        .select(Server::as_select())
        .load(conn)?)
}

/// What tells whether a server is still as it was: enough for whoever remembers how it looked.
#[derive(Clone, Debug, Queryable, Selectable, PartialEq, Eq)]
#[diesel(table_name = table)]
pub struct Head {
    /// UUID.
    pub id: String,
    /// Rises with each change of the row.
    pub revision: i64,
    /// Where it is placed.
    pub host_id: Option<String>,
}

/// The page's rows, as heads.
///
/// # Errors
/// `BadRequest` for a marker that is no server of the caller's.
pub fn heads(conn: &mut Conn, page: &Page) -> Result<Vec<Head>> {
    let sort = sort_of(page);
    let after = marker_of(conn, page)?;
    Ok(narrowed(page, &sort, after.as_ref(), page.limit)
        .select(Head::as_select())
        .load(conn)?)
}

/// The head of one server the caller may see.
pub fn head(conn: &mut Conn, scope: &Scope, id: &str) -> Result<Option<Head>> {
    let mut query = table::table
        .filter(table::id.eq(id.to_owned()).and(table::guest_of.is_null()))
        .into_boxed();
    if let Scope::Project(project) = scope {
        query = query.filter(table::project_id.eq(project.clone()));
    }
    Ok(query.select(Head::as_select()).first(conn).optional()?)
}

/// These rows, in no order; without those that are gone meanwhile.
pub fn rows(conn: &mut Conn, ids: &[&str]) -> Result<Vec<Server>> {
    Ok(table::table
        .filter(table::id.eq_any(ids))
        .select(Server::as_select())
        .load(conn)?)
}

type Narrowed = table::BoxedQuery<'static, MultiBackend>;

fn narrowed(page: &Page, sort: &[(Key, bool)], after: Option<&Server>, limit: usize) -> Narrowed {
    let mut query = table::table.filter(table::guest_of.is_null()).into_boxed();
    if let Scope::Project(project) = &page.scope {
        query = query.filter(table::project_id.eq(project.clone()));
    }
    macro_rules! equal {
        ($($field:ident => $column:ident),+) => {$(
            if let Some(value) = &page.filter.$field {
                query = query.filter(table::$column.eq(value.clone()));
            }
        )+};
    }
    equal!(project_id => project_id, user_id => user_id, image_id => image_id,
           flavor_id => flavor_id, zone => zone);
    let filter = &page.filter;
    if let Some(hosts) = &filter.host_ids {
        query = query
            .filter(table::host_id.eq_any(hosts.iter().cloned().map(Some).collect::<Vec<_>>()));
    }
    if let Some(ids) = &filter.ids {
        query = query.filter(table::id.eq_any(ids.clone()));
    }
    if !filter.vm_states.is_empty() {
        query = query.filter(table::vm_state.eq_any(filter.vm_states.clone()));
    }
    match filter.locked {
        Some(true) => query = query.filter(table::locked.ne(0)),
        Some(false) => query = query.filter(table::locked.eq(0)),
        None => {}
    }
    if let Some(deleting) = filter.deleting {
        query = query.filter(table::deleting.eq(i32::from(deleting)));
    }
    if let Some(since) = filter.changed_since {
        query = query.filter(table::updated_at.ge(since));
    }
    if let Some(before) = filter.changed_before {
        query = query.filter(table::updated_at.le(before));
    }
    if let Some(text) = &filter.name_holds {
        query = query.filter(table::name.like(like(text)).escape('\\'));
    }
    if let Some(last) = after {
        query = query.filter(beyond(sort, last));
    }
    for (key, ascending) in sort {
        macro_rules! order {
            ($column:ident) => {
                match ascending {
                    true => query.then_order_by(table::$column.asc()),
                    false => query.then_order_by(table::$column.desc()),
                }
            };
        }
        query = match key {
            Key::CreatedAt => order!(created_at),
            Key::UpdatedAt => order!(updated_at),
            Key::Name => order!(name),
            Key::Id => order!(id),
            Key::VmState => order!(vm_state),
            Key::ProjectId => order!(project_id),
            Key::UserId => order!(user_id),
            Key::Zone => order!(zone),
            Key::FlavorId => order!(flavor_id),
            Key::Hostname => order!(hostname),
            Key::Locked => order!(locked),
        };
    }
    query.limit(i64::try_from(limit).unwrap_or(i64::MAX))
}

fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// What comes after this row in this order. Each key's bound stands by itself too (`k <= v and
/// (k < v or …)`), for that is what an index can seek by.
fn beyond(sort: &[(Key, bool)], last: &Server) -> Condition {
    let mut rest: Option<Condition> = None;
    for (key, ascending) in sort.iter().rev() {
        macro_rules! after {
            ($column:ident) => {{
                let value = last.$column.clone();
                let column = table::$column;
                let condition: Condition = match (ascending, rest) {
                    (true, None) => Box::new(column.gt(value)),
                    (false, None) => Box::new(column.lt(value)),
                    (true, Some(rest)) => {
                        Box::new(column.ge(value.clone()).and(column.gt(value).or(rest)))
                    }
                    (false, Some(rest)) => {
                        Box::new(column.le(value.clone()).and(column.lt(value).or(rest)))
                    }
                };
                condition
            }};
        }
        rest = Some(match key {
            Key::CreatedAt => after!(created_at),
            Key::UpdatedAt => after!(updated_at),
            Key::Name => after!(name),
            Key::Id => after!(id),
            Key::VmState => after!(vm_state),
            Key::ProjectId => after!(project_id),
            Key::UserId => after!(user_id),
            Key::Zone => after!(zone),
            Key::FlavorId => after!(flavor_id),
            Key::Hostname => after!(hostname),
            Key::Locked => after!(locked),
        });
    }
    rest.unwrap_or_else(|| Box::new(table::id.is_not_null()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_special_in_a_pattern_is_only_text_in_a_name() {
        assert_eq!(like("a_b%\\"), "%a\\_b\\%\\\\%");
    }
}
