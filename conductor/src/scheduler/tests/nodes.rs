//! Nodes of clusters, and what runs on them.

use super::*;
use schemas::container_infra::nodegroup::{Effect, Taint};
use schemas::container_infra::placing::{NodeFacts, Placing, Toleration};
use schemas::workload::Tunnel;

/// The host as a node of this cluster.
fn node(name: &str, cluster: &str) -> Candidate {
    let mut node = host(name, 1000);
    node.host.cluster_id = Some(cluster.into());
    node
}

#[test]
fn a_clusters_nodes_take_what_belongs_to_it_and_machines_all_else() {
    let hosts = [host("m", 100), node("a", "one"), node("b", "two")];
    assert_eq!(chosen(&request(50), &hosts), "m");
    let within = |cluster: &str| Request {
        within: Some(cluster.into()),
        ..request(50)
    };
    assert_eq!(chosen(&within("one"), &hosts), "a");
    assert_eq!(chosen(&within("two"), &hosts), "b");
    let named = Request {
        host: Some("a".into()),
        ..request(50)
    };
    assert!(choose(&named, &hosts, OverCommit::default()).is_err());
    let none = choose(&within("three"), &hosts, OverCommit::default()).unwrap_err();
    assert_eq!(
        none.to_string(),
        "No valid host was found. No node of cluster three has registered yet."
    );
    let full = choose(&request(500), &hosts, OverCommit::default()).unwrap_err();
    assert_eq!(full.hosts, 1, "nodes are not counted: {full}");
}

/// The host with an end of tunnels whose interface takes packets of so many bytes.
pub(super) fn tunnelled(name: &str, mtu: u32) -> Candidate {
    Candidate {
        tunnel: Some(Tunnel {
            address: [192, 0, 2, 1].into(),
            mtu,
        }),
        ..host(name, 1000)
    }
}

/// A node whose cluster has others on these machines, and a network with packets of 1450 bytes.
pub(super) fn beside(machines: &[(&str, Fellows)]) -> Request {
    let machines = machines.iter();
    Request {
        beside: Some(Beside {
            machines: machines
                .map(|(name, fellows)| (format!("id-{name}"), *fellows))
                .collect(),
            mtu: Some(1450),
            stuck: None,
        }),
        ..request(50)
    }
}

pub(super) const ONE: Fellows = Fellows {
    nodes: 1,
    of_group: 0,
    masters: 0,
};

#[test]
fn nodes_of_a_cluster_go_where_the_fewest_of_its_nodes_are() {
    let mut full = tunnelled("b", 1500);
    full.host.used_memory_mb = 900;
    let hosts = [tunnelled("a", 1500), full];
    // However little room there is.
    assert_eq!(chosen(&beside(&[("a", ONE)]), &hosts), "b");
    let of_group = Fellows { of_group: 1, ..ONE };
    let mixed = beside(&[("a", ONE), ("b", of_group)]);
    assert_eq!(chosen(&mixed, &hosts), "a");
    let master = Fellows {
        of_group: 1,
        masters: 1,
        ..ONE
    };
    let two = Fellows { nodes: 3, ..ONE };
    assert_eq!(chosen(&beside(&[("a", master), ("b", two)]), &hosts), "b");
    assert_eq!(chosen(&beside(&[("a", ONE)]), &hosts[..1]), "a");
}

#[test]
fn the_first_node_goes_where_others_can_follow_to_elsewhere() {
    let hosts = [host("a", 4000), tunnelled("b", 1500)];
    assert_eq!(chosen(&beside(&[]), &hosts), "b");
    assert_eq!(chosen(&beside(&[]), &hosts[..1]), "a");
}

#[test]
fn nodes_stay_on_one_machine_where_their_network_does_not_reach_further_and_it_is_said_why() {
    let there = beside(&[("a", ONE)]);
    let why = |request: &Request, candidate: Candidate| {
        let refused = choose(request, &[candidate], OverCommit::default()).unwrap_err();
        assert_eq!(refused.by["other nodes of the cluster"], 1);
        refused.to_string()
    };
    let mut cannot = host("b", 1000);
    cannot.tunnel_problem = Some("nft cannot be run".into());
    let said = why(&there, cannot);
    assert!(said.contains("nft cannot be run"), "{said}");
    let said = why(&there, tunnelled("b", 1400));
    assert!(said.contains("1450") && said.contains("1400"), "{said}");
    let mut before = there.clone();
    before.beside.as_mut().unwrap().mtu = None;
    let said = why(&before, tunnelled("b", 1500));
    assert!(said.contains("on the same"), "{said}");
    let mut stuck = there.clone();
    stuck.beside.as_mut().unwrap().stuck = Some("a cannot tunnel: no root".into());
    let said = why(&stuck, tunnelled("b", 1500));
    assert!(said.contains("a cannot tunnel: no root"), "{said}");
    // The machine that they are on is as good as ever.
    for request in [there, before, stuck] {
        assert_eq!(chosen(&request, &[host("a", 1000)]), "a");
    }
}

#[test]
fn guests_of_a_cluster_are_spread_by_number_whatever_images_nodes_have() {
    let mut busy = node("a", "one");
    busy.host.servers = 1;
    busy.images = vec!["sha256:1".into()];
    let hosts = [busy, node("b", "one")];
    let small = Request {
        within: Some("one".into()),
        image: "sha256:1".into(),
        ..request(0)
    };
    assert_eq!(chosen(&small, &hosts), "b");
}

fn facts(labels: &[(&str, &str)], taint: Option<Effect>) -> NodeFacts {
    let labels = labels.iter();
    NodeFacts {
        labels: labels
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
        taints: taint
            .map(|effect| Taint {
                key: "gpu".into(),
                value: None,
                effect,
            })
            .into_iter()
            .collect(),
    }
}

#[test]
fn a_pod_goes_where_its_labels_are_and_no_taint_keeps_it_off() {
    let hosts = [node("a", "one"), node("b", "one"), node("c", "one")];
    let ssd = [("disk", "ssd")];
    let choose = |placing: &Placing, nodes: [NodeFacts; 3]| {
        let ids = ["id-a", "id-b", "id-c"].map(str::to_owned);
        let request = Request {
            within: Some("one".into()),
            choice: Some(Choice {
                placing: placing.clone(),
                nodes: ids.into_iter().zip(nodes).collect(),
            }),
            ..request(50)
        };
        let chosen = choose(&request, &hosts, OverCommit::default());
        chosen
            .map(|candidate| candidate.host.hostname.clone())
            .map_err(|none| none.to_string())
    };
    let bare = || facts(&[], None);
    let mut placing = Placing {
        labels: BTreeMap::from([("disk".into(), "ssd".into())]),
        ..Placing::default()
    };
    let told = choose(&placing, [bare(), facts(&[("disk", "hdd")], None), bare()]).unwrap_err();
    assert!(told.contains("None of 3 nodes has disk=ssd."), "{told}");
    let chosen = choose(&placing, [bare(), facts(&ssd, None), bare()]);
    assert_eq!(chosen.as_deref(), Ok("b"));
    let tainted = || [bare(), facts(&ssd, Some(Effect::NoSchedule)), bare()];
    let told = choose(&placing, tainted()).unwrap_err();
    assert!(told.contains("nodeSelector: 2, taints: 1"), "{told}");
    assert!(
        told.contains("b (its taint gpu:NoSchedule is not"),
        "{told}"
    );
    placing.tolerations.push(Toleration {
        key: Some("gpu".into()),
        value: None,
        effect: None,
    });
    assert_eq!(choose(&placing, tainted()).as_deref(), Ok("b"));
    let soft = || facts(&[], Some(Effect::PreferNoSchedule));
    let anywhere = Placing::default();
    assert_eq!(
        choose(&anywhere, [soft(), bare(), soft()]).as_deref(),
        Ok("b")
    );
    assert!(choose(&anywhere, [soft(), soft(), soft()]).is_ok());
}
