use super::*;
use crate::ids::ImageId;
use crate::workload::pod::{Check, Probe};
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
        "enableServiceLinks": true, "serviceAccountName": "default", "hostNetwork": false,
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
        ("nodeName", json!("n"), "chooses the node"),
        ("nodeSelector", json!({ "a": "b" }), "chooses the node"),
        (
            "affinity",
            json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": { "nodeSelectorTerms": [{}] } } }),
            "chooses",
        ),
        ("tolerations", json!([{}]), "chooses the node"),
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
fn what_a_container_cannot_have_is_refused_by_its_name() {
    for (field, value, word) in [
        ("image", json!(""), "missing"),
        ("image", json!("a\u{0}b"), "NUL"),
        ("name", json!("A"), "lower-case"),
        ("command", json!(["a\u{0}"]), "NUL"),
        ("args", json!(["x".repeat(200_000)]), "bytes"),
        ("workingDir", json!("a"), "absolute"),
        ("imagePullPolicy", json!("Maybe"), ""),
        ("envFrom", json!([{ "secretRef": { "name": "a" } }]), ""),
        (
            "lifecycle",
            json!({ "preStop": { "exec": { "command": ["a"] } } }),
            "",
        ),
        ("stdin", json!(true), ""),
        ("tty", json!(true), ""),
        ("terminationMessagePath", json!("/x"), ""),
        (
            "terminationMessagePolicy",
            json!("FallbackToLogsOnError"),
            "",
        ),
        (
            "volumeDevices",
            json!([{ "name": "a", "devicePath": "/dev/a" }]),
            "",
        ),
        ("restartPolicy", json!("Always"), "pod's"),
        ("env", json!([{ "name": "" }]), "name"),
        ("env", json!([{ "name": "a=b" }]), "name"),
        (
            "env",
            json!([{ "name": "a", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }]),
            "env[0].valueFrom",
        ),
        ("ports", json!([{ "containerPort": 0 }]), "65535"),
        ("ports", json!([{ "containerPort": 65_536 }]), "65535"),
        (
            "ports",
            json!([{ "containerPort": 80, "hostPort": 80 }]),
            "ports[0].hostPort",
        ),
        (
            "ports",
            json!([{ "containerPort": 80, "hostIP": "0.0.0.0" }]),
            "policy",
        ),
        (
            "ports",
            json!([{ "containerPort": 80, "protocol": "ICMP" }]),
            "TCP",
        ),
        (
            "ports",
            json!([{ "containerPort": 80, "name": "123" }]),
            "letters",
        ),
        (
            "ports",
            json!([{ "containerPort": 80, "name": "a" }, { "containerPort": 81, "name": "a" }]),
            "another",
        ),
        (
            "resources",
            json!({ "requests": { "ephemeral-storage": "1Gi" } }),
            "ephemeral-storage",
        ),
        (
            "resources",
            json!({ "limits": { "nvidia.com/gpu": 1 } }),
            "nvidia.com/gpu",
        ),
        (
            "resources",
            json!({ "limits": { "cpu": "1x" } }),
            "no quantity",
        ),
        (
            "resources",
            json!({ "limits": { "cpu": "-1" } }),
            "less than nothing",
        ),
        (
            "resources",
            json!({ "limits": { "memory": "9999999Ei" } }),
            "more than there is",
        ),
        ("resources", json!({ "limits": { "memory": "1Mi" } }), "6Mi"),
        (
            "resources",
            json!({ "limits": { "cpu": "1" }, "requests": { "cpu": "1001m" } }),
            "more than the limit",
        ),
        (
            "resources",
            json!({ "limits": { "memory": "1Gi" }, "requests": { "memory": "2Gi" } }),
            "requests.memory",
        ),
        (
            "resources",
            json!({ "claims": [{ "name": "a" }] }),
            "claims",
        ),
        ("securityContext", json!({ "privileged": true }), "policy"),
        (
            "securityContext",
            json!({ "allowPrivilegeEscalation": true }),
            "policy",
        ),
        (
            "securityContext",
            json!({ "capabilities": { "add": ["NET_ADMIN"] } }),
            "policy",
        ),
        (
            "securityContext",
            json!({ "capabilities": { "drop": ["ALL"] } }),
            "dropped",
        ),
        (
            "securityContext",
            json!({ "seccompProfile": { "type": "Localhost", "localhostProfile": "a" } }),
            "",
        ),
        (
            "securityContext",
            json!({ "procMount": "Unmasked" }),
            "policy",
        ),
        (
            "securityContext",
            json!({ "runAsNonRoot": true }),
            "runAsUser",
        ),
        (
            "securityContext",
            json!({ "runAsNonRoot": true, "runAsUser": 0 }),
            "runAsUser",
        ),
        ("securityContext", json!({ "runAsGroup": 1 }), "runAsUser"),
        ("securityContext", json!({ "runAsUser": -1 }), ""),
        (
            "securityContext",
            json!({ "runAsUser": 4_294_967_296_i64 }),
            "",
        ),
        (
            "securityContext",
            json!({ "seLinuxOptions": { "level": "s0" } }),
            "",
        ),
    ] {
        refused(
            read(json!({ field: value }), json!({})),
            &[&format!("spec.containers[0].{field}"), word],
        );
    }
}

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

#[test]
fn requests_are_kept_free_and_limits_are_held() {
    let limits = |resources: Value| member(json!({ "resources": resources })).limits;
    let both = limits(json!({
        "requests": { "cpu": "500m", "memory": "64Mi" }, "limits": { "cpu": 2, "memory": "128Mi" },
    }));
    assert_eq!(
        (both.cpu_shares, both.cpu_millis, both.memory_bytes),
        (512, Some(2000), 128 << 20)
    );
    assert_eq!(
        limits(json!({ "limits": { "cpu": "1m" } })).cpu_millis,
        Some(10)
    );
    assert_eq!(limits(json!({ "limits": { "cpu": 0 } })).cpu_millis, None);
    let room = |resources: Value| {
        let read = read(json!({ "resources": resources }), json!({}));
        read.unwrap().template.room()
    };
    let room_of = |cpu_millis, memory_bytes| Room {
        cpu_millis,
        memory_bytes,
    };
    let asked = json!({ "requests": { "cpu": "0.5", "memory": 1000 } });
    assert_eq!(room(asked), room_of(500, 1000));
    // What is bounded and says no more requests its bound.
    let bound = json!({ "limits": { "cpu": "1.5", "memory": "10M" } });
    assert_eq!(room(bound), room_of(1500, 10_000_000));
    assert_eq!((room_of(1001, 1).cpus(), room_of(0, 1).memory_mb()), (2, 1));
    assert_eq!(
        (room_of(0, 0).cpus(), room_of(0, 1 << 20).memory_mb()),
        (0, 1)
    );
}

#[test]
fn a_pod_needs_what_its_containers_need_together_or_the_largest_that_runs_before_them() {
    let one = |name: &str, cpu: &str, memory: &str| {
        json!({
            "name": name, "image": name, "resources": { "requests": { "cpu": cpu, "memory": memory } },
        })
    };
    let spec = json!({
        "containers": [one("a", "1", "100Mi"), one("b", "500m", "100Mi")],
        "initContainers": [one("c", "250m", "1Gi"), one("d", "1", "1Mi")],
    });
    let read = read(json!({}), spec).unwrap();
    let room = read.template.room();
    assert_eq!(
        room,
        Room {
            cpu_millis: 1500,
            memory_bytes: 1 << 30
        }
    );
    assert_eq!(
        (read.template.images(), read.template.size()),
        (vec!["a".to_owned(), "b".into()], 4)
    );
    let spec = read.template.spec(image).unwrap();
    let names = |list: &[Member]| list.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&spec.init), names(&spec.containers)),
        (vec!["c".into(), "d".into()], vec!["a".into(), "b".into()])
    );
}

#[test]
fn containers_have_names_of_their_own_and_there_is_at_least_one() {
    refused(
        read(json!({}), json!({ "containers": [] })),
        &["spec.containers", "at least one"],
    );
    let twice = json!({ "initContainers": [{ "name": "web", "image": "a" }] });
    refused(read(json!({}), twice), &["called web"]);
    let asks = json!({ "initContainers": [{ "name": "a", "image": "a", "livenessProbe": { "exec": { "command": ["a"] } } }] });
    refused(read(json!({}), asks), &["initContainers[0].livenessProbe"]);
    let sidecar =
        json!({ "initContainers": [{ "name": "a", "image": "a", "restartPolicy": "Always" }] });
    refused(
        read(json!({}), sidecar),
        &["initContainers[0].restartPolicy"],
    );
}

#[test]
fn a_container_runs_what_and_as_whom_it_says() {
    let member = member(json!({
        "command": ["run", "$(A)-$(B)"], "args": ["$(C)", "$$(A)"], "workingDir": "/srv",
        "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "$(A)2" }, { "name": "E" }],
        "securityContext": { "runAsUser": 1000, "runAsGroup": 7, "readOnlyRootFilesystem": true, "runAsNonRoot": true },
    }));
    assert_eq!(member.command.unwrap(), ["run", "1-12"]);
    assert_eq!(member.args.unwrap(), ["$(C)", "$(A)"]);
    assert_eq!(
        (member.env["B"].as_str(), member.env["E"].as_str()),
        ("12", "")
    );
    assert_eq!(
        (member.user.as_deref(), member.working_dir.as_deref()),
        (Some("1000:7"), Some("/srv"))
    );
    assert!(member.security.read_only_rootfs && !member.security.allow_new_privileges);
    let common = json!({ "securityContext": { "runAsUser": 5, "runAsNonRoot": true } });
    let read =
        |container| read(container, common.clone()).map(|pod| pod.template.spec(image).unwrap());
    assert_eq!(
        read(json!({})).unwrap().containers[0].user.as_deref(),
        Some("5")
    );
    refused(
        read(json!({ "securityContext": { "runAsUser": 0 } })),
        &["runAsNonRoot"],
    );
    let own = json!({ "securityContext": { "runAsUser": 0, "runAsNonRoot": false } });
    assert_eq!(read(own).unwrap().containers[0].user.as_deref(), Some("0"));
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

/// Every place in a document.
fn spots(value: &Value, at: String, found: &mut Vec<String>) {
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
        "volumes": [{ "name": "v", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } }],
        "initContainers": [{ "name": "i", "image": "i" }], "hostname": "h", "restartPolicy": "Always",
    });
    let whole = manifest(container, spec);
    assert!(pod(&whole.to_string()).is_ok());
    let mut all = Vec::new();
    spots(&whole, String::new(), &mut all);
    let things = [
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
    ];
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
