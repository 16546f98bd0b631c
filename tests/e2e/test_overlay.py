"""A bay on two machines: one network for its nodes and pods, and for nobody else."""

import json
import subprocess
import sys
import uuid
from contextlib import ExitStack

import pytest

import clusters
import machine
import reach
import workloads
from cloud import eventually, until_nothing
from inner import Inner
from machine import CABLE, FIRST, NAME, NET, SECOND

BAY, OTHER = "e2e-wide", "e2e-other"
MEBIBYTES = 32


@pytest.fixture(scope="module")
def second(cloud, tmp_path_factory):
    if why := machine.impossible():
        pytest.skip(why)
    with machine.Machine(cloud, tmp_path_factory.mktemp("second")) as there:
        yield there


@pytest.fixture(scope="module")
def bays(cloud, engine, second):
    """Two bays, each on both machines. Nothing is left of them on either afterwards."""
    before = second.networks()
    with ExitStack() as stack:
        made = {}
        for name, count in [(BAY, 2), (OTHER, 1)]:
            template = stack.enter_context(clusters.template(cloud, name))
            made[name] = stack.enter_context(clusters.cluster(cloud, engine, template, name, count))
        yield made

    def left():
        here, there = machine.traces(), machine.traces(second.inside())
        return [*here, *there, *(set(second.networks()) - set(before)), *second.containers()]

    until_nothing("of the bays is left on the machines", left, 60)


def where(cloud, bay):
    """The nodes of a bay: {name: (server, machine)}."""
    nodes = {}
    for one in clusters.servers(cloud, bay["uuid"]):
        shown = cloud.openstack("server", "show", one["ID"])
        nodes[one["Name"]] = (one["ID"], shown["OS-EXT-SRV-ATTR:hypervisor_hostname"])
    return nodes


class Pods:
    """The pods of a controller, and what they run on."""

    def __init__(self, cloud, second, bay, shown):
        self.nodes = where(cloud, bay)
        self.inner = {
            name: second.node(server) if host == NAME else Inner(cloud, server)
            for name, (server, host) in self.nodes.items()
        }
        self.shown = shown

    def on(self, there):
        """One pod on that machine: its shown view."""
        return next(pod for pod in self.shown if (self.nodes[pod["host"]][1] == NAME) == there)

    def _containers(self, pod):
        every = self.inner[pod["host"]].ask("GET", "/containers/json")
        return [one for one in every if one["Labels"].get("jeroboam.pod") == pod["uuid"]]

    def address(self, pod):
        found = [
            network["IPAddress"]
            for one in self._containers(pod)
            for network in one["NetworkSettings"]["Networks"].values()
            if network["IPAddress"]
        ]
        return found[0]

    def run(self, pod, *words):
        web = next(one["Id"] for one in self._containers(pod) if one["Labels"].get("jeroboam.member") == "web")
        return self.inner[pod["host"]].run(web, "/bin/busybox", *words)


@pytest.fixture(scope="module")
def pods(cloud, second, bays, tmp_path_factory):
    """Six pods on three nodes, with a service of the same name."""
    name = f"wide-{uuid.uuid4().hex[:6]}"
    path = tmp_path_factory.mktemp("manifests") / "one.yaml"
    large = f"dd if=/dev/zero of=/tmp/large bs=1M count={MEBIBYTES};"
    path.write_text(workloads.web(name, 6, first=large))
    cloud.magnum("rc-create", "--bay", BAY, "--manifest", str(path))
    path.write_text(workloads.service(name))
    service = cloud.magnum("coe-service-create", "--bay", BAY, "--manifest", str(path))
    found = Pods(cloud, second, bays[BAY], workloads.running(cloud, BAY, name, 6))
    found.service = service["ip"]
    return found


def test_the_nodes_of_a_bay_are_spread_over_machines(cloud, bays):
    for bay in bays.values():
        nodes = where(cloud, bay)
        assert len({host for _, host in nodes.values()}) == 2, nodes
    master = next(host for name, (_, host) in where(cloud, bays[BAY]).items() if "master" in name)
    workers = [host for name, (_, host) in where(cloud, bays[BAY]).items() if "master" not in name]
    assert len(set(workers)) == 2 and master in workers


@pytest.mark.parametrize("there", [False, True], ids=["from the first", "from the second"])
def test_a_pod_reaches_a_pod_on_the_other_machine(pods, there):
    asking, asked = pods.on(there), pods.on(not there)
    address = pods.address(asked)

    def unheard():
        said, _ = pods.run(asking, "timeout", "5", "/bin/busybox", "wget", "-q", "-O-", f"http://{address}:8080/")
        return [] if asked["name"] in said else [f"{address}: {said}"]

    until_nothing("the pod on the other machine does not answer", unheard, 60)
    # Packets of the largest size fit, or this would hang after its first few kilobytes.
    fetch = f"timeout 60 /bin/busybox wget -q -O- http://{address}:8080/large | /bin/busybox wc -c"
    said, status = pods.run(asking, "sh", "-c", fetch)
    assert status == 0 and said.strip() == str(MEBIBYTES << 20), said


@pytest.mark.parametrize("there", [False, True], ids=["from the first", "from the second"])
def test_a_service_leads_to_pods_on_both_machines(pods, there):
    names = {pod["name"] for pod in pods.shown}
    ask = f"for i in 1 2 3 4 5 6 7 8 9 10 11 12; do timeout 5 /bin/busybox wget -q -O- http://{pods.service}/; done"

    def missing():
        said, _ = pods.run(pods.on(there), "sh", "-c", ask)
        heard.update(said.split())
        return sorted(names - heard)

    heard = set()
    until_nothing("the service does not lead to these pods", missing, 90)


def test_another_bay_on_the_same_machines_is_out_of_reach(cloud, bays, tmp_path_factory):
    """With every right inside, by every address of the first bay's nodes, on either machine."""
    other = bays[OTHER]
    docker = clusters.docker_cli(cloud, other, tmp_path_factory.mktemp("other"))
    clusters.box(cloud, docker)
    reaches = reach.of_docker(docker)

    def addresses(bay):
        return [next(iter(one["Networks"].values()))[0] for one in clusters.servers(cloud, bay["uuid"])]

    # Its own nodes are in reach, on both machines: else the rest would prove nothing.
    assert not [address for address in addresses(other) if reaches.cut_off(address, 2376)]
    assert not [address for address in addresses(bays[BAY]) if reaches(address, 2376)]


# --- packets that pass for a tunnel's

SNIFF = """
import socket, sys
listen = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
listen.bind((sys.argv[1], 0))
print("ready", flush=True)
while True:
    frame = listen.recv(2048)
    at = frame.find(b"forged-")
    if at >= 0:
        print(frame[at:at + 15].decode(), flush=True)
"""

SEND = """
import socket, struct, sys
vni, source, to, mac, word = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5]
frame = bytes.fromhex(mac.replace(":", "")) + b"\\x02\\x42\\x0a\\x00\\x00\\x63" + b"\\x88\\xb5" + word.encode() + bytes(64)
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.bind((source, 0))
for _ in range(5):
    out.sendto(struct.pack("!II", 0x08000000, vni << 8) + frame, (to, 4789))
"""


class Sniffer:
    """What comes out of a tunnel; `at` is how to get to its machine."""

    def __init__(self, at, device):
        line = [*at, sys.executable, "-c", SNIFF, device]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def until(self, word):
        """All words that came up to this one."""
        seen = set()
        for line in self.process.stdout:
            seen.add(line.strip())
            if line.strip() == word:
                return seen
        raise AssertionError("the sniffer ended")

    def close(self):
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def tenant(cloud, second, name):
    """A container of a tenant beside the bays: its machine, process and address."""
    made = cloud.openstack(
        "server", "create", "--wait", "--image", "busybox", "--flavor", "c1.nano", name, cloud="jeroboam"
    )
    shown = cloud.openstack("server", "show", made["id"])
    there = shown["OS-EXT-SRV-ATTR:hypervisor_hostname"] == NAME
    engine = ["docker", *(["-H", f"unix://{second.socket}"] if there else [])]
    found = [*engine, "ps", "-q", "--filter", f"label=jeroboam.id={made['id']}"]
    found = subprocess.run(found, check=True, capture_output=True, text=True, timeout=30).stdout.strip()
    line = [*engine, "inspect", "-f", "{{.State.Pid}}", found]
    pid = subprocess.run(line, check=True, capture_output=True, text=True, timeout=30).stdout.strip()
    yield there, pid, next(iter(shown["addresses"].values()))[0]
    cloud.openstack("server", "delete", "--wait", made["id"], cloud="jeroboam", form=None)


def test_a_forged_packet_gets_into_no_bay(second, bays, tenant):
    there, pid, address = tenant
    # From the tenant's machine to the other one.
    from_, at = (second.inside(), []) if there else ([], second.inside())
    end, peer, cable = (FIRST, SECOND, CABLE[1]) if there else (SECOND, FIRST, CABLE[0])
    listed = subprocess.run(
        [*at, "ip", "-d", "-j", "link", "show", "type", "vxlan"], check=True, capture_output=True, text=True, timeout=30
    )
    tunnel = next(one for one in json.loads(listed.stdout) if one.get("ifname", "").startswith("jv-"))
    vni = tunnel["linkinfo"]["info_data"]["id"]
    stranger = f"{NET}.9"
    words = iter(f"forged-{n:08x}" for n in range(100))

    def send(source, *how):
        word = next(words)
        line = [*how, sys.executable, "-c", SEND, str(vni), source, end, "ff:ff:ff:ff:ff:ff", word]
        subprocess.run(line, check=True, timeout=30)
        return word

    subprocess.run([*from_, "ip", "addr", "add", f"{stranger}/24", "dev", cable], check=True, timeout=30)
    sniffer = Sniffer(at, tunnel["ifname"])
    try:
        forged = [
            # A tenant's container, whose packets leave its machine with that machine's address …
            send(address, "nsenter", "-t", pid, "--net"),
            # … and somebody on the machines' net who is no peer.
            send(stranger, *from_),
        ]
        # The peer itself: it is heard, so the others would have been.
        seen = sniffer.until(send(peer, *from_))
    finally:
        sniffer.close()
        subprocess.run([*from_, "ip", "addr", "del", f"{stranger}/24", "dev", cable], check=True, timeout=30)
    assert not seen & set(forged), f"{seen} came in, {forged} were forged"


def test_a_bay_that_shrinks_to_one_machine_has_no_tunnel_any_more(cloud, second, bays):
    """The last test of that bay."""
    other = bays[OTHER]
    before = {*machine.traces(), *machine.traces(second.inside())}
    cloud.openstack("coe", "cluster", "resize", other["uuid"], "0", cloud="jeroboam", form=None)
    clusters.wait(cloud, OTHER, "UPDATE_COMPLETE")
    eventually(
        lambda: len({*machine.traces(), *machine.traces(second.inside())}) < len(before), "its tunnel stays", 60
    )
