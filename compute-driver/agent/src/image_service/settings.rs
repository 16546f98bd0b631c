//! How a host speaks to the image service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// Addresses and the service user's credentials.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImageServiceSettings {
    /// The image service, as the catalog has it, without version.
    pub image_url: String,
    /// The identity service, without version.
    pub auth_url: String,
    /// Certificate authorities (PEM) trusted besides the machine's own, where these addresses are
    /// https.
    pub ca_file: Option<PathBuf>,
    /// Service user.
    pub username: String,
    /// Its password.
    pub password: String,
    /// File that holds the password. Whoever reads the settings resolves it.
    pub password_file: Option<PathBuf>,
    /// The user's domain, by name.
    pub user_domain: String,
    /// Project to be in, by name.
    pub project: String,
    /// The project's domain, by name.
    pub project_domain: String,
}

impl Default for ImageServiceSettings {
    fn default() -> Self {
        ImageServiceSettings {
            image_url: "http://127.0.0.1:8080/image".into(),
            auth_url: "http://127.0.0.1:8080/identity".into(),
            ca_file: None,
            username: "agent".into(),
            password: String::new(),
            password_file: None,
            user_domain: "Default".into(),
            project: "service".into(),
            project_domain: "Default".into(),
        }
    }
}

impl fmt::Debug for ImageServiceSettings {
    // Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageServiceSettings")
            .field("image_url", &self.image_url)
            .field("auth_url", &self.auth_url)
            .field("username", &self.username)
            .field("user_domain", &self.user_domain)
            .field("project", &self.project)
            .field("project_domain", &self.project_domain)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let settings = ImageServiceSettings {
            password: "s3cret".into(),
            ..ImageServiceSettings::default()
        };
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
