//! `UPDATE` statements that the database parses once.
//!
//! Diesel takes every `UPDATE` for a different one, since a changeset may leave columns out, and has
//! the database parse it each time it is run. The text says whether it is the same: kept statements
//! are found again by it.

use crate::Conn;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::{Connection, QueryResult, RunQueryDsl};

type Backend = <Conn as Connection>::Backend;

/// Keeps the statement prepared. Only for statements whose text has few variants (no lists of
/// values), because each of them is kept as long as the connection.
pub(crate) fn kept<Q>(query: Q) -> Kept<Q> {
    Kept(query)
}

/// See [`kept`].
pub(crate) struct Kept<Q>(Q);

impl<Q> QueryId for Kept<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Backend>> QueryFragment<Backend> for Kept<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Backend) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> RunQueryDsl<Conn> for Kept<Q> {}
