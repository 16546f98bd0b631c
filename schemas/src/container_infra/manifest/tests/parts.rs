use super::*;
use crate::workload::pod::{Check, Probe};

#[test]
fn volumes_are_folders_of_the_pod_and_nothing_of_the_nodes() {
    let with = |volume: Value, mount: Value| {
        read(
            json!({ "volumeMounts": [mount] }),
            json!({ "volumes": [volume] }),
        )
    };
    let mount = |path: &str| json!({ "name": "v", "mountPath": path });
    let memory = json!({ "name": "v", "emptyDir": { "medium": "Memory", "sizeLimit": "64Mi" } });
    let mut seen = mount("//a/./b/");
    seen["readOnly"] = json!(true);
    let spec = with(memory, seen).unwrap().template.spec(image).unwrap();
    let volume = Volume {
        name: "v".into(),
        memory: true,
        size_bytes: Some(64 << 20),
        files: None,
    };
    assert_eq!(spec.volumes, [volume]);
    let seen = &spec.containers[0].mounts[0];
    assert_eq!(
        (seen.volume.as_str(), seen.path.as_str(), seen.read_only),
        ("v", "/a/b", true)
    );
    let folder = || json!({ "name": "v", "emptyDir": {} });
    for path in [
        "", "a", "/", "/.", "/..", "/a/../b", "/a:b", "/a\u{0}", "/a\nb",
    ] {
        refused(with(folder(), mount(path)), &["volumeMounts[0].mountPath"]);
    }
    for (volume, word) in [
        (
            json!({ "name": "v", "hostPath": { "path": "/" } }),
            "volumes[0].hostPath: refused by policy",
        ),
        (
            json!({ "name": "v", "hostPath": { "path": "/" }, "emptyDir": {} }),
            "hostPath",
        ),
        (
            json!({ "name": "v", "secret": { "secretName": "s" } }),
            "volumes[0].secret",
        ),
        (
            json!({ "name": "v", "configMap": { "name": "s" } }),
            "volumes[0].configMap",
        ),
        (
            json!({ "name": "v", "nfs": { "server": "s", "path": "/" } }),
            "volumes[0].nfs",
        ),
        (
            json!({ "name": "v", "persistentVolumeClaim": { "claimName": "s" } }),
            "persistentVolumeClaim",
        ),
        (json!({ "name": "v" }), "emptyDir"),
        (json!({ "name": "V", "emptyDir": {} }), "name"),
        (
            json!({ "name": "v", "emptyDir": { "medium": "HugePages" } }),
            "medium",
        ),
        (
            json!({ "name": "v", "emptyDir": { "sizeLimit": "1Gi" } }),
            "sizeLimit",
        ),
        (
            json!({ "name": "v", "emptyDir": { "medium": "Memory", "sizeLimit": "0" } }),
            "sizeLimit",
        ),
        (json!({ "name": "other", "emptyDir": {} }), "no volume"),
    ] {
        refused(with(volume, mount("/a")), &[word]);
    }
    let twice = json!({ "volumes": [folder(), folder()] });
    refused(read(json!({}), twice), &["volumes[1].name"]);
    let both = json!({ "volumeMounts": [mount("/a"), mount("/a/")] });
    refused(
        read(both, json!({ "volumes": [folder()] })),
        &["volumeMounts[1].mountPath"],
    );
    for (field, value) in [
        ("subPath", json!("a")),
        ("subPathExpr", json!("$(A)")),
        ("mountPropagation", json!("Bidirectional")),
    ] {
        let mut seen = mount("/a");
        seen[field] = value;
        refused(with(folder(), seen), &[field]);
    }
}

#[test]
fn probes_ask_the_pod_and_nobody_else() {
    let probe = |probe: Value| {
        member(json!({
        "readinessProbe": probe,
        "ports": [{ "containerPort": 8080, "name": "http" }, { "containerPort": 53, "name": "dns", "protocol": "UDP" }],
    })).readiness.unwrap()
    };
    let exec = probe(json!({ "exec": { "command": ["true"] } }));
    let expected = Probe {
        check: Check::Exec {
            command: vec!["true".into()],
        },
        delay_s: 0,
        period_s: 10,
        timeout_s: 1,
        successes: 1,
        failures: 3,
    };
    assert_eq!(exec, expected);
    let http = probe(json!({
        "httpGet": { "port": "http", "path": "/ok?a=b", "scheme": "HTTPS", "httpHeaders": [{ "name": "A", "value": "b c" }] },
        "initialDelaySeconds": 5, "periodSeconds": 0, "successThreshold": 2,
    }));
    let check = Check::Http {
        port: 8080,
        path: "/ok?a=b".into(),
        tls: true,
        headers: vec![("A".into(), "b c".into())],
    };
    assert_eq!(
        (http.check, http.delay_s, http.period_s, http.successes),
        (check, 5, 10, 2)
    );
    assert_eq!(
        probe(json!({ "tcpSocket": { "port": 22 } })).check,
        Check::Tcp { port: 22 }
    );
    for (probe, word) in [
        (json!({}), "exactly one way"),
        (
            json!({ "exec": { "command": ["a"] }, "tcpSocket": { "port": 1 } }),
            "exactly one way",
        ),
        (json!({ "exec": { "command": [] } }), "no program"),
        (json!({ "exec": {} }), "no program"),
        (json!({ "grpc": { "port": 1 } }), "grpc"),
        (
            json!({ "httpGet": { "port": 1, "host": "169.254.169.254" } }),
            "httpGet.host: only the pod",
        ),
        (
            json!({ "tcpSocket": { "port": 1, "host": "db" } }),
            "tcpSocket.host",
        ),
        (json!({ "httpGet": { "port": "none" } }), "port"),
        (json!({ "tcpSocket": { "port": "dns" } }), "TCP ports"),
        (json!({ "tcpSocket": { "port": 0 } }), "65535"),
        (json!({ "httpGet": { "port": 1, "path": "a" } }), "path"),
        (json!({ "httpGet": { "port": 1, "path": "/a b" } }), "path"),
        (
            json!({ "httpGet": { "port": 1, "path": "/a\r\nHost: b" } }),
            "path",
        ),
        (
            json!({ "httpGet": { "port": 1, "scheme": "FTP" } }),
            "scheme",
        ),
        (
            json!({ "httpGet": { "port": 1, "httpHeaders": [{ "name": "a", "value": "b\r\nc" }] } }),
            "httpHeaders",
        ),
        (
            json!({ "httpGet": { "port": 1, "httpHeaders": [{ "name": "a b", "value": "c" }] } }),
            "httpHeaders",
        ),
        (
            json!({ "tcpSocket": { "port": 1 }, "periodSeconds": -1 }),
            "periodSeconds",
        ),
        (
            json!({ "tcpSocket": { "port": 1 }, "timeoutSeconds": 100_000 }),
            "timeoutSeconds",
        ),
        (
            json!({ "tcpSocket": { "port": 1 }, "successThreshold": 2 }),
            "successThreshold",
        ),
        (
            json!({ "tcpSocket": { "port": 1 }, "terminationGracePeriodSeconds": 2 }),
            "terminationGracePeriodSeconds",
        ),
    ] {
        refused(
            read(json!({ "livenessProbe": probe }), json!({})),
            &["livenessProbe", word],
        );
    }
}
