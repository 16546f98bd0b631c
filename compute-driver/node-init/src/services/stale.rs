//! Connections that were sent to an endpoint which is no longer one. Pure.

use super::document::{Document, Protocol};
use crate::guests::Place;
use std::collections::BTreeSet;
use std::net::SocketAddrV4;

/// What was sent on from an address of a service to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stale {
    /// What is spoken.
    pub protocol: Protocol,
    /// The address that was asked.
    pub at: SocketAddrV4,
    /// The endpoint.
    pub endpoint: SocketAddrV4,
}

impl Stale {
    /// What leads to an endpoint before, and no longer after.
    pub fn between(before: &Document, after: &Document, place: &Place) -> Vec<Self> {
        let after = Self::all(after, place);
        let before = Self::all(before, place);
        before.difference(&after).copied().collect()
    }

    fn all(document: &Document, place: &Place) -> BTreeSet<Self> {
        let each = document.fronts(place).flat_map(|front| {
            let endpoints = front.endpoints.iter();
            endpoints.map(move |endpoint| Self {
                protocol: front.protocol,
                at: front.at,
                endpoint: *endpoint,
            })
        });
        each.collect()
    }

    /// Arguments with which `conntrack` forgets what has to begin anew. Of TCP that is what has not
    /// been answered: what has goes on. UDP has no beginning.
    pub fn forget(&self) -> Vec<String> {
        let mut words = vec!["--delete".to_owned(), "--proto".to_owned()];
        words.push(self.protocol.to_string());
        if self.protocol == Protocol::Tcp {
            words.extend(["--state".to_owned(), "SYN_SENT".to_owned()]);
        }
        let [at, at_port] = [self.at.ip().to_string(), self.at.port().to_string()];
        let [to, to_port] = [
            self.endpoint.ip().to_string(),
            self.endpoint.port().to_string(),
        ];
        let addresses = [
            ("--orig-dst", at),
            ("--orig-port-dst", at_port),
            ("--reply-src", to),
            ("--reply-port-src", to_port),
        ];
        let addresses = addresses.map(|(name, value)| [name.to_owned(), value]);
        words.extend(addresses.into_iter().flatten());
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::tests::place;
    use crate::services::document::tests::sample;

    #[test]
    fn only_what_led_to_an_endpoint_that_has_gone_is_forgotten() {
        let (before, mut after) = (sample(), sample());
        assert_eq!(Stale::between(&before, &after, &place()), []);
        let gone = after.services[0].ports[0].endpoints.remove(0);
        let stale = Stale::between(&before, &after, &place());
        let at: Vec<String> = stale.iter().map(|it| it.at.to_string()).collect();
        assert_eq!(at, ["10.5.6.7:30080", "10.254.0.40:80"]);
        assert!(stale.iter().all(|it| it.endpoint == gone));
        let everything = Stale::between(&before, &Document::default(), &place());
        assert_eq!(everything.len(), 4);
    }

    #[test]
    fn tcp_that_has_been_answered_goes_on() {
        let mut stale = Stale::between(&sample(), &Document::default(), &place());
        let mut last = stale.remove(stale.len() - 1);
        let tcp = last.forget().join(" ");
        assert_eq!(
            tcp,
            "--delete --proto tcp --state SYN_SENT --orig-dst 10.254.0.40 --orig-port-dst 80 \
             --reply-src 10.100.8.2 --reply-port-src 8080"
        );
        last.protocol = Protocol::Udp;
        assert!(!last.forget().join(" ").contains("--state"));
    }
}
