//! Snapshots: a server's host is told to make an image of its container, until the image has its data
//! or the time is over.
//!
//! ```text
//!   pending ── tell, resend … ──► the agent brings blobs and manifest to the API ──► active ──► settled
//!      ├─ deadline, or the agent cannot ──► killed, with the reason
//!      └─ server gone ──► the image goes too
//! ```
//!
//! However it ends, the server's task state is cleared in the same transaction.

use crate::context::Context;
use crate::look::{Effect, Look};
use schemas::host::{Converge, Desired, Observed, Seen, Snapshot};
use schemas::ids::{HostId, ImageId, ServerId, WorkloadId};
use schemas::image::Status;
use schemas::{Error, Kind, Timestamp};
use std::time::Duration;
use store::compute::servers::{self, Server};
use store::image::images::{self, Image};
use store::image::snapshots::{self, Pending};
use store::{Result, Scope, Tx, events};

/// A snapshot is ordered once; what ends the order is newer.
const ORDERED: u64 = 1;

/// One look at one image.
pub(crate) fn look(tx: &mut Tx<'_>, id: &str, context: &Context) -> Result<Look> {
    let Some(mut image) = images::get(tx, &Scope::All, id)? else {
        return Ok(Look::done());
    };
    let Some(pending) = snapshots::pending(&image)? else {
        return Ok(Look::done());
    };
    let server = servers::get(tx, &Scope::All, &pending.server)?;
    // Somebody may have deactivated it since it got its data.
    if matches!(image.status()?, Status::Active | Status::Deactivated) {
        event(tx, &image, &pending, "Success", "")?;
        snapshots::settle(tx, &mut image)?;
        return forget(server.as_ref().and_then(Server::host), &image);
    }
    let Some(server) = server.filter(|server| server.deleting == 0) else {
        tracing::info!(
            image = id,
            "a snapshot's server is gone, so is the snapshot"
        );
        tx.event(events::New {
            kind: Kind::Image,
            object_id: &image.id,
            project_id: &image.project_id,
            user_id: "",
            request_id: &image.request_id,
            action: "delete",
            phase: "delete",
            result: "Success",
            message: "its server is gone",
        })?;
        snapshots::cancel(tx, &image)?;
        images::remove(tx, &image)?;
        return Ok(Look::done());
    };
    let now = tx.now();
    let Some(host) = server.host() else {
        return fail(tx, image, &pending, None, "the server is on no host");
    };
    if now.0 >= pending.deadline {
        let reason = match pending.step.as_str() {
            "" => "the host did not answer in time".to_owned(),
            step => format!("it was not done in time; last heard: {step}"),
        };
        return fail(tx, image, &pending, Some(host), &reason);
    }
    let every = Duration::from_secs(context.settings.resend_s);
    let next = Timestamp(pending.told) + every;
    if pending.told != 0 && now < next {
        return Ok(Look::wait(next, waits(&pending)));
    }
    let telling = order(&image, &pending)?;
    let told = Pending {
        told: now.0,
        ..pending
    };
    snapshots::update(tx, &mut image, &told)?;
    let until = Timestamp((now + every).0.min(told.deadline));
    Ok(Look::wait(until, waits(&told)).and(Effect::Tell(host, telling)))
}

fn waits(pending: &Pending) -> String {
    match pending.step.as_str() {
        "" => "waits for the host to make the snapshot".into(),
        step => step.to_owned(),
    }
}

fn workload(image: &Image) -> Result<WorkloadId> {
    Ok(image_id(image)?.into())
}

fn image_id(image: &Image) -> Result<ImageId> {
    let id = ImageId::parse(&image.id);
    Ok(id.ok_or_else(|| Error::internal("an image's id is no UUID"))?)
}

fn order(image: &Image, pending: &Pending) -> Result<Converge> {
    let server = ServerId::parse(&pending.server)
        .ok_or_else(|| Error::internal("a snapshot's server has no UUID"))?;
    Ok(Converge {
        id: workload(image)?,
        generation: ORDERED,
        request_id: image.request_id.clone(),
        desired: Desired::Snapshot(Snapshot {
            of: server.into(),
            image: image_id(image)?,
            base: pending.base.clone(),
            pause: pending.pause,
        }),
    })
}

/// Nothing of it is needed on the host any more.
fn absent(id: WorkloadId, generation: u64, request_id: &str) -> Converge {
    Converge {
        id,
        generation: generation.max(ORDERED) + 1,
        request_id: request_id.to_owned(),
        desired: Desired::Absent,
    }
}

fn forget(host: Option<HostId>, image: &Image) -> Result<Look> {
    let Some(host) = host else {
        return Ok(Look::done());
    };
    let telling = absent(workload(image)?, ORDERED, &image.request_id);
    Ok(Look::done().and(Effect::Tell(host, telling)))
}

fn fail(
    tx: &mut Tx<'_>,
    mut image: Image,
    pending: &Pending,
    host: Option<HostId>,
    reason: &str,
) -> Result<Look> {
    tracing::warn!(image = image.id, reason, "a snapshot failed");
    event(tx, &image, pending, "Error", reason)?;
    snapshots::fail(tx, &mut image, &format!("The snapshot failed: {reason}."))?;
    forget(host, &image)
}

fn event(
    tx: &mut Tx<'_>,
    image: &Image,
    pending: &Pending,
    result: &str,
    message: &str,
) -> Result<()> {
    // Nothing happens to a server after its end, which is the last event that is remembered of it.
    if servers::get(tx, &Scope::All, &pending.server)?.is_none() {
        return Ok(());
    }
    tx.event(events::New {
        kind: Kind::Server,
        object_id: &pending.server,
        project_id: &image.project_id,
        user_id: "",
        request_id: &image.request_id,
        action: "createImage",
        phase: "snapshot",
        result,
        message,
    })
}

/// What an agent says about an id that is no server's.
pub(crate) fn heard(tx: &mut Tx<'_>, seen: &Observed) -> Result<Vec<Effect>> {
    let id = seen.id.to_string();
    let image = images::get(tx, &Scope::All, &id)?;
    let pending = match &image {
        Some(image) => snapshots::pending(image)?,
        None => None,
    };
    let (Some(mut image), Some(mut pending)) = (image, pending) else {
        // An order that ended: what the host keeps of it may go.
        let left = matches!(seen.state, Seen::Snapshot { .. }) || seen.problem.is_some();
        let telling = absent(seen.id, seen.generation, "");
        return Ok(match left {
            true => vec![Effect::Tell(seen.host, telling)],
            false => Vec::new(),
        });
    };
    match (&seen.state, &seen.problem) {
        (_, Some(problem)) if problem.permanent => {
            let failed = fail(tx, image, &pending, Some(seen.host), &problem.text)?;
            return Ok(failed.effects);
        }
        (_, Some(problem)) => pending.step = problem.text.clone(),
        (Seen::Busy { step }, None) => pending.step = step.clone(),
        _ => {
            tx.due(Kind::Image, &id)?;
            return Ok(Vec::new());
        }
    }
    snapshots::update(tx, &mut image, &pending)?;
    Ok(Vec::new())
}
