//! Log-in: `/v3/auth/tokens`.
//!
//! ```text
//! methods → one user (or 401) → scope (or 401) → claims → resolved as every later use will be → token
//! ```
//!
//! Promises: every failed log-in answers the same 401 text, whatever was wrong; an unknown user
//! costs as much time as a wrong password.

mod legacy;
mod methods;
mod scope;
mod view;

pub(super) use methods::by_password;

use super::rules;
use super::token::{self, Claims, ScopeClaim};
use crate::auth::Auth;
use crate::call::Call;
use crate::ctx::{Caller, Open, Pending};
use crate::extract::{Json, Query};
use crate::policy::Target;
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, post};
use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue, VARY};
use methods::Proof;
use schemas::identity::auth::Login;
use schemas::identity::token::Body;
use schemas::{Error, Result, Timestamp};
use std::sync::Arc;
use store::identity::tokens;

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/auth/tokens", login),
        get("/auth/tokens", validate),
        delete("/auth/tokens", revoke),
        post("/identity/v2.0/tokens", legacy::login).at_root(),
    ]
}

/// The one text of every failed log-in.
pub(super) fn refused() -> Error {
    Error::Unauthorized("The request you have made requires authentication.".into())
}

async fn login(open: Open, Json(body): Json<Login>, query: Query) -> Reply {
    let proof = methods::prove(open.state(), &body.auth.identity).await?;
    let scope = scope::wanted(&open, &proof, body.auth.scope).await?;
    let (text, auth) = issue(&open, proof, scope).await?;
    let catalog = !query.flag("nocatalog");
    let body = Body {
        token: view::token(&open, &auth, catalog).await?,
    };
    with_token(reply::created(&body)?, &text)
}

fn with_token(mut answer: HttpResponse, text: &str) -> Reply {
    let headers = answer.headers_mut();
    let text = HeaderValue::from_str(text).map_err(Error::internal)?;
    headers.insert(HeaderName::from_static("x-subject-token"), text);
    headers.insert(VARY, HeaderValue::from_static("X-Auth-Token"));
    Ok(answer)
}

/// Makes the token, if the scope is one the user may have.
async fn issue(call: &Call, proof: Proof, scope: ScopeClaim) -> Result<(String, Auth)> {
    let state = call.state();
    let now = state.clock.now();
    let longest = now + state.settings.token_lifetime();
    let ends = proof
        .ends
        .map_or(longest, |ends| Timestamp(ends.0.min(longest.0)));
    let claims = Claims {
        user_id: proof.user_id,
        issued: now.0,
        ends: ends.0,
        audit_ids: audit_ids(proof.chain)?,
        methods: proof.methods,
        scope,
        application_credential: proof.application_credential,
    };
    let text = state.keys.sign(&claims)?;
    let auth = state
        .store
        .read(move |conn| token::resolve(conn, &claims))
        .await?;
    Ok((text, auth.ok_or_else(refused)?))
}

/// A fresh audit id, and that of the first token of the chain.
fn audit_ids(chain: Option<String>) -> Result<Vec<String>> {
    use base64::Engine;
    let random = uuid::Uuid::new_v4();
    let own = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random.as_bytes());
    Ok([own].into_iter().chain(chain).collect())
}

/// The token that is asked about.
async fn subject(caller: &Caller) -> Result<(String, Arc<Auth>)> {
    let text = caller
        .header("x-subject-token")
        .unwrap_or_default()
        .to_owned();
    if text.is_empty() {
        return Err(Error::BadRequest(
            "The header X-Subject-Token is missing.".into(),
        ));
    }
    match token::authenticate(caller.state(), &text).await {
        Ok(auth) => Ok((text, auth)),
        Err(Error::Unauthorized(_)) => Err(Error::NotFound(
            "The token could not be found: it is not valid.".into(),
        )),
        Err(error) => Err(error),
    }
}

async fn validate(pending: Pending<rules::ValidateToken>, query: Query) -> Reply {
    let (text, auth) = subject(&pending).await?;
    let ctx = pending.authorize(&Target::new().with("target.token.user_id", &auth.user.id))?;
    let catalog = !query.flag("nocatalog");
    let body = Body {
        token: view::token(&ctx, &auth, catalog).await?,
    };
    with_token(reply::ok(&body)?, &text)
}

async fn revoke(pending: Pending<rules::RevokeToken>) -> Reply {
    let (_, auth) = subject(&pending).await?;
    let ctx = pending.authorize(&Target::new().with("target.token.user_id", &auth.user.id))?;
    let own = auth.audit_ids.first().cloned().unwrap_or_default();
    // Whoever administers the cloud can always end a token.
    let most = match ctx.is_admin() {
        true => -1,
        false => ctx.state().settings.user_limits.revoked_tokens,
    };
    ctx.store()
        .write(move |tx| tokens::revoke(tx, &auth.user.id, &own, auth.expires_at, most))
        .await?;
    reply::no_content()
}
