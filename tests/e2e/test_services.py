"""Services on real nodes: names and addresses that lead to pods that work, whatever dies."""

import threading
import time
import urllib.request
import uuid
from contextlib import contextmanager

import pytest

import clusters
import workloads
from cloud import eventually, ports, until_nothing
from inner import Inner, member

BAY = "e2e-services"
PATIENCE = 300


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


def running(cloud, name, count, without=()):
    return workloads.running(cloud, BAY, name, count, without)


def nodes(cloud, bay):
    return clusters.nodes(cloud, bay["uuid"])


class Client(threading.Thread):
    """Asks again and again, each time anew; remembers when each request began and ended, and what came."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.url = f"http://127.0.0.1:{port}/"
        self.done = threading.Event()
        self.log = []

    def run(self):
        while not self.done.wait(0.005):
            begun, answer, failure = time.time(), None, None
            try:
                with urllib.request.urlopen(self.url, timeout=20) as found:
                    answer = found.read().decode().strip()
            except OSError as error:
                failure = str(error)
            self.log.append((begun, time.time(), answer, failure))


@contextmanager
def crowd(port, count=4):
    """Clients that ask as long as this lasts."""
    clients = [Client(port) for _ in range(count)]
    for one in clients:
        one.start()
    try:
        yield clients
    finally:
        for one in clients:
            one.done.set()
        for one in clients:
            one.join()


def life(cloud, node, pod):
    """Which container a pod's program has, and since when it runs; nothing while it does not."""
    found = member(cloud, node, pod)
    return found and (found, Inner(cloud, node).ask("GET", f"/containers/{found}/json")["State"]["StartedAt"])


def test_only_what_was_in_flight_fails_while_pods_nodes_and_conductors_die(cloud, engine, bay, make, name):
    make("rc", workloads.web(name, 6))
    service = make("coe-service", workloads.service(name, more="type: NodePort"))
    port = ports(service)[0]["nodePort"]
    pods = running(cloud, name, 6)
    assert len({one["host"] for one in pods}) > 1, "pods are not spread"

    def answers():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
        except OSError:
            return None

    eventually(answers, "the service does not answer")
    deaths = []
    with crowd(port) as clients:

        def asked():
            return sum(len(one.log) for one in clients)

        def renewed(dead):
            """The nodes that work, once the dead one is none of them."""
            now = nodes(cloud, bay)
            return {} if dead in now.values() else now

        def goes_on(since, count):
            eventually(lambda: asked() >= since + count, f"{count} requests are not made", PATIENCE)

        # A pod's container is killed; the pod stays, and begins it again.
        before, node, pod = asked(), nodes(cloud, bay)[pods[0]["host"]], pods[0]["uuid"]
        first, begun = life(cloud, node, pod), time.time()
        Inner(cloud, node).ask("POST", f"/containers/{first[0]}/kill")
        deaths.append((begun, time.time()))
        eventually(lambda: life(cloud, node, pod) not in (None, first), "what was killed stays dead")
        pods = running(cloud, name, 6)
        goes_on(before, 200)

        # A pod is deleted. It is let go of before it ends, so nothing at all may fail: no death is noted.
        before, victim = asked(), pods[1]["uuid"]
        cloud.magnum("pod-delete", "--bay", BAY, victim)
        pods = running(cloud, name, 6, without={victim})
        goes_on(before, 200)

        # A node dies and does not come back: its pods live on others, and another node comes.
        before, begun, was = asked(), time.time(), nodes(cloud, bay)
        host = next(one["host"] for one in pods if "master" not in one["host"])
        lost = {one["uuid"] for one in pods if one["host"] == host}
        engine.kill(was[host])
        cloud.openstack("server", "delete", was[host], cloud="jeroboam", form=None)
        pods = running(cloud, name, 6, without=lost)
        eventually(lambda: len(renewed(was[host])) == 3, "no other node comes", PATIENCE)
        deaths += engine.deaths(was[host], begun)
        goes_on(before, 200)

        # The conductor dies, and a pod while there is none.
        before, victim = asked(), pods[0]["uuid"]
        cloud.kill("conductor")
        cloud.magnum("pod-delete", "--bay", BAY, victim)
        goes_on(before, 200)
        cloud.start("conductor")
        pods = running(cloud, name, 6, without={victim})
        goes_on(asked(), 200)

    log = [entry for one in clients for entry in one.log]
    failed = [entry for entry in log if entry[3] is not None]
    innocent = [one for one in failed if not any(one[0] <= end and one[1] >= begin for begin, end in deaths)]
    print(f"{len(log)} requests, {len(failed)} failed; longest {max(e[1] - e[0] for e in log):.2f} s; deaths {deaths}")
    assert len(log) >= 1000 and not innocent, innocent[:5]
    assert {one["name"] for one in pods} <= {entry[2] for entry in log}, "not all pods were asked"


def test_a_service_has_a_name_and_an_address_within_its_bay(cloud, bay, make, name):
    make("rc", workloads.web(name, 3))
    service = make("coe-service", workloads.service(name))
    make("coe-service", workloads.service(f"{name}-all", name, more="clusterIP: None"))
    make("coe-service", workloads.service(f"{name}-none", "nobody"))
    shown = cloud.magnum("coe-service-show", "--bay", BAY, name)
    assert shown["ip"] == service["ip"] and shown["ip"].startswith("10.254.")
    pods = running(cloud, name, 3)
    hosts = {one["name"] for one in pods}
    for pod in pods:
        node = nodes(cloud, bay)[pod["host"]]
        web = member(cloud, node, pod["uuid"])

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


def test_ports_and_addresses_of_services_have_names(cloud, bay, make, name):
    make("rc", workloads.web(name, 2))
    service = make("coe-service", workloads.service(name, port="words"))
    make("coe-service", workloads.service(f"{name}-all", name, more="clusterIP: None", port="words"))
    pod = running(cloud, name, 2)[0]
    node = nodes(cloud, bay)[pod["host"]]
    web = member(cloud, node, pod["uuid"])

    def missing(kind, asked, *wanted):
        said = Inner(cloud, node).run(web, "/bin/busybox", "nslookup", f"-type={kind}", asked)[0]
        return [f"{asked}: {said}"] if [one for one in wanted if one not in said] else []

    end = "default.svc.cluster.local"
    backwards = ".".join(reversed(service["ip"].split(".")))
    for question in [
        ("srv", f"_words._tcp.{name}.{end}", f"80 {name}.{end}"),
        ("srv", f"_words._tcp.{name}-all.{end}", f".{name}-all.{end}", "8080 10-100-"),
        ("ptr", f"{backwards}.in-addr.arpa", f"{name}.{end}"),
    ]:
        until_nothing("the name is not known", lambda question=question: missing(*question), 30)
