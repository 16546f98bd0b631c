//! What means something of a service.

use super::Fields;

const AFFINITY: &str = "each connection goes to any of the pods";
const OUTSIDE: &str = "there are no addresses but those of the machines";
const EVERYWHERE: &str = "connections go to pods on all nodes (Cluster)";

/// `spec` of a service.
pub(in super::super) const SERVICE: Fields = Fields {
    means: &[
        "selector",
        "ports",
        "type",
        "clusterIP",
        "clusterIPs",
        "publishNotReadyAddresses",
    ],
    defaults: &[
        ("sessionAffinity", &["None"]),
        ("internalTrafficPolicy", &["Cluster"]),
        ("externalTrafficPolicy", &["Cluster"]),
        ("ipFamilies", &["[\"IPv4\"]"]),
        ("ipFamilyPolicy", &["SingleStack"]),
        ("allocateLoadBalancerNodePorts", &["true"]),
        ("healthCheckNodePort", &["0"]),
    ],
    reasons: &[
        ("sessionAffinity", AFFINITY),
        ("sessionAffinityConfig", AFFINITY),
        ("internalTrafficPolicy", EVERYWHERE),
        ("externalTrafficPolicy", EVERYWHERE),
        ("trafficDistribution", EVERYWHERE),
        ("ipFamilies", "networks of clusters are IPv4"),
        (
            "ipFamilyPolicy",
            "networks of clusters are IPv4 (SingleStack)",
        ),
        ("externalName", "services stand for pods of the cluster"),
        ("externalIPs", OUTSIDE),
        ("loadBalancerIP", OUTSIDE),
        (
            "loadBalancerClass",
            "the machines are the only balancer there is",
        ),
        (
            "loadBalancerSourceRanges",
            "whoever reaches the machines reaches their ports",
        ),
        (
            "allocateLoadBalancerNodePorts",
            "the machines are the balancer, at these ports",
        ),
        ("healthCheckNodePort", "no balancer outside asks for it"),
    ],
};

/// A port of a service.
pub(in super::super) const SERVICE_PORT: Fields = Fields {
    means: &["name", "port", "targetPort", "protocol", "nodePort"],
    defaults: &[],
    reasons: &[("appProtocol", "nobody here looks into connections")],
};
