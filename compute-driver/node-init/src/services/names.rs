//! Which addresses a name stands for, as Kubernetes' specification of names has it. Pure.

use super::document::Document;
use std::net::Ipv4Addr;

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its addresses.
    Addresses(Vec<Ipv4Addr>),
    /// It is there, and has no address.
    Nothing,
    /// There is no such name, and nobody else knows it.
    Unknown,
    /// Others may know it.
    Elsewhere,
}

/// Looks for a name, in small letters and without a dot at its end. `NAME.default.svc.DOMAIN` is a
/// service's; guests that do not search may leave out its end.
pub fn find(document: &Document, domain: &str, name: &str) -> Found {
    let inside = match name.strip_suffix(domain) {
        Some("") => return Found::Nothing,
        rest => rest.and_then(|it| it.strip_suffix('.')),
    };
    match inside {
        Some("svc" | "default.svc") => Found::Nothing,
        Some(inside) => {
            let service = inside.strip_suffix(".default.svc");
            service.map_or(Found::Unknown, |it| addresses(document, it))
        }
        None => {
            let short = name.strip_suffix(".svc").unwrap_or(name);
            let short = short.strip_suffix(".default");
            match addresses(document, short.unwrap_or(name)) {
                // A name of one word is nobody's out there.
                Found::Unknown if name.contains('.') => Found::Elsewhere,
                found => found,
            }
        }
    }
}

fn addresses(document: &Document, service: &str) -> Found {
    let Some(service) = document.services.iter().find(|it| it.name == service) else {
        return Found::Unknown;
    };
    match service.address {
        Some(address) => Found::Addresses(vec![address]),
        // As if it were not there: whoever asks would else hold a name that leads nowhere for good.
        None if service.pods.is_empty() => Found::Unknown,
        None => Found::Addresses(service.pods.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::document::tests::sample;

    #[test]
    fn names_of_services_stand_for_their_addresses_and_others_are_asked_elsewhere() {
        let web = Found::Addresses(vec![Ipv4Addr::new(10, 254, 0, 40)]);
        let pods = [[10, 100, 8, 2], [10, 100, 9, 9]].map(Ipv4Addr::from);
        for (name, found) in [
            ("web.default.svc.cluster.local", web.clone()),
            ("web.default.svc", web.clone()),
            ("web.default", web.clone()),
            ("web", web),
            (
                "peers.default.svc.cluster.local",
                Found::Addresses(pods.to_vec()),
            ),
            ("nobody.default.svc.cluster.local", Found::Unknown),
            ("default.svc.cluster.local", Found::Nothing),
            ("cluster.local", Found::Nothing),
            ("other.default.svc.cluster.local", Found::Unknown),
            ("web.other.svc.cluster.local", Found::Unknown),
            ("web.svc.cluster.local", Found::Unknown),
            ("www.example.org.cluster.local", Found::Unknown),
            ("other", Found::Unknown),
            ("www.example.org", Found::Elsewhere),
            ("notcluster.local", Found::Elsewhere),
            ("web.svc", Found::Elsewhere),
        ] {
            assert_eq!(find(&sample(), "cluster.local", name), found, "{name}");
        }
    }
}
