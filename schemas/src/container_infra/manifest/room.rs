//! What containers need, and what they may have: requests are kept free on a node, limits are held by
//! its kernel.

use super::bad;
use super::fields::{self, below};
use super::quantity::Quantity;
use crate::Result;
use crate::workload::Limits;
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource;
use serde_json::Value;
use std::collections::BTreeMap;

/// The least memory a container starts in.
const LEAST_MEMORY: u64 = 6 << 20;
/// The least part of a CPU, in thousandths, that a kernel bounds to.
const LEAST_CPU: u32 = 10;
/// What one CPU counts for when containers compete, and the least a container counts for.
const SHARES: u64 = 1024;
const LEAST_SHARES: u64 = 2;

/// An amount of what nodes have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Thousandths of a CPU.
    pub cpu_millis: u64,
    /// Bytes.
    pub memory_bytes: u64,
}

impl Room {
    /// Whole CPUs, rounded up.
    pub fn cpus(self) -> u32 {
        u32::try_from(self.cpu_millis.div_ceil(1000)).unwrap_or(u32::MAX)
    }

    /// MiB, rounded up.
    pub fn memory_mb(self) -> u64 {
        self.memory_bytes.div_ceil(1 << 20)
    }

    /// Room for both at once.
    pub(super) fn and(self, other: Room) -> Room {
        Room {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
        }
    }

    /// Room for either.
    pub(super) fn or(self, other: Room) -> Room {
        Room {
            cpu_millis: self.cpu_millis.max(other.cpu_millis),
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
        }
    }
}

type Amounts = BTreeMap<String, resource::Quantity>;

/// What a container requests, and its bounds.
pub(super) fn read(
    path: &str,
    resources: Option<&ResourceRequirements>,
    plain: &Value,
) -> Result<(Room, Limits)> {
    fields::RESOURCES.check(path, plain)?;
    for of in ["requests", "limits"] {
        fields::AMOUNTS.check(&below(path, of), &plain[of])?;
    }
    let of = |amounts: Option<&Amounts>, name: &str, field: &str| -> Result<Option<Quantity>> {
        let path = format!("{path}.{field}.{name}");
        let found = amounts.and_then(|amounts| amounts.get(name));
        found
            .map(|found| Quantity::parse(&found.0).map_err(|why| bad(&path, &why)))
            .transpose()
    };
    let requests = resources.and_then(|all| all.requests.as_ref());
    let limits = resources.and_then(|all| all.limits.as_ref());
    let large = |field: &str| bad(&below(path, field), "it is more than there is anywhere");
    let cpu = |field, amounts| -> Result<Option<u64>> {
        let read = of(amounts, "cpu", field)?;
        let number = read.map(|read| {
            read.thousandths()
                .filter(|millis| *millis <= u64::from(u32::MAX))
        });
        number
            .map(|number| number.ok_or_else(|| large(field)))
            .transpose()
    };
    let memory = |field, amounts| -> Result<Option<u64>> {
        let read = of(amounts, "memory", field)?;
        read.map(|read| read.units().ok_or_else(|| large(field)))
            .transpose()
    };
    let bound = Bound {
        cpu: cpu("limits", limits)?.filter(|millis| *millis > 0),
        memory: memory("limits", limits)?.filter(|bytes| *bytes > 0),
    };
    let room = Room {
        cpu_millis: cpu("requests", requests)?.or(bound.cpu).unwrap_or(0),
        memory_bytes: memory("requests", requests)?.or(bound.memory).unwrap_or(0),
    };
    bound.holds(path, room)?;
    Ok((room, bound.limits(room)))
}

/// What a container may have at most; `None` = as much as there is.
struct Bound {
    cpu: Option<u64>,
    memory: Option<u64>,
}

impl Bound {
    fn holds(&self, path: &str, room: Room) -> Result<()> {
        let beyond = |bound: Option<u64>, wanted: u64| bound.is_some_and(|bound| wanted > bound);
        if beyond(self.cpu, room.cpu_millis) {
            return Err(bad(
                &below(path, "requests.cpu"),
                "it is more than the limit",
            ));
        }
        if beyond(self.memory, room.memory_bytes) {
            return Err(bad(
                &below(path, "requests.memory"),
                "it is more than the limit",
            ));
        }
        match self.memory {
            Some(bytes) if bytes < LEAST_MEMORY => Err(bad(
                &below(path, "limits.memory"),
                "no container starts with less than 6Mi",
            )),
            _ => Ok(()),
        }
    }

    fn limits(&self, room: Room) -> Limits {
        let shares = (room.cpu_millis.saturating_mul(SHARES) / 1000).max(LEAST_SHARES);
        let cpu = self.cpu.and_then(|millis| u32::try_from(millis).ok());
        Limits {
            cpu_shares: u32::try_from(shares).unwrap_or(u32::MAX),
            cpu_millis: cpu.map(|millis| millis.max(LEAST_CPU)),
            memory_bytes: self.memory.unwrap_or(0),
            // The conductor's setting says how many.
            pids: 0,
        }
    }
}
