//! Lists of images: one query, whatever is asked.

mod filter;
mod page;

pub use filter::{Filter, MemberStatus, Op, Wanted};
pub use page::{Page, SortKey};

use super::images::Image;
use super::schema::images;
use crate::{Conn, Result, Scope};
use diesel::prelude::*;

type Db = <Conn as Connection>::Backend;
type Condition = Box<dyn BoxableExpression<images::table, Db, SqlType = diesel::sql_types::Bool>>;

/// The images of one page.
///
/// # Errors
/// `BadRequest` when the marker is no image the caller may see.
pub fn list(conn: &mut Conn, scope: &Scope, filter: &Filter, page: &Page) -> Result<Vec<Image>> {
    let mut query = images::table.select(Image::as_select()).into_boxed::<Db>();
    for condition in filter.conditions(scope) {
        query = query.filter(condition);
    }
    if let Some(condition) = page.after_marker(conn, scope)? {
        query = query.filter(condition);
    }
    for (key, ascending) in page.order() {
        query = match (key, ascending) {
            (SortKey::Text(column), true) => query.then_order_by(column.expression().asc()),
            (SortKey::Text(column), false) => query.then_order_by(column.expression().desc()),
            (SortKey::Number(column), true) => query.then_order_by(column.expression().asc()),
            (SortKey::Number(column), false) => query.then_order_by(column.expression().desc()),
        };
    }
    Ok(query.limit(page.limit).load(conn)?)
}
