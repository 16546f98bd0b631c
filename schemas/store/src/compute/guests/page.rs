//! Pages of guests in the order of their making, by key: the tenth page of a bay's pods costs what the
//! first does, however many there are.

use super::Kind;
use crate::compute::servers::Server;
use crate::connection::MultiBackend;
use crate::schema::servers as table;
use crate::{Conn, Result, Scope};
use diesel::dsl::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;

/// A page that is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    /// Whose guests.
    pub scope: Scope,
    /// Of this cluster; `None`: of all.
    pub cluster: Option<String>,
    /// What they are.
    pub kind: Kind,
    /// UUID of the last one of the page before.
    pub marker: Option<String>,
    /// Oldest first, or youngest.
    pub ascending: bool,
    /// Most of them.
    pub limit: usize,
}

/// The page's guests; `None` when the marker is none of those that the whole list has.
pub fn page(conn: &mut Conn, page: &Page) -> Result<Option<Vec<Server>>> {
    let after = match &page.marker {
        None => None,
        Some(marker) => match super::get(conn, &page.scope, page.kind, marker)? {
            Some(row) if page.cluster.is_none() || row.guest_of == page.cluster => Some(row),
            _ => return Ok(None),
        },
    };
    Ok(Some(query(page, after).load(conn)?))
}

type Rows<'a> = Select<IntoBoxed<'a, table::table, MultiBackend>, AsSelect<Server, MultiBackend>>;

fn query(page: &Page, after: Option<Server>) -> Rows<'static> {
    let mut query = table::table
        .filter(table::guest_of.is_not_null())
        .filter(table::guest_kind.eq(page.kind.as_str()))
        .into_boxed();
    if let Some(cluster) = &page.cluster {
        query = query.filter(table::guest_of.eq(cluster.clone()));
    }
    if let Scope::Project(project) = &page.scope {
        query = query.filter(table::project_id.eq(project.clone()));
    }
    // The first bound stands by itself: it is what an index can seek by.
    query = match (after, page.ascending) {
        (None, _) => query,
        (Some(last), true) => query.filter(table::created_at.ge(last.created_at)).filter(
            table::created_at
                .gt(last.created_at)
                .or(table::id.gt(last.id)),
        ),
        (Some(last), false) => query.filter(table::created_at.le(last.created_at)).filter(
            table::created_at
                .lt(last.created_at)
                .or(table::id.lt(last.id)),
        ),
    };
    query = match page.ascending {
        true => query.order((table::created_at.asc(), table::id.asc())),
        false => query.order((table::created_at.desc(), table::id.desc())),
    };
    query
        .limit(i64::try_from(page.limit).unwrap_or(i64::MAX))
        .select(Server::as_select())
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::connection::Connection;
    use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
    use diesel::sql_types::{Integer, Text};
    use diesel::{QueryResult, SqliteConnection};
    use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

    const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

    /// How the database would answer.
    #[derive(QueryId)]
    struct Plan<Q>(Q);

    impl<Q: QueryFragment<MultiBackend>> QueryFragment<MultiBackend> for Plan<Q> {
        fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
            pass.push_sql("EXPLAIN QUERY PLAN ");
            self.0.walk_ast(pass)
        }
    }

    impl<Q> Query for Plan<Q> {
        type SqlType = (Integer, Integer, Integer, Text);
    }

    impl<Q> RunQueryDsl<Conn> for Plan<Q> {}

    #[test]
    fn no_page_looks_at_more_rows_than_it_gives_nor_sorts_them() {
        let mut sqlite = SqliteConnection::establish(":memory:").unwrap();
        sqlite.run_pending_migrations(MIGRATIONS).unwrap();
        let mut conn = Conn::Sqlite(sqlite);
        let whose = [
            (
                Scope::Project("p".into()),
                None,
                "servers_heads (project_id=?",
            ),
            (
                Scope::Project("p".into()),
                Some("c".to_owned()),
                "servers_guests_made (guest_of=? AND guest_kind=?",
            ),
            (
                Scope::All,
                Some("c".to_owned()),
                "servers_guests_made (guest_of=? AND guest_kind=?",
            ),
        ];
        for (scope, cluster, index) in whose {
            for ascending in [true, false] {
                let page = Page {
                    scope: scope.clone(),
                    cluster: cluster.clone(),
                    kind: Kind::Pod,
                    marker: None,
                    ascending,
                    limit: 2,
                };
                let plan = Plan(query(&page, None));
                let steps: Vec<(i32, i32, i32, String)> = plan.load(&mut conn).unwrap();
                let steps: Vec<String> = steps.into_iter().map(|step| step.3).collect();
                assert_eq!(steps.len(), 1, "{page:?}: {steps:?}");
                assert!(steps[0].contains(index), "{page:?}: {steps:?}");
            }
        }
    }
}
