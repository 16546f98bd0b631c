//! What an API server's answers mean to who asked this cloud: its own codes and words, and a word of
//! ours where it has none.

use kube::core::Status;
use schemas::Error;
use url::Url;

/// Longest sentence of a server that is repeated.
const LONGEST: usize = 1024;

/// The code of what a server that does not answer is told with: this cloud stands between it and the
/// caller. (Not 503, with which `Retry-After` is sent, and clients of 2015 break at that.)
pub const SILENT: u16 = 504;

/// Whose an API server is: that decides where it may be, and what is said of one that does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// An adopted cluster's: somebody has said where it is, so that is judged.
    Theirs,
    /// On a node of this cloud's making, at an address of the cloud's own.
    Ours,
}

impl Whose {
    fn advice(self) -> &'static str {
        match self {
            Whose::Theirs => {
                "It is adopted, not run, by this cloud: see whether it works, and whether this cloud may \
                 and can reach it."
            }
            Whose::Ours => {
                "It is on the cluster's master: see in the cluster's health_status_reason what that is at."
            }
        }
    }

    fn rejected(self) -> &'static str {
        match self {
            Whose::Theirs => {
                "Replace the cluster's label kubeconfig by one whose credentials are valid."
            }
            Whose::Ours => "Somebody has changed what it trusts; make the cluster again.",
        }
    }
}

/// A server that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub url: Url,
    pub whose: Whose,
}

impl Asked {
    /// Told of a server that cannot be used.
    pub(crate) fn silent(&self, why: &str) -> Error {
        let (server, advice) = (&self.url, self.whose.advice());
        Error::Theirs {
            status: SILENT,
            told: format!("The API server {server} does not answer: {why}. {advice}"),
        }
    }

    /// What a call came to.
    pub(crate) fn told(&self, error: kube::Error) -> Error {
        match error {
            kube::Error::Api(status) => self.refusal(&status),
            kube::Error::BuildRequest(error) => Error::BadRequest(error.to_string()),
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => {
                self.silent("what it says is not Kubernetes' language")
            }
            other => self.silent(&cause(&other)),
        }
    }

    /// Its own refusal. Only what has the form of one is repeated: somebody else's page is not.
    fn refusal(&self, status: &Status) -> Error {
        let strange = status.reason == "Failed to parse error data" || status.status.is_none();
        if strange {
            let code = status.code;
            return self.silent(&format!("it says {code}, and not as an API server does"));
        }
        let words: String = status.message.chars().take(LONGEST).collect();
        match status.code {
            // A client would take it for a word about its own token, throw that away and begin anew.
            401 => Error::Forbidden(format!(
                "The API server {} does not accept the kubeconfig's credentials (401 {words}). {}",
                self.url,
                self.whose.rejected()
            )),
            code @ 400..=599 => Error::Theirs {
                status: code,
                told: words,
            },
            _ => self.silent("its refusal has no code"),
        }
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
