//! Regions, services and endpoints: what the catalog in a token is made of.

use super::epoch;
use super::schema::{endpoints, regions, services};
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = regions, treat_none_as_null = true)]
pub struct Region {
    /// Any text.
    pub id: String,
    /// Free text.
    pub description: String,
    /// The region it is part of.
    pub parent_region_id: Option<String>,
    /// Other attributes, JSON object.
    pub extra: String,
    /// µs.
    pub created_at: i64,
}

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = services)]
pub struct Service {
    /// 32 hex digits.
    pub id: String,
    /// `compute`.
    pub kind: String,
    /// `nova`.
    pub name: String,
    /// Free text.
    pub description: String,
    /// 0: not in the catalog.
    pub enabled: i32,
    /// Other attributes, JSON object.
    pub extra: String,
    /// µs.
    pub created_at: i64,
}

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq, Eq)]
#[diesel(table_name = endpoints, treat_none_as_null = true)]
pub struct Endpoint {
    /// 32 hex digits.
    pub id: String,
    /// Of which service.
    pub service_id: String,
    /// In which region.
    pub region_id: Option<String>,
    /// `public`, `internal` or `admin`.
    pub interface: String,
    /// May begin with `{base}` and hold `$(project_id)s`.
    pub url: String,
    /// 0: not in the catalog.
    pub enabled: i32,
    /// Other attributes, JSON object.
    pub extra: String,
    /// µs.
    pub created_at: i64,
}

macro_rules! crud {
    ($module:ident, $row:ident, $table:ident, $what:literal) => {
        #[doc = concat!("Queries of ", $what, " rows.")]
        pub mod $module {
            use super::*;

            /// One by id.
            pub fn find(conn: &mut Conn, id: &str) -> Result<Option<$row>> {
                Ok($table::table
                    .find(id)
                    .select($row::as_select())
                    .first(conn)
                    .optional()?)
            }

            /// One by id.
            ///
            /// # Errors
            /// `NotFound`.
            pub fn get(conn: &mut Conn, id: &str) -> Result<$row> {
                find(conn, id)?.ok_or_else(|| Error::not_found($what, id).into())
            }

            /// All, oldest first.
            pub fn list(conn: &mut Conn) -> Result<Vec<$row>> {
                let all = $table::table.order(($table::created_at, $table::id));
                Ok(all.select($row::as_select()).load(conn)?)
            }

            /// Makes one.
            ///
            /// # Errors
            /// `Conflict` when the id is taken.
            pub fn create(tx: &mut Tx<'_>, row: &$row) -> Result<()> {
                let made = diesel::insert_into($table::table)
                    .values(row)
                    .execute(&mut **tx);
                match made.map_err(Fail::from) {
                    Err(fail) if fail.is_duplicate() => {
                        Err(Error::Conflict(format!("{} {} exists already.", $what, row.id)).into())
                    }
                    made => {
                        made?;
                        epoch::advance(tx)
                    }
                }
            }

            /// Writes all columns.
            pub fn update(tx: &mut Tx<'_>, row: &$row) -> Result<()> {
                diesel::update($table::table.find(&row.id))
                    .set(row)
                    .execute(&mut **tx)?;
                epoch::advance(tx)
            }

            /// Removes the row alone.
            pub(super) fn remove(tx: &mut Tx<'_>, id: &str) -> Result<()> {
                diesel::delete($table::table.find(id)).execute(&mut **tx)?;
                epoch::advance(tx)
            }
        }
    };
}

crud!(region, Region, regions, "Region");
crud!(service, Service, services, "Service");
crud!(endpoint, Endpoint, endpoints, "Endpoint");

/// Removes a region without children; its endpoints stay, in no region.
///
/// # Errors
/// `NotFound`; `Forbidden` while other regions are part of it.
pub fn delete_region(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    region::get(tx, id)?;
    let children: i64 = regions::table
        .filter(regions::parent_region_id.eq(id))
        .count()
        .get_result(&mut **tx)?;
    if children > 0 {
        let error = format!("Region {id} has regions below it; delete those first.");
        return Err(Error::Forbidden(error).into());
    }
    diesel::update(endpoints::table.filter(endpoints::region_id.eq(id)))
        .set(endpoints::region_id.eq(None::<String>))
        .execute(&mut **tx)?;
    region::remove(tx, id)
}

/// Removes a service with its endpoints.
///
/// # Errors
/// `NotFound`.
pub fn delete_service(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    service::get(tx, id)?;
    diesel::delete(endpoints::table.filter(endpoints::service_id.eq(id))).execute(&mut **tx)?;
    service::remove(tx, id)
}

/// Removes an endpoint.
///
/// # Errors
/// `NotFound`.
pub fn delete_endpoint(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    endpoint::get(tx, id)?;
    endpoint::remove(tx, id)
}
