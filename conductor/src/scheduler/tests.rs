//! The choice: who is preferred, who is turned away, and what is said of it.

mod nodes;
mod whole;

use super::*;
use crate::fleet::Picture;

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
