use super::*;

/// A replication controller with these fields in its spec.
fn rc(spec: Value) -> Result<Controller> {
    let inner = manifest(json!({}), json!({}));
    let mut whole = json!({
        "apiVersion": "v1", "kind": "ReplicationController", "metadata": { "name": "web" },
        "spec": { "template": { "metadata": { "labels": { "app": "web", "tier": "front" } }, "spec": inner["spec"] } },
    });
    for (field, value) in spec.as_object().unwrap() {
        match field.split_once('/') {
            None => whole["spec"][field] = value.clone(),
            Some(("metadata", field)) => whole["metadata"][field] = value.clone(),
            Some((_, field)) => whole["spec"]["template"]["spec"][field] = value.clone(),
        }
    }
    controller(&whole.to_string())
}

#[test]
fn a_controller_keeps_one_pod_of_its_templates_labels_unless_it_says_more() {
    let bare = rc(json!({})).unwrap();
    assert_eq!((bare.replicas, bare.name.as_str()), (1, "web"));
    assert_eq!(bare.selector, bare.template.labels);
    assert_eq!(bare.labels, bare.template.labels);
    let more =
        rc(json!({ "replicas": 3, "selector": { "app": "web" }, "metadata/labels": { "x": "y" } }));
    let more = more.unwrap();
    assert_eq!(
        (
            more.replicas,
            more.selector.len(),
            more.labels["x"].as_str()
        ),
        (3, 1, "y")
    );
    assert_eq!(rc(json!({ "replicas": 0 })).unwrap().replicas, 0);
}

#[test]
fn a_controller_that_could_not_keep_its_pods_is_refused() {
    for (spec, word) in [
        (json!({ "replicas": -1 }), "spec.replicas"),
        (json!({ "replicas": "3" }), "spec.replicas"),
        (json!({ "selector": { "app": "other" } }), "spec.selector"),
        (
            json!({ "selector": { "app": "web", "more": "x" } }),
            "spec.selector",
        ),
        (json!({ "template": null }), "spec.template"),
        (
            json!({ "template": { "spec": { "containers": [] } } }),
            "containers",
        ),
        (
            json!({ "template": { "metadata": { "labels": { "a": "b" } } } }),
            "spec.template.spec",
        ),
        (
            json!({ "template": { "spec": { "containers": [{ "name": "a", "image": "b" }] } } }),
            "labels",
        ),
        (
            json!({ "template": { "metadata": { "name": "x", "labels": { "a": "b" } }, "spec": {} } }),
            "metadata.name",
        ),
        (json!({ "minReadySeconds": 5 }), "spec.minReadySeconds"),
        (
            json!({ "template/restartPolicy": "Never" }),
            "spec.template.spec.restartPolicy",
        ),
        (
            json!({ "template/hostNetwork": true }),
            "spec.template.spec.hostNetwork",
        ),
    ] {
        refused(rc(spec), &[word]);
    }
    let pod = manifest(json!({}), json!({})).to_string();
    refused(controller(&pod), &["kind", "ReplicationController"]);
}
