//! The node's table of the packet filter, as text for `nft`: a language of its own, so that what is
//! applied is what one reads. Every value in it is an address or a number. Pure.

use super::document::{Document, Front};
use crate::guests::Place;
use std::fmt::Write;
use std::net::SocketAddrV4;

/// The table that serves a document, in place of the one that may be there.
pub fn table(document: &Document, place: &Place) -> String {
    let fronts = document.fronts(place);
    let served: Vec<Front<'_>> = fronts.filter(|it| !it.endpoints.is_empty()).collect();
    let mut text =
        String::from("table ip jeroboam\ndelete table ip jeroboam\ntable ip jeroboam {\n");
    text.push_str(&lead(&served));
    for (number, front) in served.iter().enumerate() {
        _ = writeln!(text, "chain port-{number} {{ {}; }}", choice(front));
    }
    text.push_str(&bases(place));
    text.push_str("}\n");
    text
}

/// From an address of a service to what is behind it.
fn lead(served: &[Front<'_>]) -> String {
    let elements = served.iter().enumerate().map(|(number, it)| {
        let (address, port) = (it.at.ip(), it.at.port());
        format!("{address} . {} . {port} : goto port-{number}", it.protocol)
    });
    let elements: Vec<String> = elements.collect();
    let elements = match elements.as_slice() {
        [] => String::new(),
        some => format!("elements = {{ {} }}\n", some.join(",\n")),
    };
    format!(
        "map ports {{\ntype ipv4_addr . inet_proto . inet_service : verdict\n{elements}}}\n\
         chain lead {{ ip daddr . meta l4proto . th dport vmap @ports; }}\n"
    )
}

/// One of several endpoints, each with the same chance.
fn choice(front: &Front<'_>) -> String {
    let to = |it: &SocketAddrV4| format!("{} . {}", it.ip(), it.port());
    let choice = match front.endpoints {
        [one] => one.to_string(),
        several => {
            let several = several.iter().enumerate();
            let several = several.map(|(number, it)| format!("{number} : {}", to(it)));
            let several: Vec<String> = several.collect();
            format!(
                "numgen random mod {} map {{ {} }}",
                several.len(),
                several.join(", ")
            )
        }
    };
    format!("meta l4proto {} dnat to {choice}", front.protocol)
}

/// Where the kernel asks: before the engine's own rules.
fn bases(place: &Place) -> String {
    let (pods, services) = (place.guests.pods, place.guests.services);
    let (own, gateway, resolver) = (place.part, place.gateway(), place.guests.resolver());
    // Whoever is no pod and speaks to one by a service is known to it by the node's address among
    // pods, so that answers come back this way. So is a pod that meets another of its own bridge:
    // that one would answer directly, from an address which was not asked.
    format!(
        "chain arriving {{ type nat hook prerouting priority dstnat - 5; jump lead; }}\n\
         chain local {{ type nat hook output priority -105; jump lead; }}\n\
         chain leaving {{\n\
         type nat hook postrouting priority srcnat - 5;\n\
         ct status dnat ip saddr {own} ip daddr {own} snat to {gateway}\n\
         ct status dnat ip saddr != {pods} ip daddr {pods} snat to {gateway}\n\
         ip saddr {own} ip daddr != {pods} masquerade\n\
         }}\n\
         chain refuse {{\n\
         ip daddr {resolver} return\n\
         ip daddr {services} meta l4proto tcp reject with tcp reset\n\
         ip daddr {services} reject with icmp type port-unreachable\n\
         }}\n\
         chain forwarded {{ type filter hook forward priority filter - 5; jump refuse; }}\n\
         chain sent {{ type filter hook output priority filter - 5; jump refuse; }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::tests::place;
    use crate::services::document::tests::sample;

    #[test]
    fn an_address_leads_to_each_endpoint_with_the_same_chance() {
        let text = table(&sample(), &place());
        for line in [
            "elements = { 10.254.0.40 . tcp . 80 : goto port-0,",
            "10.5.6.7 . tcp . 30080 : goto port-1 }",
            "chain port-0 { meta l4proto tcp dnat to numgen random mod 2 map \
             { 0 : 10.100.7.2 . 8080, 1 : 10.100.8.2 . 8080 }; }",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(
            !text.contains("10.254.0.41"),
            "what leads nowhere is refused: {text}"
        );
        let mut document = sample();
        document.services[0].ports[0].endpoints.truncate(1);
        let text = table(&document, &place());
        assert!(text.contains("dnat to 10.100.7.2:8080; }"), "{text}");
    }

    #[test]
    fn without_services_their_network_refuses_and_pods_still_leave_the_node() {
        let text = table(&Document::default(), &place());
        assert!(!text.contains("elements"), "{text}");
        for line in [
            "ip daddr 10.254.0.0/16 meta l4proto tcp reject with tcp reset",
            "ip saddr 10.100.7.0/24 ip daddr != 10.100.0.0/16 masquerade",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }
}
