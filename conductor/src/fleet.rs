//! The hosts as the scheduler last saw them, so that a placement does not read a thousand rows.
//!
//! *Guarantees.* Stale numbers cost a retry, never a wrong placement: room and state are checked again
//! by the conditional update that reserves, and "no valid host" is said only after a fresh look.
//! Whether a host is heard of may be known a second late; a server sent to one that has just died is
//! placed again.

use crate::scheduler::Candidate;
use schemas::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::compute::hosts::{self, Host};
use store::compute::spec::Size;
use store::{Conn, Result};

/// How old the picture may be.
const FRESH: Duration = Duration::from_secs(1);

/// The picture of all hosts.
#[derive(Default)]
pub(crate) struct Fleet(Mutex<Picture>);

#[derive(Default)]
pub(crate) struct Picture {
    taken: Option<Timestamp>,
    pub candidates: Vec<Candidate>,
}

impl Fleet {
    /// The picture, taken anew when it is too old or `anew` is asked for. True when it is new.
    pub fn look(
        &self,
        conn: &mut Conn,
        now: Timestamp,
        silence: Duration,
        anew: bool,
    ) -> Result<(MutexGuard<'_, Picture>, bool)> {
        let mut picture = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = picture
            .taken
            .is_none_or(|taken| now.since(taken) >= FRESH || taken > now);
        if old || anew {
            picture.candidates = hosts::list(conn)?
                .into_iter()
                .map(|host| view(host, now, silence))
                .collect::<Result<_>>()?;
            picture.taken = Some(now);
        }
        Ok((picture, old || anew))
    }

    /// The picture turned out wrong.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).taken = None;
    }
}

impl Picture {
    /// Room reserved by this conductor shows at once.
    pub fn reserve(&mut self, host: &str, size: Size, lent_to: Option<&str>) {
        if let Some(one) = self.candidates.iter_mut().find(|one| one.host.id == host) {
            one.host.used_vcpus += size.vcpus;
            one.host.used_memory_mb += size.memory_mb;
            one.host.used_disk_gb += size.disk_gb;
            one.host.servers += 1;
            if let Some(server) = lent_to {
                one.host.lent_to = Some(server.to_owned());
            }
        }
    }
}

fn view(host: Host, now: Timestamp, silence: Duration) -> Result<Candidate> {
    let inventory = host.inventory()?;
    Ok(Candidate {
        up: host.is_up(now, silence),
        engine_problem: inventory.engine_problem,
        images: inventory.images,
        tunnel: inventory.tunnel,
        tunnel_problem: inventory.tunnel_problem,
        lendable: host.lendable()?,
        host,
    })
}
