//! What an operator may set about the API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Settings of the REST server; every field has a default.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address clients use, when the `Host` header cannot tell (a proxy with another prefix).
    pub public_url: Option<Url>,
    /// Believe `X-Forwarded-*`: only when every request comes through a proxy that sets them.
    pub trust_forwarded: bool,
    /// Threads that serve requests.
    pub workers: usize,
    /// Overrides of policy rules.
    pub policy_file: Option<PathBuf>,
    /// Where the keys that sign tokens lie.
    pub key_dir: PathBuf,
    /// How long a token lasts, in seconds.
    pub token_lifetime_s: u64,
    /// Verified tokens kept in memory.
    pub token_cache: usize,
    /// Wrong passwords in a row that lock a user; 0 never locks.
    pub lockout_failures: u32,
    /// How long the lock lasts, in seconds.
    pub lockout_s: u64,
    /// Passwords checked at the same time; each takes about 20 MiB.
    pub password_checks: usize,
    /// Longest list an identity request gets in one page; `None` for no bound.
    pub list_limit: Option<usize>,
    /// What one user may keep in the identity service.
    pub user_limits: UserLimits,
    /// About compute.
    pub compute: crate::compute::Settings,
    /// The image service.
    pub image: crate::image::Settings,
    /// Container infrastructure.
    pub container_infra: crate::container_infra::Settings,
}

/// What one user may keep in the identity service, whose things no project's quota counts; negative =
/// any number.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UserLimits {
    /// Application credentials.
    pub application_credentials: i64,
    /// Access rules of all his application credentials.
    pub access_rules: i64,
    /// Credentials (`/v3/credentials`).
    pub credentials: i64,
    /// Tokens ended before their time, until that time has come.
    pub revoked_tokens: i64,
}

impl Default for UserLimits {
    fn default() -> Self {
        UserLimits {
            application_credentials: 100,
            access_rules: 500,
            credentials: 100,
            revoked_tokens: 1000,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            public_url: None,
            trust_forwarded: false,
            workers: std::thread::available_parallelism().map_or(2, Into::into),
            policy_file: None,
            key_dir: PathBuf::from("keys"),
            token_lifetime_s: 3600,
            token_cache: 16_384,
            lockout_failures: 6,
            lockout_s: 300,
            password_checks: 4,
            list_limit: None,
            user_limits: UserLimits::default(),
            compute: crate::compute::Settings::default(),
            image: crate::image::Settings::default(),
            container_infra: crate::container_infra::Settings::default(),
        }
    }
}

impl Settings {
    /// How long a token lasts.
    pub fn token_lifetime(&self) -> Duration {
        Duration::from_secs(self.token_lifetime_s)
    }

    /// How long a lock lasts.
    pub fn lockout(&self) -> Duration {
        Duration::from_secs(self.lockout_s)
    }
}
