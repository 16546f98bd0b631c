"""Services on real nodes: names and addresses that lead to pods that work, whatever dies."""

import threading
import time
import urllib.request
import uuid

import pytest

import clusters
from cloud import Refused, eventually, ports, until_nothing
from engine import ask
from inner import Inner, containers

BAY = "e2e-services"
PATIENCE = 300

RC = """\
apiVersion: v1
kind: ReplicationController
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{app: {name}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: web
        image: busybox
        command: [/bin/busybox, sh, -c, "hostname > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"]
        ports: [{{name: http, containerPort: 8080}}]
        readinessProbe: {{httpGet: {{path: /, port: http}}, periodSeconds: 1}}
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  {more}
  selector: {{app: {app}}}
  ports: [{{port: 80, targetPort: http}}]
"""


@pytest.fixture(scope="module")
def bay(cloud, engine):
    """A bay of one master and two nodes."""
    with clusters.template(cloud, BAY) as template, clusters.cluster(cloud, engine, template, BAY, 2) as made:
        yield made


@pytest.fixture
def make(cloud, bay, tmp_path):
    """Makes something of a manifest, and removes it afterwards."""
    made = []

    def one(kind, text):
        path = tmp_path / f"{uuid.uuid4().hex}.yaml"
        path.write_text(text)
        shown = cloud.magnum(f"{kind}-create", "--bay", BAY, "--manifest", str(path))
        made.append((kind, shown["uuid"]))
        return shown

    yield one
    for kind, one in reversed(made):
        cloud.magnum(f"{kind}-delete", "--bay", BAY, one)
        eventually(lambda: one not in str(cloud.magnum(f"{kind}-list", "--bay", BAY)), f"the {kind} stays")


def running(cloud, name, count):
    """The pods of a controller, once there are so many and all of them run."""

    def check():
        try:
            every = [one for one in cloud.magnum("pod-list", "--bay", BAY) if one["name"].startswith(name)]
            pods = [cloud.magnum("pod-show", "--bay", BAY, one["uuid"]) for one in every]
        except Refused as refused:
            assert "could not be found" in str(refused), refused
            return None
        return pods if len(pods) == count and all(one["status"] == "Running" for one in pods) else None

    return eventually(check, f"{count} pods do not run", PATIENCE)


def nodes(cloud, bay):
    return {one["Name"]: one["ID"] for one in clusters.servers(cloud, bay["uuid"]) if one["Status"] == "ACTIVE"}


class Client(threading.Thread):
    """Asks again and again, each time anew; remembers when each request began and ended, and what came."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.url = f"http://127.0.0.1:{port}/"
        self.done = threading.Event()
        self.log = []

    def run(self):
        while not self.done.wait(0.005):
            begun, answer, failure = time.monotonic(), None, None
            try:
                with urllib.request.urlopen(self.url, timeout=20) as found:
                    answer = found.read().decode().strip()
            except OSError as error:
                failure = str(error)
            self.log.append((begun, time.monotonic(), answer, failure))


def test_only_what_was_in_flight_fails_while_pods_nodes_and_conductors_die(cloud, bay, make, name):
    make("rc", RC.format(name=name, replicas=6))
    service = make("coe-service", SERVICE.format(name=name, app=name, more="type: NodePort"))
    port = ports(service)[0]["nodePort"]
    pods = running(cloud, name, 6)
    assert len({one["host"] for one in pods}) == 3, "pods are not spread"

    def answers():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
        except OSError:
            return None

    eventually(answers, "the service does not answer")
    crowd = [Client(port) for _ in range(4)]
    for one in crowd:
        one.start()
    deaths = []

    def dies(what):
        deaths.append(time.monotonic())
        what()
        return running(cloud, name, 6)

    # A pod's container is killed, a pod is deleted, a node dies, a conductor dies.
    where = nodes(cloud, bay)
    node = where[pods[0]["host"]]
    web = next(
        one["Id"] for one in containers(cloud, node)[pods[0]["uuid"]] if one["Labels"].get("jeroboam.member") == "web"
    )
    dies(lambda: Inner(cloud, node).ask("POST", f"/containers/{web}/kill"))
    pods = dies(lambda: cloud.magnum("pod-delete", "--bay", BAY, pods[1]["uuid"]))
    victim = next(one["host"] for one in pods if "master" not in one["host"])
    container = next(
        one["Id"] for one in ask("GET", "/containers/json") if one["Labels"].get("jeroboam.id") == where[victim]
    )
    dies(lambda: ask("POST", f"/containers/{container}/kill"))
    dies(lambda: cloud.kill("conductor"))
    cloud.start("conductor")
    eventually(lambda: sum(len(one.log) for one in crowd) >= 1000, "a thousand requests are not made", PATIENCE)
    for one in crowd:
        one.done.set()
    for one in crowd:
        one.join()
    log = [entry for one in crowd for entry in one.log]
    failed = [entry for entry in log if entry[3] is not None]
    innocent = [entry for entry in failed if not any(entry[0] <= death + 0.5 and entry[1] >= death for death in deaths)]
    print(f"{len(log)} requests, {len(failed)} failed, all in flight; longest {max(e[1] - e[0] for e in log):.2f} s")
    assert len(log) >= 1000 and not innocent, innocent[:5]
    assert len({entry[2] for entry in log if entry[2]}) >= 6, "not all pods were asked"


def test_a_service_has_a_name_and_an_address_within_its_bay(cloud, bay, make, name):
    make("rc", RC.format(name=name, replicas=3))
    service = make("coe-service", SERVICE.format(name=name, app=name, more=""))
    make("coe-service", SERVICE.format(name=f"{name}-all", app=name, more="clusterIP: None"))
    make("coe-service", SERVICE.format(name=f"{name}-none", app="nobody", more=""))
    shown = cloud.magnum("coe-service-show", "--bay", BAY, name)
    assert shown["ip"] == service["ip"] and shown["ip"].startswith("10.254.")
    pods = running(cloud, name, 3)
    hosts = {one["name"] for one in pods}
    for pod in pods:
        node = nodes(cloud, bay)[pod["host"]]
        web = next(
            one["Id"] for one in containers(cloud, node)[pod["uuid"]] if one["Labels"].get("jeroboam.member") == "web"
        )

        def run(*words):
            return Inner(cloud, node).run(web, "/bin/busybox", *words)

        def heard(url, wanted):
            def unheard():
                text = "".join(run("timeout", "5", "/bin/busybox", "wget", "-q", "-O-", url)[0] for _ in range(12))
                return [f"{url} from {pod['name']}: {text}"] if wanted - set(text.split()) else []

            until_nothing(f"the service does not lead to {wanted}", unheard, 30)

        heard(f"http://{shown['ip']}/", hosts)
        heard(f"http://{name}/", hosts)
        heard(f"http://{name}.default.svc.cluster.local/", hosts)
        # A name without an address of its own stands for the pods themselves.
        found = run("nslookup", f"{name}-all.default.svc.cluster.local")[0]
        assert found.count("10.100.") == 3, found
        begun = time.monotonic()
        said, status = run("timeout", "20", "/bin/busybox", "wget", "-q", "-O-", f"http://{name}-none/")
        assert status != 0 and time.monotonic() - begun < 15, "nobody behind it, and no word of that: " + said
