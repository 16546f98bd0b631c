//! Changes of a federation: clusters join and leave, properties change.

use crate::container_infra::{Ident, clusters};
use crate::ctx::Caller;
use schemas::container_infra::body::{self, invalid};
use schemas::container_infra::federation::ZONE;
use schemas::container_infra::field::Labels;
use schemas::container_infra::patch::{self, Change, Op};
use schemas::{Error, Result};
use serde_json::{Map, Value, json};
use store::container_infra::federations::Federation;

const MEMBERS: &str = "member_ids";
const PROPERTIES: &str = "properties";

/// The changes with the clusters they name looked up. One that leaves need not be there any more.
///
/// # Errors
/// `BadRequest` for a change of anything else, `NotFound` for a cluster that is to join.
pub async fn resolved(caller: &Caller, changes: Vec<Change>) -> Result<Vec<Change>> {
    let mut resolved = Vec::new();
    for mut change in changes {
        match (change.field(), change.op) {
            (PROPERTIES, _) => {}
            (MEMBERS, Op::Add | Op::Remove) if change.path.len() == 1 => {
                let member = change.value.as_ref().and_then(Value::as_str);
                let member = member.ok_or_else(|| {
                    invalid(
                        MEMBERS,
                        "The value must name the cluster that joins or leaves.",
                    )
                })?;
                let ident = Ident::of(member);
                let found = clusters::find(caller, ident.clone()).await;
                let id = match (found, change.op) {
                    (Ok(cluster), _) => cluster.id,
                    (Err(Error::NotFound(_)), Op::Remove) => ident.as_str().to_owned(),
                    (Err(error), _) => return Err(error),
                };
                change.value = Some(id.into());
            }
            (field, _) => {
                return Err(Error::BadRequest(format!(
                    "'/{field}' cannot be changed so: clusters join by 'add' on /{MEMBERS} and \
                     leave by 'remove' with a value, and /{PROPERTIES} may be changed."
                )));
            }
        }
        resolved.push(change);
    }
    Ok(resolved)
}

/// One cluster more.
///
/// # Errors
/// `Conflict` when it is a member, `OverQuota` when there are too many.
pub fn join(members: &mut Vec<String>, id: String, most: i64) -> Result<()> {
    if members.contains(&id) {
        return Err(Error::Conflict(format!(
            "Cluster {id} is a member of the federation already."
        )));
    }
    if most >= 0 && members.len() as i64 >= most {
        return Err(Error::OverQuota(format!(
            "A federation has no more than {most} members."
        )));
    }
    members.push(id);
    Ok(())
}

/// Carries the changes out.
///
/// # Errors
/// What the first change that cannot be done says.
pub fn apply(federation: &mut Federation, changes: &[Change], most: i64) -> store::Result<()> {
    let mut members = federation.members()?;
    let mut document = Map::from_iter([(PROPERTIES.to_owned(), json!(federation.properties()?))]);
    for change in changes {
        let id = change.value.as_ref().and_then(Value::as_str);
        match (change.field(), id) {
            (MEMBERS, Some(id)) if change.op == Op::Add => {
                join(&mut members, id.to_owned(), most)?;
            }
            (MEMBERS, Some(id)) => {
                let at = members.iter().position(|member| member == id);
                let missing =
                    || Error::NotFound(format!("Cluster {id} is no member of the federation."));
                members.remove(at.ok_or_else(missing)?);
            }
            _ => patch::apply(&mut document, std::slice::from_ref(change))?,
        }
    }
    let properties = document.remove(PROPERTIES).unwrap_or_default();
    let properties: Labels = body::field(PROPERTIES, properties)?;
    if !properties.0.contains_key(ZONE) {
        return Err(invalid(PROPERTIES, &format!("They must hold {ZONE}.")).into());
    }
    federation.set_members(&members)?;
    Ok(federation.set_properties(&properties)?)
}
