use super::hostile::spots;
use super::*;
use crate::container_infra::service::{Port, Reach, Target};
use crate::workload::services::Protocol;

/// A service of one port with these fields in its spec (`metadata/…`: of its head, `port/…`: of its
/// port).
fn written(more: Value) -> Value {
    let mut whole = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
        "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] },
    });
    for (field, value) in more.as_object().unwrap() {
        match field.split_once('/') {
            None => whole["spec"][field] = value.clone(),
            Some(("metadata", field)) => whole["metadata"][field] = value.clone(),
            Some((_, field)) => whole["spec"]["ports"][0][field] = value.clone(),
        }
    }
    whole
}

fn svc(more: Value) -> Result<Service> {
    service(&written(more).to_string())
}

fn tcp(port: u16) -> Port {
    Port {
        name: None,
        protocol: Protocol::Tcp,
        port,
        target: Target::Number(port),
        node_port: None,
    }
}

#[test]
fn a_bare_service_has_kubernetes_defaults() {
    let bare = svc(json!({})).unwrap();
    assert_eq!((bare.name.as_str(), bare.labels.len()), ("web", 0));
    assert_eq!(bare.selector["app"], "web");
    assert_eq!((bare.reach, bare.address), (Reach::ClusterIp, None));
    assert_eq!(bare.ports, [tcp(80)]);
    assert!(!bare.not_ready_too);
    assert!(
        svc(json!({ "selector": null }))
            .unwrap()
            .selector
            .is_empty()
    );
    let zero =
        json!({ "port/targetPort": 0, "port/nodePort": 0, "port/name": "", "port/protocol": "" });
    assert_eq!(svc(zero).unwrap(), bare);
}

#[test]
fn what_says_only_what_is_so_anyway_is_accepted() {
    let more = json!({
        "type": "ClusterIP", "clusterIP": "", "clusterIPs": [], "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack", "allocateLoadBalancerNodePorts": true, "externalIPs": [],
        "healthCheckNodePort": 0, "publishNotReadyAddresses": false, "loadBalancerIP": "",
        "port/targetPort": 80, "port/protocol": "TCP",
    });
    let mut whole = written(more);
    whole["status"] = json!({ "loadBalancer": {} });
    assert_eq!(
        service(&whole.to_string()).unwrap(),
        svc(json!({})).unwrap()
    );
}

#[test]
fn types_addresses_and_ports_are_as_they_are_written() {
    for (more, reach, address) in [
        (json!({ "clusterIP": "None" }), Reach::Headless, None),
        (
            json!({ "clusterIP": "None", "clusterIPs": ["None"] }),
            Reach::Headless,
            None,
        ),
        (json!({ "type": "NodePort" }), Reach::NodePort, None),
        (json!({ "type": "LoadBalancer" }), Reach::LoadBalancer, None),
        (
            json!({ "clusterIP": "10.254.3.4", "clusterIPs": ["10.254.3.4"] }),
            Reach::ClusterIp,
            Some("10.254.3.4"),
        ),
    ] {
        let read = svc(more.clone()).unwrap_or_else(|error| panic!("{more}: {error}"));
        let address = address.map(|text| text.parse().unwrap());
        assert_eq!((read.reach, read.address), (reach, address), "{more}");
    }
    let ports = json!([
        { "name": "web", "port": 80, "targetPort": "http", "nodePort": 30080 },
        { "name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP" },
        { "name": "dns-tcp", "port": 53 },
    ]);
    let read = svc(json!({ "ports": ports, "type": "NodePort", "publishNotReadyAddresses": true }));
    let read = read.unwrap();
    assert!(read.not_ready_too);
    let named = |name: &str, port: Port| Port {
        name: Some(name.into()),
        ..port
    };
    let web = Port {
        target: Target::Name("http".into()),
        node_port: Some(30080),
        ..tcp(80)
    };
    let dns = Port {
        target: Target::Number(5353),
        protocol: Protocol::Udp,
        ..tcp(53)
    };
    let expected = [
        named("web", web),
        named("dns", dns),
        named("dns-tcp", tcp(53)),
    ];
    assert_eq!(read.ports, expected);
}

#[test]
fn what_a_service_cannot_have_is_refused_by_its_name() {
    for (field, value, word) in [
        ("type", json!("ExternalName"), "ExternalName"),
        ("type", json!("Other"), "LoadBalancer"),
        ("externalName", json!("example.com"), ""),
        ("externalIPs", json!(["1.1.1.1"]), ""),
        ("loadBalancerIP", json!("1.1.1.1"), ""),
        ("loadBalancerClass", json!("mine"), ""),
        ("loadBalancerSourceRanges", json!(["10.0.0.0/8"]), ""),
        ("allocateLoadBalancerNodePorts", json!(false), ""),
        ("healthCheckNodePort", json!(30_000), ""),
        ("sessionAffinity", json!("ClientIP"), "any of the pods"),
        (
            "sessionAffinityConfig",
            json!({ "clientIP": { "timeoutSeconds": 5 } }),
            "any of the pods",
        ),
        ("internalTrafficPolicy", json!("Local"), "Cluster"),
        ("externalTrafficPolicy", json!("Local"), "Cluster"),
        ("trafficDistribution", json!("PreferClose"), ""),
        ("ipFamilies", json!(["IPv6"]), "IPv4"),
        ("ipFamilies", json!(["IPv4", "IPv6"]), "IPv4"),
        ("ipFamilyPolicy", json!("PreferDualStack"), "SingleStack"),
        ("clusterIP", json!("10.0.0.256"), "IPv4"),
        ("clusterIP", json!("fd00::1"), "IPv4"),
        ("clusterIP", json!("none"), "None"),
        ("clusterIPs", json!(["10.254.0.99"]), "one address"),
        ("selector", json!({ "a b": "c" }), ""),
        ("selector", json!({ "a": 1 }), "selector.a"),
        ("ports", json!([]), "at least one"),
        ("ports", json!(null), "at least one"),
        (
            "ports",
            json!(vec![json!({ "port": 1 }); 101]),
            "100 is the most",
        ),
        ("port/port", json!(0), "port: it must be 1"),
        ("port/port", json!(65_536), "port"),
        ("port/port", json!("80"), "port"),
        ("port/protocol", json!("SCTP"), "SCTP"),
        ("port/protocol", json!("tcp"), "TCP or UDP"),
        ("port/name", json!("Web"), "name"),
        ("port/name", json!("a".repeat(64)), "name"),
        ("port/targetPort", json!(-1), "targetPort"),
        ("port/targetPort", json!("80"), "targetPort"),
        ("port/targetPort", json!("-"), "targetPort"),
        ("port/nodePort", json!(30_080), "NodePort and LoadBalancer"),
        ("port/appProtocol", json!("https"), "appProtocol"),
        ("port/hostPort", json!(80), "no such field"),
        ("publishNotReadyAddresses", json!("yes"), ""),
        ("color", json!("blue"), "no such field"),
    ] {
        let place = match field.strip_prefix("port/") {
            Some(field) => format!("spec.ports[0].{field}"),
            None => format!("spec.{field}"),
        };
        refused(svc(json!({ field: value })), &[&place, word]);
    }
    for (more, word) in [
        (
            json!({ "type": "NodePort", "clusterIP": "None" }),
            "spec.clusterIP",
        ),
        (
            json!({ "type": "LoadBalancer", "clusterIP": "None" }),
            "publish",
        ),
        (
            json!({ "type": "NodePort", "port/nodePort": 70_000 }),
            "spec.ports[0].nodePort",
        ),
        (
            json!({ "port/protocol": "UDP", "port/targetPort": "dns" }),
            "write the number",
        ),
    ] {
        refused(svc(more), &[word]);
    }
}

#[test]
fn ports_of_a_service_are_told_apart() {
    let both =
        |first: Value, second: Value| svc(json!({ "type": "NodePort", "ports": [first, second] }));
    let a = || json!({ "name": "a", "port": 80, "nodePort": 30_001 });
    assert!(both(a(), json!({ "name": "b", "port": 80, "protocol": "UDP" })).is_ok());
    for (second, place) in [
        (json!({ "port": 81 }), "spec.ports[1].name: it is missing"),
        (json!({ "name": "a", "port": 81 }), "spec.ports[1].name"),
        (json!({ "name": "b", "port": 80 }), "spec.ports[1].port"),
        (
            json!({ "name": "b", "port": 81, "nodePort": 30_001 }),
            "spec.ports[1].nodePort",
        ),
    ] {
        refused(both(a(), second), &[place]);
    }
}

#[test]
fn a_services_name_is_a_hosts() {
    for (metadata, word) in [
        (
            json!({ "metadata/name": null }),
            "metadata.name: it is missing",
        ),
        (
            json!({ "metadata/name": "" }),
            "metadata.name: it is missing",
        ),
        (json!({ "metadata/name": "a.b" }), "metadata.name"),
        (json!({ "metadata/name": "A" }), "metadata.name"),
        (json!({ "metadata/name": "a".repeat(64) }), "metadata.name"),
        (
            json!({ "metadata/namespace": "other" }),
            "metadata.namespace",
        ),
        (
            json!({ "metadata/labels": { "a": "b c" } }),
            "metadata.labels.a",
        ),
    ] {
        refused(svc(metadata), &[word]);
    }
    let labelled = svc(json!({ "metadata/labels": { "tier": "front" } })).unwrap();
    assert_eq!(labelled.labels["tier"], "front");
    let pod = manifest(json!({}), json!({})).to_string();
    refused(service(&pod), &["kind", "Service"]);
    let mut other = written(json!({}));
    other["apiVersion"] = json!("networking.k8s.io/v1");
    refused(service(&other.to_string()), &["apiVersion"]);
    let flat = json!({ "id": "web", "kind": "Service", "apiVersion": "v1beta1", "port": 80 });
    refused(service(&flat.to_string()), &["flat form"]);
    let mut shown = written(json!({}));
    shown["status"] = json!({ "loadBalancer": { "ingress": [{ "ip": "1.1.1.1" }] } });
    refused(service(&shown.to_string()), &["status"]);
}

#[test]
fn whatever_stands_wherever_in_a_service_is_read_or_refused_in_few_words() {
    let whole = written(json!({
        "metadata/labels": { "a": "b" }, "type": "NodePort", "clusterIP": "10.254.1.2",
        "clusterIPs": ["10.254.1.2"], "ipFamilies": ["IPv4"], "publishNotReadyAddresses": true,
        "ports": [
            { "name": "a", "port": 80, "targetPort": "http", "protocol": "TCP", "nodePort": 30_000 },
            { "name": "b", "port": 81, "targetPort": 8080 },
        ],
    }));
    assert!(service(&whole.to_string()).is_ok());
    let mut all = Vec::new();
    spots(&whole, String::new(), &mut all);
    let mut accepted = 0;
    for spot in &all {
        for thing in hostile::things() {
            let mut changed = whole.clone();
            *changed.pointer_mut(spot).unwrap() = thing;
            match service(&changed.to_string()) {
                Ok(read) => {
                    accepted += 1;
                    assert!(!read.ports.is_empty() && read.ports.len() <= 100);
                    assert!((1..=63).contains(&read.name.len()));
                }
                Err(Error::BadRequest(told)) => {
                    assert!(told.chars().count() < 1000, "{spot}: {told}")
                }
                Err(other) => panic!("{spot}: {other:?}"),
            }
        }
    }
    assert!(
        all.len() > 20 && accepted > 20,
        "{} places, {accepted} accepted",
        all.len()
    );
}
