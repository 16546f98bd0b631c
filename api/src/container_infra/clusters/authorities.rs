//! Making and opening the authorities of clusters. Their keys are sealed in the database.

use crate::state::AppState;
use pki::Authority as Issuer;
use schemas::{Error, Result, Secret};
use store::container_infra::authorities::{Authority, KINDS};

/// New authorities of every kind, of this generation.
///
/// # Errors
/// `Internal`.
pub fn made(
    state: &AppState,
    cluster_id: &str,
    name: &str,
    generation: i64,
) -> Result<Vec<Authority>> {
    let now = state.clock.now();
    let one = |kind: &&str| {
        let pair = Issuer::create(name, now)?;
        let mut row = Authority {
            cluster_id: cluster_id.to_owned(),
            kind: (*kind).to_owned(),
            generation,
            certificate: pair.certificate,
            sealed_key: String::new(),
            valid_until: pair.until.0,
            created_at: now.0,
        };
        row.sealed_key = state.seals.seal(&row.about(), pair.key.reveal())?;
        Ok(row)
    };
    KINDS.iter().map(one).collect()
}

/// The authority, ready to sign.
///
/// # Errors
/// `Unavailable` when the key that sealed its own is not here.
pub fn issuer(state: &AppState, row: &Authority) -> Result<Issuer> {
    let key = Secret::new(state.seals.unseal(&row.about(), &row.sealed_key)?);
    Issuer::open(&row.certificate, &key).map_err(Error::internal)
}
