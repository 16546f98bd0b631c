//! What follows from what the API server says.

use super::*;
use crate::cluster::plan::tests::kubernetes_of;
use schemas::container_infra::adopted::Node;

fn ours(name: &str, ready: &str) -> Node {
    Node {
        name: name.into(),
        ready: ready.into(),
        group: Some("default-worker".into()),
        ..Node::default()
    }
}

fn answers(nodes: Vec<Node>) -> Sight {
    Sight::Answers(Seen {
        version: "v1.20.2".into(),
        nodes,
        hidden: None,
    })
}

fn plane(sight: Option<Sight>) -> Plane {
    let until = schemas::Timestamp(0);
    let row = Adopted::own("c", ("https://m:1", "ca"), String::new(), until);
    Plane {
        row: Some(row),
        sight,
    }
}

#[test]
fn a_node_is_in_when_it_is_listed_as_ready_and_nobody_waits_for_whom_it_cannot_help() {
    let out = |why: &str| Standing::Out(why.into());
    let waits = |why: &str| Standing::Waits(why.into());
    let mut tired = ours("n", "False");
    tired.why = Some("no network".into());
    let hidden = Sight::Answers(Seen {
        hidden: Some("403".into()),
        ..Seen::default()
    });
    let refused = "the API server does not answer: connection refused";
    for (sight, worker, master) in [
        (
            None,
            waits("the API server is asked"),
            waits("the API server is asked"),
        ),
        (
            Some(Sight::Silent("connection refused".into())),
            waits(refused),
            out(refused),
        ),
        (
            Some(answers(vec![ours("other", "True")])),
            out("the API server does not know it yet"),
            out("the API server does not know it yet"),
        ),
        (
            Some(answers(vec![tired])),
            out("not ready: no network"),
            out("not ready: no network"),
        ),
        (
            Some(answers(vec![ours("n", "Unknown")])),
            out("not ready: Unknown"),
            out("not ready: Unknown"),
        ),
        (
            Some(hidden),
            waits("the API server does not list its nodes: 403"),
            waits("the API server does not list its nodes: 403"),
        ),
        (
            Some(answers(vec![ours("n", "True")])),
            Standing::In,
            Standing::In,
        ),
    ] {
        let plane = plane(sight);
        assert_eq!(plane.standing("n", false), worker, "{plane:?}");
        assert_eq!(plane.standing("n", true), master, "{plane:?}");
    }
    let early = Plane {
        row: None,
        sight: None,
    };
    assert_eq!(
        early.standing("n", false),
        waits("waits for the API server")
    );
    assert!(matches!(early.standing("n", true), Standing::Out(_)));
}

#[test]
fn who_has_no_server_is_to_be_forgotten_and_who_was_added_by_others_is_not() {
    let mut at = kubernetes_of(1);
    let foreign = Node {
        group: None,
        ..ours("my-own-machine", "False")
    };
    let listed = vec![
        ours("default-master-0", "True"),
        ours("default-worker-0", "Unknown"),
        ours("default-worker-9", "Unknown"),
        foreign,
    ];
    at.kubernetes = Some(plane(Some(answers(listed))));
    assert_eq!(gone(&at), ["default-worker-9"]);
    let lacks = lacking(&at).unwrap();
    assert!(lacks.contains("default-worker-9"), "{lacks}");
    // One whose server is still on its way out may yet be seen by it.
    at.groups[1].places[0].server = None;
    assert_eq!(gone(&at), ["default-worker-0", "default-worker-9"]);
    at.kubernetes = Some(plane(Some(Sight::Silent("x".into()))));
    assert_eq!((gone(&at).len(), lacking(&at)), (0, None));
}

#[test]
fn health_has_the_words_of_upstream_and_ours_for_whom_it_has_none() {
    let places = [("a", "ok"), ("b", "its server is stopped")];
    let places = places.map(|(name, words)| (name.to_owned(), words.to_owned()));
    let listed = answers(vec![ours("bay-a-1", "True"), ours("bay-b-1", "Unknown")]);
    let told = reasons(&plane(Some(listed)), places.clone().into());
    assert_eq!(
        serde_json::to_string(&told).unwrap(),
        r#"{"api":"ok","b":"its server is stopped","bay-a-1.Ready":"True","bay-b-1.Ready":"Unknown"}"#
    );
    let silent = plane(Some(Sight::Silent("refused".into())));
    assert_eq!(reasons(&silent, places.into())["api"], "refused");
}

#[test]
fn names_of_nodes_are_those_of_hosts_and_never_the_same() {
    let at = kubernetes_of(1);
    let mut row = at.groups[1].places[0].row.clone();
    assert_eq!(node::named("Bay 1", &row), "bay-1-default-worker-0-1");
    row.attempt = 12;
    assert_eq!(node::named("bay", &row), "bay-default-worker-0-12");
    let long = node::named(&"x".repeat(200), &row);
    assert_eq!(long.len(), 63);
    assert!(long.ends_with("x-default-worker-0-12"), "{long}");
    // What two groups' names would be alike by is left out.
    row.id = "0199d7a8-0000-7000-8000-00000000000a".into();
    for group in ["GPU", "gpu_", &"g".repeat(60)] {
        row.name = format!("{group}-0");
        let name = node::named("bay", &row);
        assert_eq!(name, "bay-n0199d7a800007000800000000000000a-12");
    }
    row.cluster_id = "id".into();
    assert!(node::named("日本", &row).starts_with("server-id-n0199"));
}

#[test]
fn a_node_registers_with_its_groups_labels_and_taints_and_ours() {
    use schemas::container_infra::nodegroup::{Effect, Taint};
    let mut at = kubernetes_of(1);
    let mut group = at.groups[1].row.clone();
    let mut spec = group.spec().unwrap();
    spec.node_labels.insert("disk".into(), "ssd".into());
    spec.node_labels
        .insert("magnum.openstack.org/role".into(), "king".into());
    let taint = |key: &str, value: Option<&str>, effect| Taint {
        key: key.into(),
        value: value.map(str::to_owned),
        effect,
    };
    spec.node_taints = vec![
        taint("gpu", Some("yes"), Effect::NoSchedule),
        taint("night", None, Effect::NoExecute),
    ];
    group.set_spec(&spec).unwrap();
    at.groups[0].places[0].row.address = Some("10.0.0.2".into());
    let place = at.groups[1].places[0].row.clone();
    let guests = Default::default();
    let part = part(&at, &group, &place, ("10.0.0.3", &guests))
        .unwrap()
        .unwrap();
    assert_eq!(part.api, "https://10.0.0.2:6443");
    assert_eq!(part.service_address.to_string(), "10.254.0.1");
    assert_eq!(part.taints, ["gpu=yes:NoSchedule", "night=:NoExecute"]);
    assert!(!part.control);
    assert_eq!(
        serde_json::to_string(&part.labels).unwrap(),
        r#"{"disk":"ssd","magnum.openstack.org/nodegroup":"default-worker","magnum.openstack.org/role":"worker"}"#
    );
    assert!(publish(&at, &group).is_empty());
    assert_eq!(publish(&at, &at.groups[0].row), [6443]);
}
