//! A machine lent as a whole: to one server, while nothing else is there.
//!
//! *Guarantees.* [`lend`] and [`reserve`](super::reserve) are one conditional update of the host's row each, and each
//! excludes the other: of two that are made at once, one finds nothing to update.

use super::{Host, OverCommit};
use crate::compute::spec::{Lent, Size};
use crate::kept::kept;
use crate::schema::hosts;
use crate::{Result, Tx};
use diesel::prelude::*;

impl OverCommit {
    /// No more than there is.
    pub fn none() -> OverCommit {
        OverCommit {
            cpu: 1.0,
            memory: 1.0,
            disk: 1.0,
        }
    }
}

impl Host {
    /// What is taken, as operators are shown it: of a machine that is lent, all.
    pub fn taken(&self) -> Size {
        match self.lent_to {
            Some(_) => self.used().max(self.capacity(OverCommit::none())),
            None => self.used(),
        }
    }

    /// What a server gets that has the machine for itself; `None`: the machine's operator does not lend it as a whole.
    pub fn lendable(&self) -> Result<Option<Size>> {
        let bytes = self.inventory()?.lendable_bytes;
        Ok(bytes.map(|bytes| Size {
            vcpus: self.cpus,
            memory_mb: i64::try_from(bytes >> 20).unwrap_or(i64::MAX),
            disk_gb: self.disk_gb,
        }))
    }

    /// What is written down of the machine with the server it is lent to.
    pub fn lent(&self) -> Result<Option<Lent>> {
        let memory_bytes = self.inventory()?.lendable_bytes;
        Ok(memory_bytes.map(|memory_bytes| Lent { memory_bytes }))
    }
}

/// Lends an empty machine to a server of this size, if it takes new servers and still is empty (false otherwise).
/// Whether its operator lends it, and whether it is large enough, its inventory says; see
/// [`Host::lendable`].
pub fn lend(tx: &mut Tx<'_>, id: &str, server: &str, size: Size) -> Result<bool> {
    let lent = kept(
        diesel::update(hosts::table.find(id))
            .filter(hosts::lent_to.is_null().and(hosts::servers.eq(0)))
            .filter(hosts::cluster_id.is_null())
            .filter(hosts::state.eq("enabled").and(hosts::forced_down.eq(0)))
            .set((
                hosts::lent_to.eq(server),
                hosts::used_vcpus.eq(hosts::used_vcpus + size.vcpus),
                hosts::used_memory_mb.eq(hosts::used_memory_mb + size.memory_mb),
                hosts::used_disk_gb.eq(hosts::used_disk_gb + size.disk_gb),
                hosts::servers.eq(1),
            )),
    )
    .execute(&mut **tx)?;
    Ok(lent == 1)
}

/// Ends the loan; the room is given back by [`release`](super::release). Nothing happens when the machine is lent to
/// somebody else.
pub fn take_back(tx: &mut Tx<'_>, id: &str, server: &str) -> Result<()> {
    kept(
        diesel::update(hosts::table.find(id).filter(hosts::lent_to.eq(server)))
            .set(hosts::lent_to.eq(None::<String>)),
    )
    .execute(&mut **tx)?;
    Ok(())
}
