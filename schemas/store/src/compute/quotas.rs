//! Quotas: what projects may use, and the words when it is not enough. Limits come from the
//! project's own, else the class `default` (what operators set for all), else the table here.

use super::usages;
use crate::{Conn, Result, Tx};
use schemas::Error;
use std::collections::BTreeMap;

/// Every resource and its limit when nobody says otherwise; negative is unlimited.
pub const DEFAULTS: [(&str, i64); 11] = [
    ("cores", 20),
    ("injected_file_content_bytes", 10_240),
    ("injected_file_path_bytes", 255),
    ("injected_files", 5),
    ("instances", 10),
    ("key_pairs", 100),
    ("metadata_items", 128),
    ("ram", 51_200),
    ("server_group_members", 10),
    ("server_groups", 10),
    // Left from nova-network: shown to old microversions only.
    ("fixed_ips", -1),
];

/// Where the limits of a class are kept among those of projects.
pub fn class_key(class: &str) -> String {
    format!("class:{class}")
}

/// The limits of a class; classes other than `default` have what is set for them and nothing else.
pub fn class_limits(conn: &mut Conn, class: &str) -> Result<BTreeMap<String, i64>> {
    let mut limits: BTreeMap<String, i64> = DEFAULTS
        .into_iter()
        .map(|(resource, limit)| (resource.to_owned(), limit))
        .collect();
    limits.extend(usages::limits(conn, &class_key(class))?);
    Ok(limits)
}

/// All limits of a project.
pub fn limits(conn: &mut Conn, project_id: &str) -> Result<BTreeMap<String, i64>> {
    let mut limits = class_limits(conn, "default")?;
    limits.extend(usages::limits(conn, project_id)?);
    Ok(limits)
}

/// One limit.
pub fn limit(conn: &mut Conn, project_id: &str, resource: &str) -> Result<i64> {
    Ok(limits(conn, project_id)?
        .get(resource)
        .copied()
        .unwrap_or(-1))
}

/// Takes all of these amounts or none.
///
/// # Errors
/// `OverQuota`, which names the resource, what is used and the limit.
pub fn take(tx: &mut Tx<'_>, project_id: &str, wanted: &[(&str, i64)]) -> Result<()> {
    let limits = limits(tx, project_id)?;
    for &(resource, amount) in wanted.iter().filter(|wanted| wanted.1 > 0) {
        let limit = limits.get(resource).copied().unwrap_or(-1);
        if !usages::take(tx, project_id, resource, amount, limit)? {
            let used = usages::in_use(tx, project_id)?
                .get(resource)
                .copied()
                .unwrap_or(0);
            return Err(exceeded(resource, amount, used, limit).into());
        }
    }
    Ok(())
}

/// How many things of this size still fit; `most` when nothing bounds them.
pub fn room(conn: &mut Conn, project_id: &str, each: &[(&str, i64)], most: i64) -> Result<i64> {
    let limits = limits(conn, project_id)?;
    let used = usages::in_use(conn, project_id)?;
    let mut room = most;
    for &(resource, amount) in each.iter().filter(|each| each.1 > 0) {
        let limit = limits.get(resource).copied().unwrap_or(-1);
        if limit >= 0 {
            let free = limit - used.get(resource).copied().unwrap_or(0);
            room = room.min(free.max(0) / amount);
        }
    }
    Ok(room)
}

/// A resource is used up, in words.
pub fn exceeded(resource: &str, asked: i64, used: i64, limit: i64) -> Error {
    Error::OverQuota(format!(
        "Quota exceeded for {resource}: Requested {asked}, but already used {used} of {limit} \
         {resource}."
    ))
}
