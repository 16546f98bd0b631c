//! What the engine's packet filter has to let through for pods of Kubernetes: the engine knows nothing
//! of them.

use super::Node;
use crate::error::Result;
use crate::filter;

/// Lets the node's pods out and answers in, and gives them the node's address where they leave the
/// cluster.
pub fn admit(node: &Node) -> Result<()> {
    filter::restore(
        &node.filter,
        &rules(node),
        "letting pods through the engine's packet filter",
    )
}

fn rules(node: &Node) -> String {
    let (part, pods) = (node.place.part, node.place.guests.pods);
    format!(
        "*filter\n\
         -A DOCKER-USER -s {part} -j ACCEPT\n\
         -A DOCKER-USER -d {part} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
         COMMIT\n\
         *nat\n\
         -A POSTROUTING -s {part} ! -d {pods} -j MASQUERADE\n\
         COMMIT\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::tests::node;

    #[test]
    fn only_what_leaves_the_cluster_has_the_nodes_address() {
        let rules = rules(&node(false));
        let translating = rules.lines().find(|it| it.contains("MASQUERADE"));
        let expected = "-A POSTROUTING -s 10.100.7.0/24 ! -d 10.100.0.0/16 -j MASQUERADE";
        assert_eq!(translating, Some(expected));
    }
}
