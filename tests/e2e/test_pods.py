"""Pods and replication controllers on real nodes, with the last client that knows them."""

import ast
import json

import pytest

import workloads
from cloud import Refused, eventually
from clusters import PATIENCE, nodes
from inner import Inner, containers


@pytest.fixture(scope="module")
def bay(cloud):
    """A bay of one master and two nodes, made and removed with the client of 2015."""
    cloud.openstack("keypair", "create", "e2e-pods", cloud="jeroboam", form=None)
    model = cloud.magnum(
        "baymodel-create", "--name", "e2e-pods", "--image-id", "jeroboam-node", "--keypair-id", "e2e-pods",
        "--external-network-id", "public", "--coe", "docker",
        "--flavor-id", "c1.small", "--master-flavor-id", "c1.small",
    )
    made = cloud.magnum(
        "bay-create", "--name", "e2e-pods", "--baymodel", "e2e-pods", "--node-count", "2", "--timeout", "10"
    )
    uuid_ = made["uuid"]

    def complete():
        now = cloud.magnum("bay-show", uuid_)
        assert not now["status"].endswith("FAILED"), now
        return now if now["status"] == "CREATE_COMPLETE" else None

    shown = eventually(complete, "the bay is not made", PATIENCE)
    yield shown
    cloud.magnum("bay-delete", uuid_)

    def gone():
        return uuid_ not in [one["uuid"] for one in cloud.magnum("bay-list")]

    eventually(gone, "the bay stays", PATIENCE)
    cloud.magnum("baymodel-delete", model["uuid"])
    cloud.openstack("keypair", "delete", "e2e-pods", cloud="jeroboam", form=None)


def pod_is(cloud, bay, pod, status, patience=90):
    def reached():
        now = cloud.magnum("pod-show", "--bay", bay["uuid"], pod)
        return now if now["status"] == status else None

    return eventually(reached, f"pod {pod} does not become {status}", patience)


POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  labels: {{app: pair}}
spec:
  terminationGracePeriodSeconds: 1
  volumes:
  - name: shared
    emptyDir: {{}}
  initContainers:
  - name: first
    image: busybox
    command: [/bin/busybox, sh, -c, "echo from the first > /shared/word"]
    volumeMounts: [{{name: shared, mountPath: /shared}}]
  containers:
  - name: web
    image: busybox
    command: [/bin/busybox, httpd, -f, -p, "8080", -h, /shared]
    volumeMounts: [{{name: shared, mountPath: /shared, readOnly: true}}]
    resources: {{limits: {{memory: 32Mi, cpu: 250m}}}}
  - name: client
    image: busybox
    command: [/bin/busybox, sh, -c, "while :; do wget -q -O- http://127.0.0.1:8080/word; sleep 1; done"]
"""


def test_containers_of_a_pod_share_network_and_folders(cloud, bay, manifest, name):
    made = cloud.magnum("pod-create", "--bay", "e2e-pods", "--manifest", manifest(POD.format(name=name)))
    assert made["name"] == name and ast.literal_eval(made["labels"]) == {"app": "pair"}
    shown = pod_is(cloud, bay, name, "Running")
    assert shown["uuid"] == made["uuid"]
    assert made["uuid"] in [one["uuid"] for one in cloud.magnum("pod-list", "--bay", "e2e-pods")]
    node = nodes(cloud, bay["uuid"])[shown["host"]]
    mine = containers(cloud, node)[made["uuid"]]
    named = {one["Labels"].get("jeroboam.member"): one["Id"] for one in mine}
    assert {"web", "client"} <= set(named)

    def heard():
        inner = Inner(cloud, node)
        inner.request("GET", f"/containers/{named['client']}/logs?stdout=1")
        text = inner.getresponse().read()
        inner.close()
        return b"from the first" in text

    eventually(heard, "the client does not hear the web server")
    limits = Inner(cloud, node).ask("GET", f"/containers/{named['web']}/json")["HostConfig"]
    assert limits["Memory"] == 32 << 20 and limits["CpuQuota"] * 4 == limits["CpuPeriod"]

    # Labels are changed in place; what runs goes on.
    changed = POD.format(name=name).replace("{app: pair}", "{app: couple}")
    cloud.magnum("pod-update", "--bay", "e2e-pods", name, "replace", f"manifest={manifest(changed)}")
    shown = cloud.magnum("pod-show", "--bay", "e2e-pods", name)
    assert ast.literal_eval(shown["labels"]) == {"app": "couple"}
    assert {one["Id"] for one in mine} == {one["Id"] for one in containers(cloud, node)[made["uuid"]]}

    # What ends begins again, by the machine's agent alone.
    Inner(cloud, node).ask("POST", f"/containers/{named['web']}/kill")

    def again():
        now = containers(cloud, node)[made["uuid"]]
        return any(one["Labels"].get("jeroboam.member") == "web" and one["State"] == "running" for one in now)

    eventually(again, "the container stays dead")
    cloud.magnum("pod-delete", "--bay", "e2e-pods", name)
    eventually(lambda: made["uuid"] not in containers(cloud, node, every=True), "containers of the pod stay")
    eventually(lambda: name not in str(cloud.magnum("pod-list", "--bay", "e2e-pods")), "the pod's row stays")
    left = Inner(cloud, node).ask("GET", "/volumes")["Volumes"] or []
    assert not [one for one in left if made["uuid"] in json.dumps(one)], left


def test_a_pod_that_is_done_has_succeeded_and_one_that_fails_has_failed(cloud, bay, manifest, name):
    text = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  restartPolicy: Never
  containers: [{{name: one, image: busybox, command: [/bin/busybox, sh, -c, "exit {code}"]}}]
"""
    for code, status in [(0, "Succeeded"), (3, "Failed")]:
        pod = f"{name}-{code}"
        cloud.magnum("pod-create", "--bay", "e2e-pods", "--manifest", manifest(text.format(name=pod, code=code)))
        pod_is(cloud, bay, pod, status)
        cloud.magnum("pod-delete", "--bay", "e2e-pods", pod)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("hostNetwork: true", "hostNetwork"),
        ("volumes: [{name: v, hostPath: {path: /etc}}]", "hostPath"),
        ("restartPolicy: Sometimes", "restartPolicy"),
        ("nonsense: 1", "nonsense"),
    ],
)
def test_what_a_manifest_cannot_mean_here_is_refused_by_name(cloud, bay, manifest, name, change, reason):
    text = f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  {change}
  containers: [{{name: one, image: busybox}}]
"""
    with pytest.raises(Refused) as refused:
        cloud.magnum("pod-create", "--bay", "e2e-pods", "--manifest", manifest(text))
    assert reason in str(refused.value)


TOLD = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: conf}}
data:
  greeting: {greeting}
  run.sh: "#!/bin/busybox sh\\necho ran by the file\\n"
binaryData: {{raw: AAH/}}
---
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  labels: {{app: told}}
spec:
  nodeSelector: {{kubernetes.io/hostname: {node}}}
  volumes:
  - name: conf
    configMap: {{name: conf, defaultMode: 0555, items: [{{key: run.sh, path: bin/run}}, {{key: raw, path: raw}}]}}
  containers:
  - name: one
    image: busybox
    command: [/bin/busybox, sleep, "1000000"]
    args: ["$(GREETING)"]
    volumeMounts: [{{name: conf, mountPath: /etc/conf}}]
    envFrom: [{{prefix: ALL_, configMapRef: {{name: conf}}}}]
    env:
    - {{name: GREETING, valueFrom: {{configMapKeyRef: {{name: conf, key: greeting}}}}}}
    - {{name: APP, valueFrom: {{fieldRef: {{fieldPath: "metadata.labels['app']"}}}}}}
    - {{name: NODE, valueFrom: {{fieldRef: {{fieldPath: spec.nodeName}}}}}}
    - {{name: AT, valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}}}
    - {{name: ME, value: "$(AT) on $(NODE)"}}
"""


def test_a_pod_is_given_what_comes_along_and_what_it_is_on_the_node_it_asks_for(cloud, bay, manifest, name):
    where = nodes(cloud, bay["uuid"])
    for wanted in sorted(where)[-2:]:
        pod = f"{name}-{wanted[-1]}"
        text = TOLD.format(name=pod, node=wanted, greeting='"1"')
        made = cloud.magnum("pod-create", "--bay", "e2e-pods", "--manifest", manifest(text))
        assert pod_is(cloud, bay, pod, "Running")["host"] == wanted
        inner = lambda: next(  # noqa: E731
            one["Id"] for one in containers(cloud, where[wanted])[made["uuid"]] if one["Labels"].get("jeroboam.member")
        )
        first = inner()
        run = lambda *words: Inner(cloud, where[wanted]).run(inner(), "/bin/busybox", *words)  # noqa: E731
        env = run("env")[0].splitlines()
        address = next(one for one in env if one.startswith("AT=")).removeprefix("AT=")
        assert f"inet {address}/" in run("ip", "-4", "addr")[0]
        assert {"APP=told", f"NODE={wanted}", f"AT={address}", f"ME={address} on {wanted}"} <= set(env), env
        assert {"ALL_greeting=1", "GREETING=1"} <= set(env), env
        assert run("sh", "-c", "/etc/conf/bin/run")[0].strip() == "ran by the file"
        assert run("od", "-An", "-tx1", "/etc/conf/raw")[0].split() == ["00", "01", "ff"]
        said, status = run("sh", "-c", "echo x > /etc/conf/raw")
        assert status != 0 and "Read-only" in said, said
        # Another life of the container, another of the agent: all of it is there.
        cloud.kill("agent")
        Inner(cloud, where[wanted]).ask("POST", f"/containers/{first}/kill")
        cloud.start("agent")

        def again():
            mine = containers(cloud, where[wanted]).get(made["uuid"], [])
            lives = [one for one in mine if one["Labels"].get("jeroboam.member") and one["Id"] != first]
            return lives and lives[0]["State"] == "running"

        eventually(again, "the container stays dead")
        assert run("sh", "-c", "/etc/conf/bin/run")[0].strip() == "ran by the file"
        cloud.magnum("pod-delete", "--bay", "e2e-pods", pod)
        eventually(lambda: made["uuid"] not in containers(cloud, where[wanted], every=True), "the pod stays")
        left = Inner(cloud, where[wanted]).ask("GET", "/volumes")["Volumes"] or []
        assert not [one for one in left if made["uuid"] in json.dumps(one)], left


def test_a_pod_waits_for_a_node_that_has_its_labels(cloud, bay, manifest, name):
    text = f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  nodeSelector: {{disk: ssd}}
  containers: [{{name: one, image: busybox, command: [/bin/busybox, sleep, "1000000"]}}]
"""
    cloud.magnum("pod-create", "--bay", "e2e-pods", "--manifest", manifest(text))

    def explained():
        now = cloud.magnum("pod-show", "--bay", "e2e-pods", name)
        return now["status"] == "Pending" and "None of 3 nodes has disk=ssd" in now["status_reason"]

    eventually(explained, "it is not said what no node has")
    with cloud.connection("jeroboam") as connection:
        address = f"{connection.endpoint_for('container-infra')}/clusters/{bay['uuid']}/nodegroups/default-worker"
        change = [{"op": "replace", "path": "/node_labels", "value": "{'disk': 'ssd'}"}]
        headers = {"OpenStack-API-Version": "container-infra latest"}
        answer = connection.session.patch(address, json=change, headers=headers)
        assert answer.status_code == 202, answer.text
    shown = pod_is(cloud, bay, name, "Running", PATIENCE)
    assert "master" not in shown["host"]
    cloud.magnum("pod-delete", "--bay", "e2e-pods", name)


def test_a_controller_keeps_its_pods_whatever_dies(cloud, bay, manifest, name):
    text = manifest(workloads.web(name, 3, grace=1))
    made = cloud.magnum("rc-create", "--bay", "e2e-pods", "--manifest", text)
    assert made["name"] == name and made["replicas"] == "3"
    assert name in str(cloud.magnum("rc-list", "--bay", "e2e-pods"))

    def mine():
        return workloads.of(cloud, "e2e-pods", name)

    def running(count):
        return workloads.running(cloud, "e2e-pods", name, count)

    pods = running(3)
    assert len({one["host"] for one in pods}) > 1, "replicas are all on one node"
    # A pod is deleted while no conductor is there to see it.
    cloud.kill("conductor")
    cloud.magnum("pod-delete", "--bay", "e2e-pods", pods[0]["uuid"])
    cloud.start("conductor")
    eventually(lambda: pods[0]["uuid"] not in str(mine()), "the deleted pod stays", PATIENCE)
    pods = running(3)
    # A node goes, with what ran on it.
    where = nodes(cloud, bay["uuid"])
    victim = next(one["host"] for one in pods if "master" not in one["host"])
    cloud.openstack("server", "delete", "--wait", where[victim], cloud="jeroboam", form=None)
    lost = {one["uuid"] for one in pods if one["host"] == victim}
    eventually(lambda: not lost & {one["uuid"] for one in mine()}, "lost pods stay", PATIENCE)
    running(3)
    fewer = manifest(workloads.web(name, 1, grace=1))
    cloud.magnum("rc-update", "--bay", "e2e-pods", name, "replace", f"manifest={fewer}")
    running(1)
    assert cloud.magnum("rc-show", "--bay", "e2e-pods", name)["replicas"] == "1"
    cloud.magnum("rc-delete", "--bay", "e2e-pods", name)
    eventually(lambda: not mine(), "the controller's pods stay", PATIENCE)
