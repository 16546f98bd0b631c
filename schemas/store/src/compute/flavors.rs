//! Flavors: the sizes a server may have, and which projects may use those that are not public.

use super::schema::{flavor_access, flavors};
use super::spec;
use crate::{Conn, Fail, Result, Tx};
use diesel::prelude::*;
use schemas::Error;
use std::collections::BTreeMap;

/// A row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(table_name = flavors, treat_none_as_null = true)]
pub struct Flavor {
    /// Any text; a UUID when the client gave none.
    pub id: String,
    /// Unique.
    pub name: String,
    /// CPUs.
    pub vcpus: i32,
    /// MiB.
    pub ram_mb: i64,
    /// GiB.
    pub disk_gb: i64,
    /// GiB.
    pub ephemeral_gb: i64,
    /// MiB.
    pub swap_mb: i64,
    /// Kept and shown; nothing acts on it.
    pub rxtx_factor: f64,
    /// 1 = every project may use it.
    pub is_public: i32,
    /// 1 = no new servers.
    pub disabled: i32,
    /// Free text (2.55).
    pub description: Option<String>,
    /// JSON object of texts.
    pub extra_specs: String,
    /// µs.
    pub created_at: i64,
    /// µs.
    pub updated_at: Option<i64>,
}

impl Flavor {
    /// Extra specs, parsed.
    pub fn extra(&self) -> Result<BTreeMap<String, String>> {
        Ok(serde_json::from_str(&self.extra_specs)?)
    }

    /// As it is embedded in a server.
    pub fn chosen(&self) -> Result<spec::Flavor> {
        Ok(spec::Flavor {
            id: self.id.clone(),
            name: self.name.clone(),
            vcpus: u32::try_from(self.vcpus).unwrap_or(0),
            ram_mb: u64::try_from(self.ram_mb).unwrap_or(0),
            disk_gb: u64::try_from(self.disk_gb).unwrap_or(0),
            ephemeral_gb: u64::try_from(self.ephemeral_gb).unwrap_or(0),
            swap_mb: u64::try_from(self.swap_mb).unwrap_or(0),
            extra_specs: self.extra()?,
        })
    }
}

/// Which flavors a caller may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// All.
    All,
    /// The public ones, and those this project was given.
    Project(String),
}

/// What a list is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Public or not; `None` for both.
    pub is_public: Option<bool>,
    /// At least so many GiB.
    pub min_disk: i64,
    /// At least so many MiB.
    pub min_ram: i64,
}

/// One flavor the caller may see.
pub fn get(conn: &mut Conn, sight: &Sight, id: &str) -> Result<Option<Flavor>> {
    let row: Option<Flavor> = flavors::table
        .find(id)
        .select(Flavor::as_select())
        .first(conn)
        .optional()?;
    match (row, sight) {
        (Some(flavor), Sight::Project(project)) if flavor.is_public == 0 => {
            let given = has_access(conn, &flavor.id, project)?;
            Ok(given.then_some(flavor))
        }
        (row, _) => Ok(row),
    }
}

/// All the caller may see, in no order. There are few: a list is sorted and cut by its reader.
pub fn list(conn: &mut Conn, sight: &Sight, filter: &Filter) -> Result<Vec<Flavor>> {
    let mut query = flavors::table
        .filter(flavors::disk_gb.ge(filter.min_disk))
        .filter(flavors::ram_mb.ge(filter.min_ram))
        .select(Flavor::as_select())
        .into_boxed();
    if let Some(public) = filter.is_public {
        query = query.filter(flavors::is_public.eq(i32::from(public)));
    }
    let mut rows: Vec<Flavor> = query.load(conn)?;
    if let Sight::Project(project) = sight {
        let given: Vec<String> = flavor_access::table
            .filter(flavor_access::project_id.eq(project))
            .select(flavor_access::flavor_id)
            .load(conn)?;
        rows.retain(|flavor| flavor.is_public != 0 || given.contains(&flavor.id));
    }
    Ok(rows)
}

/// Writes a new flavor.
///
/// # Errors
/// `Conflict` when id or name is taken.
pub fn insert(tx: &mut Tx<'_>, flavor: &Flavor) -> Result<()> {
    let taken: Option<String> = flavors::table
        .filter(
            flavors::id
                .eq(&flavor.id)
                .or(flavors::name.eq(&flavor.name)),
        )
        .select(flavors::id)
        .first(&mut **tx)
        .optional()?;
    match taken {
        Some(id) if id == flavor.id => {
            return Err(Error::Conflict(format!("Flavor with ID {id} already exists.")).into());
        }
        Some(_) => {
            let name = &flavor.name;
            return Err(Error::Conflict(format!("Flavor with name {name} already exists.")).into());
        }
        None => {}
    }
    diesel::insert_into(flavors::table)
        .values(flavor)
        .execute(&mut **tx)?;
    Ok(())
}

/// Writes a changed flavor back.
pub fn update(tx: &mut Tx<'_>, flavor: &mut Flavor) -> Result<()> {
    flavor.updated_at = Some(tx.now().0);
    diesel::update(flavors::table.find(flavor.id.clone()))
        .set(&*flavor)
        .execute(&mut **tx)?;
    Ok(())
}

/// Removes a flavor; servers keep theirs as it was when they were made.
///
/// # Errors
/// `NotFound`.
pub fn remove(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    match diesel::delete(flavors::table.find(id)).execute(&mut **tx)? {
        0 => Err(missing(id)),
        _ => Ok(()),
    }
}

/// The flavor is not there, in Nova's words.
pub fn missing(id: &str) -> Fail {
    Error::NotFound(format!("Flavor {id} could not be found.")).into()
}

/// Projects that may use a flavor that is not public.
pub fn projects_of(conn: &mut Conn, id: &str) -> Result<Vec<String>> {
    Ok(flavor_access::table
        .filter(flavor_access::flavor_id.eq(id))
        .order(flavor_access::project_id)
        .select(flavor_access::project_id)
        .load(conn)?)
}

fn has_access(conn: &mut Conn, id: &str, project: &str) -> Result<bool> {
    let row: Option<String> = flavor_access::table
        .find((id, project))
        .select(flavor_access::project_id)
        .first(conn)
        .optional()?;
    Ok(row.is_some())
}

/// Lets a project use a flavor.
///
/// # Errors
/// `Conflict` when it may already.
pub fn give_access(tx: &mut Tx<'_>, id: &str, project: &str) -> Result<()> {
    if has_access(tx, id, project)? {
        return Err(Error::Conflict(format!(
            "Flavor access already exists for flavor {id} and project {project} combination."
        ))
        .into());
    }
    let row = (
        flavor_access::flavor_id.eq(id),
        flavor_access::project_id.eq(project),
    );
    diesel::insert_into(flavor_access::table)
        .values(row)
        .execute(&mut **tx)?;
    Ok(())
}

/// Takes a flavor away from a project.
///
/// # Errors
/// `NotFound` when the project did not have it.
pub fn take_access(tx: &mut Tx<'_>, id: &str, project: &str) -> Result<()> {
    match diesel::delete(flavor_access::table.find((id, project))).execute(&mut **tx)? {
        0 => Err(Error::NotFound(format!(
            "Flavor access not found for {id} / {project} combination."
        ))
        .into()),
        _ => Ok(()),
    }
}
