//! The ports of nodes and machines that services may be published at.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A range, both ends included, none of them 0: `30000-32767`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodePorts {
    first: u16,
    last: u16,
}

impl Default for NodePorts {
    /// Kubernetes' own.
    fn default() -> Self {
        NodePorts {
            first: 30_000,
            last: 32_767,
        }
    }
}

impl NodePorts {
    /// Is this one of them?
    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }

    /// Those that are not taken.
    pub fn free(self, taken: &BTreeSet<u16>) -> Vec<u16> {
        let all = self.first..=self.last;
        all.filter(|port| !taken.contains(port)).collect()
    }
}

impl TryFrom<String> for NodePorts {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let port = |text: &str| text.trim().parse().ok().filter(|port: &u16| *port > 0);
        let ends = text
            .split_once('-')
            .and_then(|(first, last)| Some((port(first)?, port(last)?)));
        match ends {
            Some((first, last)) if first <= last => Ok(NodePorts { first, last }),
            _ => Err(format!(
                "{text:?} is no range of ports such as 30000-32767, of 1 to 65535"
            )),
        }
    }
}

impl From<NodePorts> for String {
    fn from(ports: NodePorts) -> String {
        ports.to_string()
    }
}

impl std::fmt::Display for NodePorts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_it_is_written() {
        let read = |text: &str| NodePorts::try_from(text.to_owned());
        let usual = read("30000-32767").unwrap();
        assert_eq!(usual, NodePorts::default());
        assert_eq!(usual.to_string(), "30000-32767");
        assert!(usual.contains(30_000) && usual.contains(32_767));
        assert!(!usual.contains(29_999) && !usual.contains(32_768));
        let few = read(" 65533 - 65535 ").unwrap();
        assert_eq!(few.free(&BTreeSet::from([1, 65_534])), [65_533, 65_535]);
        for wrong in [
            "", "-", "5", "0-9", "9-5", "1-65536", "a-b", "-5-9", "1-2-3",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
