//! Which Kubernetes the image has: its programs changed what they take.

use crate::error::{During, Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::process::Command;

/// Of 1.x; the other parts change nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version {
    /// Of `1.MINOR`.
    pub minor: u32,
}

impl Version {
    /// That of the image's kubelet, which says `Kubernetes v1.32.3`.
    pub fn of_kubelet() -> Result<Self> {
        let said = Command::new("kubelet").arg("--version").output();
        let said = said.during("asking the image's kubelet for its version")?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        Self::parse(&said).ok_or_else(|| {
            Error::refused(format!(
                "the image's kubelet says no version: {:?}",
                said.trim()
            ))
        })
    }

    fn parse(said: &str) -> Option<Self> {
        let number = said.trim().strip_prefix("Kubernetes v1.")?;
        let end = number.find(|it: char| !it.is_ascii_digit());
        let minor = number[..end.unwrap_or(number.len())].parse().ok()?;
        Some(Self { minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_with_whatever_a_distribution_adds() {
        let minor = |said| Version::parse(said).map(|it| it.minor);
        assert_eq!(minor("Kubernetes v1.20.2\n"), Some(20));
        assert_eq!(minor("Kubernetes v1.32.3+k3s1\n"), Some(32));
        assert_eq!(minor("Kubernetes v1.20-debian\n"), Some(20));
        assert_eq!(minor("Kubernetes v0.0.0-master+$Format:%h$\n"), None);
        assert_eq!(minor(""), None);
    }
}
