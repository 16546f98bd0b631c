use super::*;
use crate::fleet::Picture;
use schemas::container_infra::nodegroup::{Effect, Taint};
use schemas::container_infra::placing::{NodeFacts, Placing, Toleration};
use schemas::workload::Tunnel;

fn host(name: &str, memory_mb: i64) -> Candidate {
    let host = Host {
        id: format!("id-{name}"),
        hostname: name.into(),
        zone: "nova".into(),
        epoch: String::new(),
        seen_at: 0,
        state: "enabled".into(),
        disabled_reason: None,
        forced_down: 0,
        cpus: 4,
        memory_mb,
        disk_gb: 100,
        used_vcpus: 0,
        used_memory_mb: 0,
        used_disk_gb: 0,
        servers: 0,
        inventory: "{}".into(),
        revision: 1,
        created_at: 0,
        updated_at: 0,
        cluster_id: None,
        lent_to: None,
    };
    Candidate {
        host,
        up: true,
        engine_problem: None,
        images: vec![],
        tunnel: None,
        tunnel_problem: None,
        lendable: None,
    }
}

fn request(memory_mb: i64) -> Request {
    Request {
        size: Size {
            vcpus: 1,
            memory_mb,
            disk_gb: 1,
        },
        ..Request::default()
    }
}

fn chosen(request: &Request, hosts: &[Candidate]) -> String {
    choose(request, hosts, OverCommit::default())
        .unwrap()
        .host
        .hostname
        .clone()
}

#[test]
fn the_host_with_most_room_is_chosen() {
    let mut full = host("a", 1000);
    full.host.used_memory_mb = 900;
    assert_eq!(chosen(&request(50), &[full, host("b", 1000)]), "b");
}

#[test]
fn equal_hosts_are_chosen_in_a_fixed_order() {
    let hosts = [host("b", 1000), host("a", 1000)];
    assert_eq!(chosen(&request(50), &hosts), "a");
}

#[test]
fn a_host_that_has_the_image_is_preferred_among_equals() {
    let mut local = host("b", 1000);
    local.images.push("sha256:1".into());
    let request = Request {
        image: "sha256:1".into(),
        ..request(50)
    };
    assert_eq!(chosen(&request, &[host("a", 1000), local]), "b");
}

#[test]
fn silent_disabled_and_broken_hosts_are_left_alone() {
    let mut silent = host("a", 1000);
    silent.up = false;
    let mut disabled = host("b", 1000);
    disabled.host.state = "disabled".into();
    let mut broken = host("c", 1000);
    broken.engine_problem = Some("no answer".into());
    let hosts = [silent, disabled, broken];
    let refused = choose(&request(1), &hosts, OverCommit::default());
    assert_eq!(refused.unwrap_err().by["host state"], 3);
}

#[test]
fn anti_affinity_never_shares_and_affinity_never_parts() {
    let members = BTreeMap::from([("id-a".to_string(), 1)]);
    let group = |policy: &str| {
        Some(Group {
            policy: policy.into(),
            max_per_host: 1,
            members: members.clone(),
        })
    };
    let hosts = [host("a", 1000), host("b", 1000)];
    let with = |policy| Request {
        group: group(policy),
        ..request(1)
    };
    assert_eq!(chosen(&with("anti-affinity"), &hosts), "b");
    assert_eq!(chosen(&with("affinity"), &hosts), "a");
    assert_eq!(chosen(&with("soft-anti-affinity"), &hosts), "b");
    assert_eq!(chosen(&with("soft-anti-affinity"), &hosts[..1]), "a");
    assert!(choose(&with("anti-affinity"), &hosts[..1], OverCommit::default()).is_err());
}

#[test]
fn the_refusal_names_the_nearest_miss() {
    let mut other_zone = host("a", 1000);
    other_zone.host.zone = "far".into();
    let request = Request {
        zone: Some("nova".into()),
        ..request(600)
    };
    let hosts = [other_zone, host("b", 500)];
    let refused = choose(&request, &hosts, OverCommit::default());
    let text = refused.unwrap_err().to_string();
    assert!(
        text.contains("Nearest: b (500 MiB of memory free, 600 needed)"),
        "{text}"
    );
    assert!(text.contains("availability zone: 1, memory: 1"), "{text}");
}

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
fn tunnelled(name: &str, mtu: u32) -> Candidate {
    Candidate {
        tunnel: Some(Tunnel {
            address: [192, 0, 2, 1].into(),
            mtu,
        }),
        ..host(name, 1000)
    }
}

/// A node whose cluster has others on these machines, and a network with packets of 1450 bytes.
fn beside(machines: &[(&str, Fellows)]) -> Request {
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

const ONE: Fellows = Fellows {
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

/// The host as a machine that is lent as a whole, but for 100 MiB.
fn lendable(name: &str, memory_mb: i64) -> Candidate {
    let mut machine = host(name, memory_mb);
    machine.lendable = Some(Size {
        memory_mb: memory_mb - 100,
        ..machine.host.capacity(OverCommit::none())
    });
    machine
}

fn whole(memory_mb: i64) -> Request {
    Request {
        whole: true,
        ..request(memory_mb)
    }
}

#[test]
fn a_whole_machine_is_the_smallest_that_is_lent_empty_and_large_enough() {
    let mut lent = lendable("lent", 2000);
    lent.host.lent_to = Some("somebody".into());
    let mut busy = lendable("busy", 2000);
    busy.host.servers = 1;
    let fitting = lendable("fitting", 2000);
    let hosts = [
        host("ordinary", 2000),
        lent,
        busy,
        lendable("small", 900),
        lendable("large", 9000),
        fitting,
    ];
    assert_eq!(chosen(&whole(800), &hosts), "small");
    assert_eq!(chosen(&whole(801), &hosts), "fitting");
    assert_eq!(chosen(&whole(1901), &hosts), "large");
    let refused = choose(&whole(8901), &hosts, OverCommit::default()).unwrap_err();
    let expected = [
        ("lent as a whole", 1),
        ("memory", 3),
        ("not empty", 1),
        ("not lendable as a whole", 1),
    ];
    assert_eq!(refused.by, BTreeMap::from(expected));
}

#[test]
fn a_whole_machine_has_no_more_cpus_than_it_has() {
    let over_committed = Request {
        size: Size {
            vcpus: 5,
            ..request(50).size
        },
        ..whole(50)
    };
    let hosts = [lendable("a", 1000)];
    let refused = choose(&over_committed, &hosts, OverCommit::default()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "No valid host was found. Of 1 hosts, turned away by cpu and disk: 1. Nearest: a (4 VCPUs \
         free, 5 needed)."
    );
}

#[test]
fn nobody_else_is_placed_on_a_lent_machine_and_lendable_ones_are_kept_empty() {
    let mut lent = lendable("lent", 9000);
    lent.host.lent_to = Some("somebody".into());
    let mut full = host("full", 1000);
    full.host.used_memory_mb = 940;
    let hosts = [lent, lendable("lendable", 9000), full];
    assert_eq!(chosen(&request(50), &hosts), "full");
    assert_eq!(chosen(&request(500), &hosts), "lendable");
    let refused = choose(&request(50), &hosts[..1], OverCommit::default()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "No valid host was found. Of 1 hosts, turned away by lent as a whole: 1. Nearest: lent \
         (another server has it for itself)."
    );
}

#[test]
fn nodes_with_machines_for_themselves_are_on_different_ones() {
    let mut first = lendable("a", 1000);
    first.host.lent_to = Some("its first node".into());
    let second = Request {
        whole: true,
        ..beside(&[("a", ONE)])
    };
    let other = Candidate {
        tunnel: tunnelled("b", 1500).tunnel,
        ..lendable("b", 1000)
    };
    assert_eq!(chosen(&second, &[first, other]), "b");
}

#[test]
fn a_placement_that_is_repeated_counts_once() {
    let mut picture = Picture::default();
    picture.candidates = vec![host("a", 1000), host("b", 1000)];
    let before = picture.candidates[0].host.clone();
    let size = request(50).size;
    for _ in 0..3 {
        picture.withdraw("one");
        picture.reserve("one", "id-a", size, true);
    }
    assert_eq!(picture.candidates[0].host.servers, before.servers + 1);
    picture.withdraw("two");
    assert!(picture.candidates[0].host.lent_to.is_some());
    picture.withdraw("one");
    assert_eq!(picture.candidates[0].host, before);
}
