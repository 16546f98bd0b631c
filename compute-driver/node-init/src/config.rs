//! What a node is told: `/etc/jeroboam/node.json`, put there before its container starts.

use crate::error::{During, Error, Result};
use crate::guests::Guests;
use crate::kubernetes::Member;
use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Where the file lies.
pub const PATH: &str = "/etc/jeroboam/node.json";

/// Below this are the machine's own accounts: an inner root that is one of them would own its files.
const LOWEST_UID: u32 = 65_536;

/// The file. Keys that are not known here are left alone: agents may be newer than a node's image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The machine's user (and group) that root inside the node is. Ranges of nodes must not meet.
    pub uid_base: u32,
    /// How many users there are inside, from root on.
    #[serde(default = "default_uid_count")]
    pub uid_count: u32,
    /// Address and network of the inner engine's own bridge.
    pub bip: Ipv4Net,
    /// Whence the inner engine takes the networks it makes.
    pub address_pool: Ipv4Net,
    /// Prefix length of each of them.
    pub address_pool_size: u8,
    /// Labels of the inner engine.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Name servers for the node, in order of use: the machine's own, without those that only answer
    /// on the machine itself. Without any, those of `/etc/resolv.conf` are taken that can be reached.
    #[serde(default)]
    pub resolvers: Vec<IpAddr>,
    /// How its cluster's guests are reached, and the cluster's services. Without, the node routes
    /// nothing and serves none.
    #[serde(default)]
    pub guests: Option<Guests>,
    /// What it is in a cluster of Kubernetes. Without, it is in none.
    #[serde(default)]
    pub kubernetes: Option<Member>,
}

fn default_uid_count() -> u32 {
    65_536
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is missing, no JSON, or cannot be right.
    pub fn read() -> Result<Self> {
        let text = std::fs::read(PATH).during(format!("reading {PATH}"))?;
        Self::parse(&text)
    }

    fn parse(text: &[u8]) -> Result<Self> {
        let config: Self = serde_json::from_slice(text)
            .map_err(|error| Error::refused(format!("{PATH} is not understood: {error}")))?;
        match config.problem() {
            Some(problem) => Err(Error::refused(format!("{PATH}: {problem}"))),
            None => Ok(config),
        }
    }

    fn problem(&self) -> Option<String> {
        let pool = self.address_pool.prefix_len();
        if self.uid_base < LOWEST_UID {
            return Some(format!(
                "uid_base is {}: users below {LOWEST_UID} are the machine's own",
                self.uid_base
            ));
        }
        // Containers inside expect at least the users of a system: nobody is 65534.
        if self.uid_count < 65_536 {
            return Some(format!(
                "uid_count is {}: containers expect 65536 users",
                self.uid_count
            ));
        }
        // The last id there could be means "none".
        if self.uid_base.checked_add(self.uid_count).is_none() {
            return Some("uid_base and uid_count leave the range of user ids".to_owned());
        }
        if self.bip.prefix_len() > 30 || self.bip.addr() == self.bip.network() {
            return Some(format!(
                "bip is {}: it names the bridge's address and a network with room, as 172.31.0.1/24",
                self.bip
            ));
        }
        if !(pool..=30).contains(&self.address_pool_size) {
            return Some(format!(
                "address_pool_size is {}: networks of {} have between {pool} and 30 bits",
                self.address_pool_size, self.address_pool
            ));
        }
        if overlap(self.bip, self.address_pool) {
            return Some(format!(
                "bip {} and address_pool {} meet",
                self.bip, self.address_pool
            ));
        }
        let Some(guests) = self.guests.as_ref() else {
            let member = self.kubernetes.is_some();
            return member.then(|| "kubernetes needs guests: its pods have a network".to_owned());
        };
        guests.problem().or_else(|| {
            let own = [("bip", self.bip), ("address_pool", self.address_pool)];
            let met = of_guests(guests)
                .into_iter()
                .flat_map(|one| own.map(|other| (one, other)))
                .find(|((_, one), (_, other))| overlap(*one, *other));
            met.map(|((name, one), (other_name, other))| {
                format!("{name} {one} and {other_name} {other} meet")
            })
        })
    }

    /// Why the node cannot be on that network, if so: an inner network that is also an outer one hides
    /// it, and with it whoever asks.
    pub fn conflict(&self, outer: IpNet) -> Option<String> {
        let IpNet::V4(outer) = outer else { return None };
        let own = [("bip", self.bip), ("address_pool", self.address_pool)];
        let guests = self.guests.iter().flat_map(of_guests);
        let mut inner = own.into_iter().chain(guests);
        let (name, inner) = inner.find(|(_, it)| overlap(*it, outer))?;
        let outer = outer.trunc();
        Some(format!(
            "{name} {inner} meets the network {outer} that the node is on"
        ))
    }
}

fn of_guests(guests: &Guests) -> [(&'static str, Ipv4Net); 2] {
    [
        ("guests.pods", guests.pods),
        ("guests.services", guests.services),
    ]
}

fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::{Value, json};

    pub(crate) fn sample() -> Config {
        serde_json::from_value(document()).unwrap()
    }

    fn document() -> Value {
        json!({
            "uid_base": 1_000_000, "uid_count": 65_536, "bip": "172.31.0.1/24",
            "address_pool": "172.30.0.0/16", "address_pool_size": 24, "labels": { "a": "b" }
        })
    }

    fn refusal(change: Value) -> String {
        let mut document = document();
        let change = change.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(change);
        Config::parse(document.to_string().as_bytes())
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn a_config_of_an_agent_that_knows_more_is_read() {
        let mut document = document();
        document["from_the_future"] = json!([1]);
        document["resolvers"] = json!(["10.0.0.53"]);
        let config = Config::parse(document.to_string().as_bytes()).unwrap();
        assert_eq!(config.uid_base, 1_000_000);
        assert_eq!(config.bip.addr().to_string(), "172.31.0.1");
        assert_eq!(config.resolvers, ["10.0.0.53".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn root_inside_is_never_a_user_of_the_machine_itself() {
        for uid_base in [0, 1000, 65_535] {
            assert!(refusal(json!({ "uid_base": uid_base })).contains("the machine's own"));
        }
        assert!(refusal(json!({ "uid_base": u32::MAX - 65_535 })).contains("range"));
        assert!(refusal(json!({ "uid_count": 1 })).contains("65536 users"));
    }

    #[test]
    fn networks_that_cannot_be_are_refused_by_name() {
        assert!(refusal(json!({ "bip": "172.31.0.0/24" })).contains("bip"));
        assert!(refusal(json!({ "bip": "172.31.0.1/31" })).contains("bip"));
        assert!(refusal(json!({ "bip": "172.30.4.1/24" })).contains("meet"));
        assert!(refusal(json!({ "address_pool_size": 8 })).contains("between 16 and 30"));
        assert!(refusal(json!({ "address_pool": "all" })).contains("not understood"));
    }

    #[test]
    fn the_networks_of_guests_meet_no_other() {
        let guests = |pods: &str, services: &str| json!({ "guests": { "pods": pods, "services": services, "domain": "a" } });
        let told = refusal(guests("172.16.0.0/12", "10.254.0.0/16"));
        assert!(told.contains("guests.pods 172.16.0.0/12 and bip"), "{told}");
        let told = refusal(guests("10.100.0.0/16", "172.30.0.0/24"));
        assert!(
            told.contains("guests.services 172.30.0.0/24 and address_pool"),
            "{told}"
        );
        assert!(refusal(guests("10.100.0.0/16", "10.100.7.0/24")).contains("meet"));
        let mut config = sample();
        config.guests = Some(crate::guests::tests::sample());
        assert_eq!(config.conflict("10.4.0.7/24".parse().unwrap()), None);
        let told = config.conflict("10.254.8.7/24".parse().unwrap()).unwrap();
        assert!(told.contains("guests.services"), "{told}");
    }

    #[test]
    fn inner_networks_do_not_hide_the_outer_one() {
        let config = sample();
        let conflict = |net: &str| config.conflict(net.parse().unwrap());
        assert_eq!(conflict("10.4.0.7/24"), None);
        assert_eq!(conflict("fd00::7/64"), None);
        assert!(conflict("172.30.9.7/24").unwrap().contains("address_pool"));
        assert!(conflict("172.31.0.7/16").unwrap().contains("bip"));
    }
}
