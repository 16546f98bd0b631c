use super::*;

/// Every place in a document.
pub(super) fn spots(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            spots(value, format!("{at}/{}", key.replace('/', "~1")), found)
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, value)| spots(value, format!("{at}/{n}"), found)),
        _ => {}
    }
    found.push(at);
}

/// What somebody might write anywhere.
pub(super) fn things() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("$($($("),
        json!("..//.."),
        json!("💣".repeat(70)),
        json!("x".repeat(300_000)),
        json!([]),
        json!({}),
        json!([null]),
        json!({ "a": { "b": [] } }),
        json!([[[]]]),
        json!([{}]),
        json!({ "": "" }),
    ]
}

#[test]
fn whatever_stands_wherever_is_read_or_refused_in_few_words() {
    let container = json!({
        "command": ["a"], "args": ["b"], "workingDir": "/c", "env": [{ "name": "D", "value": "e" }],
        "ports": [{ "name": "f", "containerPort": 80, "protocol": "TCP" }],
        "resources": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "1", "memory": "1Gi" } },
        "volumeMounts": [{ "name": "v", "mountPath": "/v", "readOnly": true }],
        "livenessProbe": { "httpGet": { "port": "f", "path": "/", "httpHeaders": [{ "name": "g", "value": "h" }] } },
        "readinessProbe": { "tcpSocket": { "port": 80 }, "periodSeconds": 5 },
        "securityContext": { "runAsUser": 1, "runAsGroup": 2, "readOnlyRootFilesystem": true },
    });
    let spec = json!({
        "nodeName": "n", "nodeSelector": { "disk": "ssd" },
        "tolerations": [{ "key": "gpu", "operator": "Equal", "value": "a", "effect": "NoSchedule" }],
        "volumes": [{ "name": "v", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } }],
        "initContainers": [{ "name": "i", "image": "i" }], "hostname": "h", "restartPolicy": "Always",
    });
    let whole = manifest(container, spec);
    assert!(pod(&whole.to_string()).is_ok());
    let mut all = Vec::new();
    spots(&whole, String::new(), &mut all);
    let things = things();
    let mut accepted = 0;
    for spot in &all {
        for thing in &things {
            let mut changed = whole.clone();
            *changed.pointer_mut(spot).unwrap() = thing.clone();
            match pod(&changed.to_string()) {
                Ok(read) => {
                    accepted += 1;
                    let spec = read.template.spec(image).unwrap();
                    assert!(!spec.containers.is_empty());
                }
                Err(Error::BadRequest(told)) => {
                    assert!(told.chars().count() < 1000, "{spot}: {told}")
                }
                Err(other) => panic!("{spot}: {other:?}"),
            }
        }
    }
    assert!(
        all.len() > 50 && accepted > 50,
        "{} places, {accepted} accepted",
        all.len()
    );
}

#[test]
fn whatever_stands_in_config_maps_and_what_refers_to_them_is_read_or_refused() {
    let container = json!({
        "envFrom": [{ "prefix": "P_", "configMapRef": { "name": "m", "optional": false } }],
        "env": [
            { "name": "A", "valueFrom": { "configMapKeyRef": { "name": "m", "key": "k", "optional": true } } },
            { "name": "B", "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "status.podIP" } } },
        ],
    });
    let spec = json!({ "volumes": [{ "name": "v", "configMap": {
        "name": "m", "defaultMode": 420, "optional": false,
        "items": [{ "key": "k", "path": "a/b", "mode": 256 }],
    } }] });
    let whole = json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": [
        manifest(container, spec),
        {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "m", "labels": { "a": "b" } },
            "data": { "k": "text" }, "binaryData": { "l": "AAE=" }, "immutable": false,
        },
    ] });
    assert!(pod(&whole.to_string()).is_ok());
    let mut all = Vec::new();
    spots(&whole, String::new(), &mut all);
    let mut accepted = 0;
    for spot in &all {
        for thing in &things() {
            let mut changed = whole.clone();
            *changed.pointer_mut(spot).unwrap() = thing.clone();
            match pod(&changed.to_string()) {
                Ok(read) => {
                    accepted += 1;
                    let spec = read.template.spec(image).unwrap();
                    let bytes = serde_json::to_string(&spec).unwrap().len();
                    assert!(bytes < 4 << 20, "{spot}: {bytes}");
                }
                Err(Error::BadRequest(told)) => {
                    assert!(told.chars().count() < 1000, "{spot}: {told}")
                }
                Err(other) => panic!("{spot}: {other:?}"),
            }
        }
    }
    assert!(
        all.len() > 40 && accepted > 40,
        "{} places, {accepted} accepted",
        all.len()
    );
}
