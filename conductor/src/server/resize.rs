//! Another size in place: room is reserved on the host before it is told, and what is not needed any
//! more is given back when it has answered.
//!
//! *Guarantees.* Until a resize is confirmed the larger of both sizes is reserved, so going back is
//! always possible. A host without room refuses, with what it lacks, and the server stays as it was.

use super::commit::{event, save};
use super::plan::Snapshot;
use super::task::Task;
use crate::context::Context;
use crate::look::Look;
use store::compute::spec::Size;
use store::compute::{charge, hosts};
use store::{Result, Tx};

/// Reserves what the new size needs more.
pub(super) fn grow(tx: &mut Tx<'_>, at: &mut Snapshot, context: &Context) -> Result<Look> {
    let wanted = at.spec.charged.max(at.spec.flavor.size());
    let growth = wanted - at.spec.charged;
    let host = match &at.server.host_id {
        Some(id) => hosts::get(tx, id)?,
        None => None,
    };
    let Some(host) = host else {
        return refuse(tx, at, "its host is no longer registered");
    };
    let capacity = host.capacity(context.settings.over_commit());
    if !hosts::reserve(tx, &host.id, growth, 0, capacity)? {
        let lack = words(capacity - host.used(), growth);
        return refuse(tx, at, &format!("the host has no room: {lack}"));
    }
    event(tx, &at.server, "reserve", "Success", "")?;
    at.spec.charged = wanted;
    at.server.task_state = Some(Task::ResizeFinish.as_str().into());
    at.server.generation += 1;
    save(tx, at)?;
    Ok(Look::now())
}

fn refuse(tx: &mut Tx<'_>, at: &mut Snapshot, reason: &str) -> Result<Look> {
    event(tx, &at.server, "reserve", "Error", reason)?;
    at.server.fail(tx.now(), reason)?;
    charge::revert(tx, &mut at.server, &mut at.spec)?;
    at.server.task_state = None;
    at.server.deadline = None;
    save(tx, at)?;
    Ok(Look::done())
}

/// What the host has too little of, in words.
fn words(free: Size, growth: Size) -> String {
    if free.memory_mb < growth.memory_mb {
        return format!(
            "{} MiB of memory free, {} more needed; choose a smaller flavor",
            free.memory_mb, growth.memory_mb
        );
    }
    if free.vcpus < growth.vcpus {
        return format!(
            "{} VCPUs free, {} more needed; choose a smaller flavor",
            free.vcpus, growth.vcpus
        );
    }
    format!(
        "{} GiB of disk free, {} more needed; choose a smaller flavor",
        free.disk_gb, growth.disk_gb
    )
}

/// Gives back what is reserved beyond the size the container has now.
pub(super) fn shrink(tx: &mut Tx<'_>, at: &mut Snapshot) -> Result<()> {
    let size = at.spec.flavor.size();
    if at.spec.previous_flavor.is_some() || at.spec.charged == size {
        return Ok(());
    }
    if let Some(host) = &at.server.host_id {
        hosts::release(tx, host, at.spec.charged - size, 0)?;
        at.spec.charged = size;
    }
    Ok(())
}

/// The host could not give it its new size: it is told the old one again.
pub(super) fn go_back(tx: &mut Tx<'_>, at: &mut Snapshot) -> Result<Look> {
    charge::revert(tx, &mut at.server, &mut at.spec)?;
    at.server.task_state = Some(Task::ResizeReverting.as_str().into());
    at.server.deadline = None;
    at.server.generation += 1;
    save(tx, at)?;
    Ok(Look::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_the_host_lacks() {
        let size = |vcpus, memory_mb, disk_gb| Size {
            vcpus,
            memory_mb,
            disk_gb,
        };
        let lack = |growth| super::words(size(2, 512, 10), growth);
        assert!(lack(size(0, 1024, 0)).starts_with("512 MiB of memory free, 1024 more needed"));
        assert!(lack(size(4, 0, 0)).starts_with("2 VCPUs free, 4 more needed"));
        assert!(lack(size(0, 0, 20)).starts_with("10 GiB of disk free, 20 more needed"));
    }
}
