//! The hosts as the scheduler last saw them, so that a placement does not read a thousand rows.
//!
//! *Guarantees.* Stale numbers cost a retry, never a wrong placement: room and state are checked again
//! by the conditional update that reserves, and "no valid host" is said only after a fresh look.
//! Whether a host is heard of may be known a second late; a server sent to one that has just died is
//! placed again.

use crate::scheduler::Candidate;
use schemas::Timestamp;
use std::collections::BTreeMap;
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
    /// What was reserved in it, by server.
    reserved: BTreeMap<String, (String, Size)>,
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
            picture.reserved.clear();
        }
        Ok((picture, old || anew))
    }

    /// The picture turned out wrong.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).taken = None;
    }
}

impl Picture {
    /// Room reserved for a server by this conductor shows at once.
    pub fn reserve(&mut self, server: &str, host: &str, size: Size, whole: bool) {
        if let Some(one) = self.host(host) {
            one.used_vcpus += size.vcpus;
            one.used_memory_mb += size.memory_mb;
            one.used_disk_gb += size.disk_gb;
            one.servers += 1;
            if whole {
                one.lent_to = Some(server.to_owned());
            }
            let reserved = (host.to_owned(), size);
            self.reserved.insert(server.to_owned(), reserved);
        }
    }

    /// A server is placed once more: what was reserved for it before came to nothing. A transaction that
    /// is repeated would otherwise fill hosts with nobody.
    pub fn withdraw(&mut self, server: &str) {
        let Some((host, size)) = self.reserved.remove(server) else {
            return;
        };
        if let Some(one) = self.host(&host) {
            one.used_vcpus -= size.vcpus;
            one.used_memory_mb -= size.memory_mb;
            one.used_disk_gb -= size.disk_gb;
            one.servers -= 1;
            one.lent_to.take_if(|to| to == server);
        }
    }

    fn host(&mut self, id: &str) -> Option<&mut Host> {
        let found = self.candidates.iter_mut().find(|one| one.host.id == id);
        found.map(|one| &mut one.host)
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
