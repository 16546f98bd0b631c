mod config;
mod containers;
mod controllers;
mod hostile;
mod parts;
mod placing;
mod services;

use super::*;
use crate::ids::ImageId;
use serde_json::json;

/// A pod of one container with these fields beside name and image, and these beside the container.
fn manifest(container: Value, spec: Value) -> Value {
    let merged = |mut base: Value, more: Value| {
        base.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        base
    };
    let container = merged(json!({ "name": "web", "image": "nginx" }), container);
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web", "labels": { "app": "web" } },
        "spec": merged(json!({ "containers": [container] }), spec),
    })
}

fn read(container: Value, spec: Value) -> Result<Pod> {
    pod(&manifest(container, spec).to_string())
}

fn image(name: &str) -> Result<ImageRef> {
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes());
    Ok(ImageRef {
        id: ImageId(id),
        manifest: format!("sha256:{name}"),
    })
}

/// What a host is told of the only container.
fn member(container: Value) -> Member {
    let read = read(container.clone(), json!({}));
    let read = read.unwrap_or_else(|error| panic!("{container}: {error}"));
    read.template.spec(image).unwrap().containers.remove(0)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(read: Result<T>, words: &[&str]) {
    match read {
        Err(Error::BadRequest(told)) => {
            for word in words {
                assert!(told.contains(word), "{word:?} is not in: {told}");
            }
        }
        other => panic!("{words:?}: {other:?}"),
    }
}

#[test]
fn a_bare_pod_has_kubernetes_defaults() {
    let read = read(json!({}), json!({})).unwrap();
    assert_eq!((read.name.as_str(), read.template.size()), ("web", 1));
    assert_eq!(read.template.images(), ["nginx"]);
    assert_eq!(read.template.room(), Room::default());
    let spec = read.template.spec(image).unwrap();
    assert_eq!((spec.restart, spec.grace_s), (Restart::Always, 30));
    assert_eq!(spec.labels["app"], "web");
    let member = &spec.containers[0];
    assert_eq!(member.image, image("nginx").unwrap());
    assert_eq!(
        (&member.command, &member.args, &member.user),
        (&None, &None, &None)
    );
    assert_eq!(
        (member.limits.cpu_shares, member.limits.cpu_millis),
        (2, None)
    );
    assert_eq!((member.limits.memory_bytes, member.limits.pids), (0, 0));
    assert_eq!(member.security, Default::default());
}

#[test]
fn what_says_only_what_is_so_anyway_is_accepted() {
    let container = json!({
        "imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File", "stdin": false, "tty": false, "envFrom": [],
        "resources": {}, "securityContext": {
            "privileged": false, "allowPrivilegeEscalation": false, "capabilities": {},
            "procMount": "Default", "seccompProfile": { "type": "RuntimeDefault" },
        },
        "lifecycle": {}, "livenessProbe": null,
    });
    let spec = json!({
        "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
        "enableServiceLinks": false, "serviceAccountName": "default", "hostNetwork": false,
        "automountServiceAccountToken": false, "tolerations": [], "affinity": {}, "nodeSelector": {},
        "imagePullSecrets": [], "securityContext": {}, "volumes": [], "priority": 0,
        "terminationGracePeriodSeconds": 30, "hostUsers": true,
    });
    let mut whole = manifest(container, spec);
    whole["metadata"]["namespace"] = json!("default");
    whole["metadata"]["creationTimestamp"] = json!(null);
    whole["metadata"]["annotations"] = json!({ "example.com/Why": "because" });
    let bare = read(json!({}), json!({})).unwrap();
    assert_eq!(pod(&whole.to_string()).unwrap(), bare);
}

#[test]
fn what_a_pods_spec_cannot_have_is_refused_by_its_name() {
    for (field, value, word) in [
        ("hostNetwork", json!(true), "policy"),
        ("hostPID", json!(true), "policy"),
        ("hostIPC", json!(true), "policy"),
        ("hostUsers", json!(false), "user ids"),
        ("nodeName", json!("N o"), "lower-case"),
        ("nodeSelector", json!({ "a": "b c" }), "letters"),
        (
            "affinity",
            json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [{}] } } }),
            "chooses",
        ),
        ("tolerations", json!([{}]), "Exists"),
        (
            "topologySpreadConstraints",
            json!([{ "maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "b" }]),
            "",
        ),
        ("schedulerName", json!("mine"), "chooses the node"),
        ("serviceAccountName", json!("me"), ""),
        ("automountServiceAccountToken", json!(true), ""),
        (
            "imagePullSecrets",
            json!([{ "name": "a" }]),
            "image service",
        ),
        ("hostAliases", json!([{ "ip": "1.1.1.1" }]), ""),
        ("dnsPolicy", json!("None"), ""),
        ("dnsPolicy", json!("Default"), "name service"),
        ("enableServiceLinks", json!(true), "by their names"),
        ("dnsConfig", json!({ "nameservers": ["1.1.1.1"] }), ""),
        ("subdomain", json!("a"), ""),
        ("setHostnameAsFQDN", json!(true), ""),
        ("shareProcessNamespace", json!(true), ""),
        ("runtimeClassName", json!("kata"), ""),
        ("priorityClassName", json!("high"), ""),
        ("priority", json!(5), ""),
        ("activeDeadlineSeconds", json!(5), ""),
        ("readinessGates", json!([{ "conditionType": "a" }]), ""),
        ("ephemeralContainers", json!([{ "name": "a" }]), ""),
        ("overhead", json!({ "cpu": "1" }), ""),
        ("os", json!({ "name": "windows" }), ""),
        ("restartPolicy", json!("Sometimes"), "OnFailure"),
        ("terminationGracePeriodSeconds", json!(-1), ""),
        ("terminationGracePeriodSeconds", json!(86_401), ""),
        ("hostname", json!("A_b"), ""),
        ("hostname", json!("a.b"), ""),
        ("securityContext", json!({ "fsGroup": 1 }), "fsGroup"),
        (
            "securityContext",
            json!({ "supplementalGroups": [1] }),
            "supplementalGroups",
        ),
        (
            "securityContext",
            json!({ "sysctls": [{ "name": "a", "value": "b" }] }),
            "policy",
        ),
        (
            "securityContext",
            json!({ "seccompProfile": { "type": "Unconfined" } }),
            "seccompProfile.type",
        ),
    ] {
        refused(
            read(json!({}), json!({ field: value })),
            &[&format!("spec.{field}"), word],
        );
    }
    let mut ended = manifest(json!({}), json!({}));
    ended["status"] = json!({ "phase": "Running" });
    refused(pod(&ended.to_string()), &["status"]);
}

#[test]
fn names_and_labels_are_checked() {
    let named = |metadata: Value| {
        let mut whole = manifest(json!({}), json!({}));
        whole["metadata"] = metadata;
        pod(&whole.to_string())
    };
    assert!(named(json!({ "name": "a.b-1" })).is_ok());
    for (metadata, word) in [
        (json!({}), "metadata.name"),
        (json!({ "name": "" }), "metadata.name"),
        (json!({ "name": "A" }), "metadata.name"),
        (json!({ "name": "a/b" }), "metadata.name"),
        (json!({ "name": "a".repeat(254) }), "metadata.name"),
        (
            json!({ "generateName": "a-" }),
            "metadata.generateName: write a name",
        ),
        (
            json!({ "name": "a", "namespace": "kube-system" }),
            "metadata.namespace",
        ),
        (
            json!({ "name": "a", "labels": { "a b": "c" } }),
            "metadata.labels",
        ),
        (
            json!({ "name": "a", "labels": { "a": "b c" } }),
            "metadata.labels.a",
        ),
        (
            json!({ "name": "a", "annotations": { "a": "x".repeat(300_000) } }),
            "annotations",
        ),
        (
            json!({ "name": "a", "finalizers": ["b"] }),
            "metadata.finalizers",
        ),
        (
            json!({ "name": "a", "ownerReferences": [{ "apiVersion": "v1", "kind": "a", "name": "b", "uid": "c" }] }),
            "selector",
        ),
    ] {
        refused(named(metadata), &[word]);
    }
}
