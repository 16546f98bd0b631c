use super::*;

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
        (
            "envFrom",
            json!([{ "secretRef": { "name": "a" } }]),
            "[0].secretRef: what a manifest holds",
        ),
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
            json!([{ "name": "a", "valueFrom": { "secretKeyRef": { "name": "b", "key": "c" } } }]),
            "env[0].valueFrom.secretKeyRef",
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
