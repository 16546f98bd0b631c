use super::*;
use crate::container_infra::nodegroup::Effect;
use crate::container_infra::placing::Toleration;

#[test]
fn a_pod_says_which_nodes_it_may_be_on() {
    let spec = json!({
        "nodeName": "bay-node-0", "nodeSelector": { "disk": "ssd", "example.com/Zone": "" },
        "tolerations": [
            { "key": "gpu", "operator": "Exists", "effect": "NoSchedule" },
            { "key": "gpu", "value": "a" },
            { "key": "gpu" },
            { "operator": "Exists" },
        ],
    });
    let placing = read(json!({}), spec.clone()).unwrap().template.placing;
    assert_eq!(placing.node.as_deref(), Some("bay-node-0"));
    assert_eq!(
        (placing.labels.len(), placing.labels["disk"].as_str()),
        (2, "ssd")
    );
    let covers = |key: Option<&str>, value: Option<&str>, effect| Toleration {
        key: key.map(Into::into),
        value: value.map(Into::into),
        effect,
    };
    let expected = [
        covers(Some("gpu"), None, Some(Effect::NoSchedule)),
        covers(Some("gpu"), Some("a"), None),
        covers(Some("gpu"), Some(""), None),
        covers(None, None, None),
    ];
    assert_eq!(placing.tolerations, expected);
    let rc = json!({
        "apiVersion": "v1", "kind": "ReplicationController", "metadata": { "name": "web" },
        "spec": { "template": { "metadata": { "labels": { "a": "b" } }, "spec":
            manifest(json!({}), spec)["spec"] } },
    });
    assert_eq!(
        controller(&rc.to_string()).unwrap().template.placing,
        placing
    );
}

#[test]
fn what_no_node_could_be_chosen_by_is_refused() {
    for (toleration, words) in [
        (
            json!({ "key": "a", "operator": "Exists", "value": "b" }),
            ["[0].value", "leave it out"],
        ),
        (json!({ "value": "b" }), ["[0].operator", "Exists"]),
        (
            json!({ "key": "a", "operator": "Gt", "value": "5" }),
            ["[0].operator", "Equal"],
        ),
        (json!({ "key": "a b" }), ["[0].key", "letters"]),
        (
            json!({ "key": "a", "effect": "Never" }),
            ["[0].effect", "NoExecute"],
        ),
        (
            json!({ "key": "a", "tolerationSeconds": 5 }),
            ["[0].tolerationSeconds", "sent away"],
        ),
    ] {
        refused(
            read(json!({}), json!({ "tolerations": [toleration] })),
            &words,
        );
    }
    let many = vec![json!({ "operator": "Exists" }); 65];
    refused(
        read(json!({}), json!({ "tolerations": many })),
        &["spec.tolerations", "64"],
    );
    refused(
        read(json!({}), json!({ "nodeSelector": { "a b": "c" } })),
        &["spec.nodeSelector"],
    );
    refused(
        read(json!({}), json!({ "nodeSelector": { "a": 5 } })),
        &["nodeSelector"],
    );
}
