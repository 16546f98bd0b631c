//! A node's server is made anew where it is, with its disk: what is on that is nowhere else.

use super::commit::{asked, group_row, row};
use super::launch::labels;
use super::snapshot::Snapshot;
use crate::context::Context;
use schemas::Error;
use store::compute::nodes as servers;
use store::container_infra::{adopted, clusters, nodes};
use store::{Fail, Result, Tx};

/// Has a node's server made anew by what its group is now, with other certificates. Why that cannot be now
/// is noted: after another while it is tried again.
pub(super) fn rebuild(
    tx: &mut Tx<'_>,
    at: &mut Snapshot,
    id: &str,
    why: &str,
    context: &Context,
) -> Result<()> {
    let (now, asked, labels) = (tx.now(), asked(at, context), labels(at, id)?);
    let of = row(at, id)?.nodegroup_id.clone();
    let group = group_row(at, &of)?;
    let (generation, image) = (group.generation, group.spec()?.image);
    let place = row(at, id)?;
    place.unwell_since = Some(now.0);
    place.problem = Some(why.to_owned());
    let (server, name) = (place.server_id.clone(), place.name.clone());
    match servers::rebuild(tx, &asked, &server, &image, &labels) {
        Ok(()) => {}
        Err(Fail::Told(error @ (Error::Conflict(_) | Error::BadRequest(_)))) => {
            place.problem = Some(format!("{why}: {error}"));
            return nodes::update(tx, place);
        }
        Err(other) => return Err(other),
    }
    place.generation = generation;
    place.forget_certificates();
    nodes::update(tx, place)?;
    // What was seen so far was of the one before.
    if let Some(mut plane) = adopted::get(tx, &at.cluster.id)? {
        plane.begin_anew();
        adopted::update(tx, &mut plane)?;
    }
    let message = format!("{name}: {why}");
    clusters::event(tx, &at.cluster, "", "rebuild-node", "plan", "", &message)
}
