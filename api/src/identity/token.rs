//! Tokens: signed claims that say who, for what and how long; everything else about the caller is
//! looked up when the token is used, so that a change counts at once.
//!
//! ```text
//! token text ─ sha256 ─▶ cache ─ same epoch? ─▶ Auth
//!                          │ no
//!                          └▶ signature, expiry ─▶ revoked? user, project, roles (one read) ─▶ Auth
//! ```
//!
//! Promises: a token is refused by every process with the first request after the transaction that
//! revoked it, changed the password, disabled its user, domain or project, or took the last role
//! away; a token made from a token never outlives it.

mod cache;
mod claims;
mod keys;
mod resolve;

pub use cache::TokenCache;
pub use claims::{Claims, ScopeClaim};
pub use keys::{KeyRing, rotate};
pub use resolve::{resolve, resolve_scope};

use crate::auth::Auth;
use crate::state::AppState;
use schemas::{Error, Result};
use std::sync::Arc;
use store::identity::epoch;

/// The caller that a token stands for.
///
/// # Errors
/// `Unauthorized` for every token that is not good (any more), always with the same text.
pub async fn authenticate(state: &AppState, token: &str) -> Result<Arc<Auth>> {
    let key = cache::key(token);
    if let Some(known) = state.tokens.get(&key) {
        let now = state.store.read(epoch::current).await?;
        if known.epoch == now {
            return if known.auth.expires_at > state.clock.now() {
                Ok(known.auth)
            } else {
                Err(refused())
            };
        }
    }
    let claims = state.keys.verify(token).ok_or_else(refused)?;
    if claims.expires_at() <= state.clock.now() {
        return Err(refused());
    }
    let (epoch, auth) = state
        .store
        .read(move |conn| {
            let epoch = epoch::current(conn)?;
            Ok((epoch, resolve(conn, &claims)?))
        })
        .await?;
    let auth = Arc::new(auth.ok_or_else(refused)?);
    state.tokens.put(
        key,
        cache::Known {
            epoch,
            auth: Arc::clone(&auth),
        },
    );
    Ok(auth)
}

fn refused() -> Error {
    Error::Unauthorized("The request you have made requires authentication.".into())
}
