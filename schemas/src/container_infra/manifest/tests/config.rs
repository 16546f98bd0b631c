use super::*;
use crate::workload::field::Field;

/// A pod, and these config maps (name, data) behind it, as YAML's documents.
fn text(container: Value, spec: Value, maps: &[(&str, Value)]) -> String {
    let mut text = manifest(container, spec).to_string();
    // Of several documents none is JSON's alone, which YAML reads all the same.
    text.insert_str(0, "---\n");
    for (name, data) in maps {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": data,
        });
        text.push_str(&format!("\n---\n{map}"));
    }
    text
}

fn with(container: Value, spec: Value, maps: &[(&str, Value)]) -> Result<Pod> {
    pod(&text(container, spec, maps))
}

fn told(container: Value, maps: &[(&str, Value)]) -> Member {
    let read = with(container.clone(), json!({}), maps);
    let read = read.unwrap_or_else(|error| panic!("{container}: {error}"));
    read.template.spec(image).unwrap().containers.remove(0)
}

#[test]
fn variables_come_out_of_the_config_maps_that_come_along() {
    let maps = [
        ("web", json!({ "PORT": "80", "MODE": "$(PORT)" })),
        ("other", json!({ "PORT": "81" })),
    ];
    let member = told(
        json!({
            "envFrom": [
                { "configMapRef": { "name": "other" } },
                { "configMapRef": { "name": "web" }, "prefix": "W_" },
                { "configMapRef": { "name": "none", "optional": true } },
            ],
            "env": [
                { "name": "A", "valueFrom": { "configMapKeyRef": { "name": "web", "key": "MODE" } } },
                { "name": "B", "value": "$(PORT) $(W_PORT) $(A)" },
                { "name": "C", "valueFrom": { "configMapKeyRef": { "name": "web", "key": "no", "optional": true } } },
                { "name": "W_MODE", "value": "written" },
            ],
            "args": ["$(B)"],
        }),
        &maps,
    );
    let env: Vec<(&str, &str)> = member
        .env
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let expected = [
        ("A", "$(PORT)"),
        ("B", "81 80 $(PORT)"),
        ("PORT", "81"),
        ("W_MODE", "written"),
        ("W_PORT", "80"),
    ];
    assert_eq!(env, expected);
    assert_eq!(member.args.unwrap(), ["81 80 $(PORT)"]);
}

#[test]
fn a_pod_asks_what_it_is_and_that_is_filled_in_where_it_is_known() {
    let field =
        |path: &str| json!({ "name": "X", "valueFrom": { "fieldRef": { "fieldPath": path } } });
    for (path, value) in [
        ("metadata.namespace", "default".to_owned()),
        ("metadata.name", Field::Name.mark()),
        ("metadata.uid", Field::Uid.mark()),
        (
            "metadata.labels['a.b/c']",
            Field::Label("a.b/c".into()).mark(),
        ),
        ("spec.nodeName", Field::NodeName.mark()),
        ("status.podIP", Field::PodIp.mark()),
        ("status.hostIP", Field::HostIp.mark()),
    ] {
        let member = member(json!({ "env": [field(path)], "command": ["a", "-$(X)-"] }));
        assert_eq!(member.env["X"], value, "{path}");
        assert_eq!(member.command.unwrap()[1], format!("-{value}-"));
    }
    for path in [
        "",
        "metadata.annotations['a']",
        "spec.serviceAccountName",
        "metadata.labels['']",
        "a\u{0}b",
    ] {
        refused(
            read(json!({ "env": [field(path)] }), json!({})),
            &["env[0].valueFrom.fieldRef.fieldPath"],
        );
    }
}

#[test]
fn files_of_a_volume_are_those_of_a_config_map_and_nobody_writes_there() {
    let maps = [("web", json!({ "a.conf": "one\n", "b": "two" }))];
    let mount = json!({ "volumeMounts": [{ "name": "v", "mountPath": "/etc/web" }] });
    let files = |source: Value| {
        let spec = json!({ "volumes": [{ "name": "v", "configMap": source }] });
        let read = with(mount.clone(), spec, &maps);
        let spec = read
            .unwrap_or_else(|error| panic!("{source}: {error}"))
            .template
            .spec(image)
            .unwrap();
        assert!(spec.containers[0].mounts[0].read_only);
        let files = spec.volumes[0].files.clone().unwrap().into_iter();
        files
            .map(|file| (file.path, file.mode, file.content_b64))
            .collect::<Vec<_>>()
    };
    let one = |path: &str, mode, content: &str| {
        (path.to_owned(), mode, crate::base64(content.as_bytes()))
    };
    assert_eq!(
        files(json!({ "name": "web" })),
        [one("a.conf", 0o644, "one\n"), one("b", 0o644, "two")]
    );
    let items = json!([{ "key": "b", "path": "./deep//b.txt", "mode": 0o400 }, { "key": "b", "path": "c" }]);
    assert_eq!(
        files(json!({ "name": "web", "items": items, "defaultMode": 0o755 })),
        [one("deep/b.txt", 0o400, "two"), one("c", 0o755, "two")]
    );
    assert_eq!(files(json!({ "name": "none", "optional": true })), []);
    let items = json!([{ "key": "none", "path": "a" }]);
    assert_eq!(
        files(json!({ "name": "web", "optional": true, "items": items })),
        []
    );
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: b}]\n  volumes:\n  - name: v\n    configMap: {name: m, defaultMode: 0755, items: [{key: k, path: p, mode: 0400}]}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {mode: '0644'}\nbinaryData: {k: /wA=}\n";
    let read = pod(yaml).unwrap().template.spec(image).unwrap();
    let file = &read.volumes[0].files.as_ref().unwrap()[0];
    assert_eq!((file.mode, file.content_b64.as_str()), (0o400, "/wA="));
}

#[test]
fn what_a_volume_of_files_cannot_be_is_told() {
    let maps = [("web", json!({ "a": "1", "b": "2" }))];
    let items = |items: Value| json!({ "name": "web", "items": items });
    for (source, words) in [
        (
            json!({ "name": "none" }),
            ["configMap.name", "no config map of this manifest"],
        ),
        (json!({}), ["configMap.name", "missing"]),
        (
            json!({ "name": "web", "defaultMode": 512 }),
            ["defaultMode", "0777"],
        ),
        (
            json!({ "name": "web", "defaultMode": "999" }),
            ["defaultMode", "type"],
        ),
        (
            items(json!([{ "key": "c", "path": "c" }])),
            ["items[0].key", "nothing of this name"],
        ),
        (
            items(json!([{ "key": "a", "path": "/a" }])),
            ["items[0].path", "within"],
        ),
        (
            items(json!([{ "key": "a", "path": "b/../../a" }])),
            ["items[0].path", "within"],
        ),
        (
            items(json!([{ "key": "a", "path": "" }])),
            ["items[0].path", "within"],
        ),
        (
            items(json!([{ "key": "a", "path": "a\u{0}b" }])),
            ["items[0].path", "within"],
        ),
        (
            items(json!([{ "key": "a", "path": "p" }, { "key": "b", "path": "p" }])),
            ["items", "is where"],
        ),
        (
            items(
                json!([{ "key": "a", "path": "p/q/r" }, { "key": "b", "path": "p/q" }, { "key": "b", "path": "p-" }]),
            ),
            ["items", "is where"],
        ),
        (
            items(json!([{ "key": "../a", "path": "p" }])),
            ["items[0].key", "keys"],
        ),
        (
            items(json!([{ "key": "a", "path": "p", "mode": -1 }])),
            ["items[0].mode", "0777"],
        ),
    ] {
        refused(
            with(
                json!({}),
                json!({ "volumes": [{ "name": "v", "configMap": source }] }),
                &maps,
            ),
            &words,
        );
    }
    let both =
        json!({ "volumes": [{ "name": "v", "configMap": { "name": "web" }, "emptyDir": {} }] });
    refused(with(json!({}), both, &maps), &["volumes[0]", "one of"]);
    for (container, words) in [
        (
            json!({ "envFrom": [{ "configMapRef": { "name": "none" } }] }),
            ["envFrom[0].configMapRef.name", "none"],
        ),
        (json!({ "envFrom": [{}] }), ["envFrom[0]", "configMapRef"]),
        (
            json!({ "envFrom": [{ "configMapRef": { "name": "web" }, "prefix": "a b" }] }),
            ["envFrom[0].prefix", "space"],
        ),
        (
            json!({ "env": [{ "name": "A", "valueFrom": { "configMapKeyRef": { "name": "web", "key": "c" } } }] }),
            ["key", "no text"],
        ),
        (
            json!({ "env": [{ "name": "A", "valueFrom": { "configMapKeyRef": { "name": "x", "key": "c" } } }] }),
            ["configMapKeyRef.name", "\"x\""],
        ),
        (
            json!({ "env": [{ "name": "A", "valueFrom": {} }] }),
            ["env[0].valueFrom", "one of"],
        ),
        (
            json!({ "env": [{ "name": "A", "value": "b", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }] }),
            ["env[0].valueFrom", "not both"],
        ),
        (
            json!({ "env": [{ "name": "A", "valueFrom": { "resourceFieldRef": { "resource": "limits.cpu" } } }] }),
            ["resourceFieldRef", "write the value"],
        ),
    ] {
        refused(with(container, json!({}), &maps), &words);
    }
}

#[test]
fn one_object_is_asked_for_and_config_maps_alone_stand_beside_it() {
    let bare = || manifest(json!({}), json!({}));
    let map = |name: &str, more: Value| {
        let mut map =
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } });
        map.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        map
    };
    let list = |items: Value| {
        pod(&json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string())
    };
    assert!(list(json!([map("m", json!({ "immutable": true })), bare()])).is_ok());
    assert_eq!(
        list(json!([bare()])).unwrap(),
        pod(&bare().to_string()).unwrap()
    );
    for (items, words) in [
        (
            json!([bare(), bare()]),
            ["items[1].kind", "one Pod already"],
        ),
        (
            json!([map("m", json!({})), map("n", json!({}))]),
            ["kind", "none of the documents is a Pod"],
        ),
        (
            json!([bare(), map("m", json!({})), map("m", json!({}))]),
            ["items[2].metadata.name", "another"],
        ),
        (
            json!([bare(), map("M", json!({}))]),
            ["items[1].metadata.name", "lower-case"],
        ),
        (
            json!([bare(), map("m", json!({ "data": { "a b": "" } }))]),
            ["items[1].data", "keys"],
        ),
        (
            json!([bare(), map("m", json!({ "data": { "..a": "" } }))]),
            ["items[1].data", "keys"],
        ),
        (
            json!([bare(), map("m", json!({ "data": { "a": 5 } }))]),
            ["items[1].data.a", "type"],
        ),
        (
            json!([bare(), map("m", json!({ "binaryData": { "a": "%" } }))]),
            ["items[1].binaryData.a", "type"],
        ),
        (
            json!([
                bare(),
                map(
                    "m",
                    json!({ "data": { "a": "" }, "binaryData": { "a": "" } })
                )
            ]),
            ["items[1].binaryData.a", "same"],
        ),
        (
            json!([bare(), map("m", json!({ "dada": {} }))]),
            ["items[1].dada", "no such field"],
        ),
        (
            json!([bare(), { "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" } }]),
            ["items[1].kind", "no place for secrets"],
        ),
        (
            json!([bare(), { "apiVersion": "apps/v1", "kind": "Deployment" }]),
            ["items[1].apiVersion", "apps/v1"],
        ),
        (
            json!([bare(), { "apiVersion": "v1", "kind": "Service" }]),
            ["items[1].kind", "ConfigMap beside"],
        ),
        (
            json!([bare(), { "apiVersion": "v1", "kind": "List", "items": [] }]),
            ["items[1].kind", "List"],
        ),
        (json!([bare(), null]), ["items[1]", "map"]),
        (json!([]), ["items", "1 to"]),
        (json!({}), ["items", "list"]),
    ] {
        refused(list(items), &words);
    }
    refused(pod(&map("m", json!({})).to_string()), &["kind", "Pod is"]);
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
        "spec": { "ports": [{ "port": 80 }] },
    });
    assert!(super::service(&format!("{service}")).is_ok());
    assert!(
        super::service(&format!(
            "--- {service}\n---\n{}\n---\n",
            map("m", json!({}))
        ))
        .is_ok()
    );
}

#[test]
fn what_references_repeat_is_bounded() {
    let long = "x".repeat(100_000);
    let maps = [("big", json!({ "a": long }))];
    let volume = |n: usize| json!({ "name": format!("v{n}"), "configMap": { "name": "big" } });
    let volumes = |count| json!({ "volumes": (0..count).map(volume).collect::<Vec<_>>() });
    assert!(with(json!({}), volumes(10), &maps).is_ok());
    refused(
        with(json!({}), volumes(11), &maps),
        &["spec.volumes[10]", "1 MiB"],
    );
    let variable = |n: usize| json!({ "name": format!("A{n}"), "value": "$(a)" });
    let env: Vec<_> = (0..11).map(variable).collect();
    let all = json!({ "envFrom": [{ "configMapRef": { "name": "big" } }], "env": env });
    refused(
        with(all, json!({}), &maps),
        &["spec.containers[0]", "1 MiB"],
    );
    let nul = [("big", json!({ "a": "b\u{0}" }))];
    let all = json!({ "envFrom": [{ "configMapRef": { "name": "big" } }] });
    refused(with(all, json!({}), &nul), &["configMapRef.a", "NUL"]);
    let many = "---\na: b\n".repeat(200);
    refused(pod(&many), &["documents"]);
}
