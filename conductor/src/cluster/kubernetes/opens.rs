//! The kubeconfig by which this cloud knows the API server of a cluster of its own: made when there is
//! somewhere to ask, and again when that moves, when other authorities count there, or its certificate
//! nears its end.

use crate::cluster::snapshot::{Engine, Life, Snapshot};
use crate::context::Context;
use ::kubernetes::Kubeconfig;
use pki::Authority;
use schemas::{Error, Secret, Timestamp};
use store::container_infra::adopted::{self, Adopted};
use store::container_infra::authorities::{self, NODES};
use store::container_infra::nodes::Phase;
use store::{Result, Tx};

/// Who this cloud is to the API server, for all that its users ask for …
const USER: &str = "jeroboam";
/// … as one of those who may do everything: what the users may do here is this cloud's own policy.
const GROUP: &str = "system:masters";

/// The row, good for a while yet; nothing while there is nowhere to ask.
pub(super) fn ensure(tx: &mut Tx<'_>, at: &Snapshot, context: &Context) -> Result<Option<Adopted>> {
    let known = at.kubernetes.as_ref().and_then(|plane| plane.row.clone());
    let Some(address) = address(at) else {
        return Ok(known);
    };
    let mut authorities = authorities::of(tx, &at.cluster.id, NODES)?;
    // First the one that the master knows; it shows a certificate of any.
    let signs = |one: &authorities::Authority| one.generation != signed_the_master(at);
    authorities.sort_by_key(signs);
    let signer = authorities.first().ok_or_else(|| {
        Error::internal(format_args!("cluster {} has no authority", at.cluster.id))
    })?;
    let ca: String = authorities
        .iter()
        .map(|one| one.certificate.as_str())
        .collect();
    let soon = tx.now() + context.settings.cluster.renew();
    // Another certificate would not last longer than who signs it.
    let soon = soon.min(Timestamp(signer.valid_until));
    let good = |row: &Adopted| {
        let lasts = row.valid_until.is_none_or(|until| Timestamp(until) >= soon);
        row.server == address && row.ca_pem.as_ref() == Some(&ca) && lasts
    };
    if known.as_ref().is_some_and(good) {
        return Ok(known);
    }
    let key = Secret::new(context.seals.unseal(&signer.about(), &signer.sealed_key)?);
    let authority = Authority::open(&signer.certificate, &key)?;
    let own = authority.client(USER, GROUP, tx.now())?;
    let ca = ca.as_str();
    let kubeconfig = Kubeconfig::made(address, ca, (&own.certificate, &own.key))?;
    let about = Adopted::about(&at.cluster.id);
    let sealed = context.seals.seal(&about, kubeconfig.reveal())?;
    tracing::info!(cluster = at.cluster.id, address, "an API server is there");
    let row = match known {
        None => {
            let row = Adopted::own(&at.cluster.id, (address, ca), sealed, own.until);
            adopted::insert(tx, &row)?;
            row
        }
        Some(mut row) => {
            row.moves((address, ca), sealed, own.until);
            adopted::update(tx, &mut row)?;
            row
        }
    };
    Ok(Some(row))
}

/// Generation of the authority that signed the master's certificate.
fn signed_the_master(at: &Snapshot) -> i64 {
    let mut masters = at.places().filter(|(group, _)| group.row.is_master());
    masters.next().map_or(0, |(_, place)| place.row.authority)
}

/// Where the master's API server is published, while the master works.
fn address(at: &Snapshot) -> Option<&str> {
    let masters = at
        .places()
        .filter(|(group, place)| group.row.is_master() && place.phase == Phase::Run);
    masters
        .filter_map(|(_, place)| place.server.as_ref())
        .filter(|seat| seat.life == Life::Up && matches!(seat.engine, Engine::Works(_)))
        .find_map(|seat| seat.api_address.as_deref())
}
