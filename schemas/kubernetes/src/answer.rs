//! What an API server's answers mean to who asked this cloud: its own codes and words, and a word of
//! ours where it has none.

use kube::core::Status;
use schemas::Error;
use std::fmt::Display;

/// Longest sentence of a server that is repeated.
const LONGEST: usize = 1024;

/// The code of what a server that does not answer is told with: this cloud stands between it and the
/// caller. (Not 503, with which `Retry-After` is sent, and clients of 2015 break at that.)
pub const SILENT: u16 = 504;

/// Told of a server that cannot be used.
pub(crate) fn silent(server: &impl Display, why: &str) -> Error {
    Error::Theirs {
        status: SILENT,
        told: format!(
            "The API server {server} does not answer: {why}. It is adopted, not run, by this cloud: see \
             whether it works, and whether this cloud may and can reach it."
        ),
    }
}

/// What a call came to.
pub(crate) fn told(server: &impl Display, error: kube::Error) -> Error {
    match error {
        kube::Error::Api(status) => refusal(server, &status),
        kube::Error::BuildRequest(error) => Error::BadRequest(error.to_string()),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
            silent(server, "what it says is not Kubernetes' language")
        }
        other => silent(server, &cause(&other)),
    }
}

/// Its own refusal. Only what has the form of one is repeated: somebody else's page is not.
fn refusal(server: &impl Display, status: &Status) -> Error {
    let strange = status.reason == "Failed to parse error data" || status.status.is_none();
    if strange {
        let code = status.code;
        return silent(
            server,
            &format!("it says {code}, and not as an API server does"),
        );
    }
    let words: String = status.message.chars().take(LONGEST).collect();
    match status.code {
        // A client would take it for a word about its own token, throw that away and begin anew.
        401 => Error::Forbidden(format!(
            "The API server {server} does not accept the kubeconfig's credentials (401 {words}). \
             Replace the cluster's label kubeconfig by one whose credentials are valid."
        )),
        code @ 400..=599 => Error::Theirs {
            status: code,
            told: words,
        },
        _ => silent(server, "its refusal has no code"),
    }
}

/// The error at the bottom: the ones above it only say that the call failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut bottom = error;
    while let Some(source) = bottom.source() {
        bottom = source;
    }
    bottom.to_string().trim_end_matches('.').to_owned()
}
