"""What pods reach in a cluster of Kubernetes on nodes of this cloud, whatever its user gives them: their own cluster and
the world. Nothing else of this cloud, and nothing of the machine below their node."""

import json
import os
import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlparse

import pytest

import clusters
import kube
import reach
from cloud import eventually
from clusters import PATIENCE

THEIRS = "jeroboam-admin"
NAME = "e2e-kubernetes-alone"
# In the environment of each pod, with the pod's name behind it.
MARK = f"mark-{uuid.uuid4().hex}"

ON_THE_MASTER = {
    "nodeSelector": {"magnum.openstack.org/role": "master"}, "tolerations": [{"operator": "Exists"}],
}
PODS = {
    "plain": {},
    "of-the-node": {"hostNetwork": True},
    # As much as there is to be had.
    "of-every-right": {
        "hostNetwork": True, "hostPID": True, "hostIPC": True,
        "volumes": [{"name": "node", "hostPath": {"path": "/"}}],
    },
    "elsewhere": ON_THE_MASTER,
    "of-the-master": {"hostNetwork": True, **ON_THE_MASTER},
}
# On one node; the others are on the other one.
TRYING = ["plain", "of-the-node", "of-every-right"]


def pod(name, spec):
    # On the network of a node there is one port 8080 for all.
    what = ["sleep", "1000000"] if "hostNetwork" in spec else ["httpd", "-f", "-p", "8080"]
    web = {
        "name": "web", "image": "busybox", "imagePullPolicy": "IfNotPresent", "command": ["/bin/busybox", *what],
        "env": [{"name": "MARK", "value": f"{MARK}-{name}"}],
    }
    if "volumes" in spec:
        web |= {"securityContext": {"privileged": True}, "volumeMounts": [{"name": "node", "mountPath": "/node"}]}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [web], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


class Bay(kube.Bay):
    """Our cluster of a master and one node, with its pods."""

    def furnish(self):
        file = self.home / "pods.json"
        pods = [pod(name, spec) for name, spec in PODS.items()]
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
        # Until a controller has made the account that pods have by default, none is admitted.
        eventually(lambda: self.listed("serviceaccounts"), "pods have no account", PATIENCE)
        self.kubectl("create", "-f", str(file))
        ready = eventually(lambda: len(it := self.ready()) == len(PODS) and it, "the pods do not run", PATIENCE)
        self.addresses = {one["metadata"]["name"]: one["status"]["podIP"] for one in ready}
        where = {one["metadata"]["name"]: one["spec"]["nodeName"] for one in ready}
        assert len({where[name] for name in TRYING}) == 1 and where["elsewhere"] != where["plain"], where
        self.node, self.host = self.addresses["of-the-node"], self.server(where["plain"])
        self.master = self.addresses["of-the-master"]
        self.service = self.listed("services")[0]["spec"]["clusterIP"]

    def way(self, name):
        return lambda script: self.run(name, script)

    def everything(self, script):
        """What a script prints that has every right there is on a node."""
        return self.run("of-every-right", script)

    def done(self, script):
        """Does that do what it should, with every right?"""
        said = self.everything(f"if ({script}) >/tmp/said 2>&1; then echo done; else echo refused; fi").strip()
        assert said in ("done", "refused"), said
        return said == "done"


@pytest.fixture(scope="module")
def bay(cloud, engine, kubernetes_image, tmp_path_factory):
    with (
        clusters.template(cloud, NAME, coe="kubernetes", image=kubernetes_image) as template,
        clusters.cluster(cloud, engine, template, NAME, 1) as made,
    ):
        bay = Bay(cloud, engine, made, tmp_path_factory.mktemp("kube"))
        bay.furnish()
        yield bay


@pytest.fixture(scope="module")
def theirs(cloud, engine, bay, tmp_path_factory):
    """Another tenant's bay."""
    home = tmp_path_factory.mktemp("theirs")
    with clusters.docker_bay(cloud, engine, "e2e-beside-kubernetes", home, THEIRS) as made:
        yield made


@pytest.fixture(scope="module")
def reaches(bay):
    """Where pods get through to."""
    return reach.Reach({name: bay.way(name) for name in TRYING})


def test_pods_reach_their_own_cluster(bay, reaches):
    # Else the other tests would prove nothing.
    for address, port in [(bay.service, 443), (bay.addresses["elsewhere"], 8080), (bay.master, 6443), (bay.node, 10250)]:
        assert not reaches.cut_off(address, port), (address, port)


def test_pods_reach_nothing_of_another_bay(bay, reaches, theirs):
    assert not reaches.strangers(theirs.node, 2376)
    # Published for those outside the machine; from inside, the way leads through it.
    for address in reach.of_the_machine(bay.node, theirs.node):
        assert not reaches.strangers(address, urlparse(theirs.made["api_address"]).port), address
    inside = clusters.web(theirs.docker)
    assert not reach.of_docker(theirs.docker).cut_off(inside, 8080)
    assert not reaches(inside, 8080) and not reaches.strangers(theirs.node, 8080)


def test_pods_reach_no_server_of_another_tenant(cloud, reaches, name):
    with reach.server(cloud, name, THEIRS) as address:
        assert not reaches.strangers(address, 8080)


def test_pods_reach_nothing_of_the_control_plane(bay, reaches, theirs):
    with reach.everywhere() as port:
        for address in reach.of_the_machine(bay.node, theirs.node):
            assert not reaches.strangers(address, port), address


def test_pods_reach_no_metadata_of_the_machine(reaches):
    with reach.metadata() as address:
        assert not reaches.strangers(address, 80)


def test_ways_that_a_pod_makes_in_its_node_lead_to_nobody_else(bay, theirs):
    """As if others were on the node's own network, or as if the machine knew the way to them."""
    reaches = reach.Reach({"of-every-right": bay.way("of-every-right")})
    straight, by_the_machine = "dev eth0", f"via {reach.gateway(bay.node)} dev eth0"
    for to, port, via, gets_there in [
        (bay.master, 6443, straight, ["of-every-right"]),
        (theirs.node, 2376, straight, []),
        (theirs.node, 2376, by_the_machine, []),
    ]:
        bay.everything(f"ip route replace {to}/32 {via}")
        assert bay.everything(f"ip route get {to}").split()[1:3] == via.split()[:2], "the kernel goes another way"
        assert reaches.strangers(to, port) == gets_there, (to, via)
        bay.everything(f"ip route del {to}/32")


def test_a_container_of_another_tenant_reaches_nothing_of_the_cluster(bay, theirs, reaches):
    stranger = reach.of_docker(theirs.docker)
    for address, port in [(bay.master, 6443), (bay.master, 10250), (bay.node, 10250)]:
        assert not stranger.strangers(address, port), (address, port)
    for address in reach.of_the_machine(bay.node, theirs.node):
        assert not stranger.strangers(address, urlparse(bay.made["api_address"]).port), address
    # What is known in the cluster alone.
    for address, port in [(bay.service, 443), (bay.addresses["plain"], 8080), (bay.addresses["elsewhere"], 8080)]:
        assert not reaches.cut_off(address, port), (address, port)
        assert not stranger(address, port), (address, port)


@pytest.mark.parametrize("port", [2379, 2380])
def test_what_the_cluster_knows_is_its_masters_alone(bay, theirs, reaches, port):
    assert reach.Reach({"of-the-master": bay.way("of-the-master")})("127.0.0.1", port), "etcd is not there"
    assert not reaches(bay.master, port)
    assert not reach.of_docker(theirs.docker)(bay.master, port)


# --- the machine below


def processes_of(mark):
    """Users of the machine as whom what has this in its environment runs on it."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                users = next(it for it in (folder / "status").read_text().splitlines() if it.startswith("Uid:"))
                yield {int(user) for user in users.split()[1:]}
        # It has ended, or is nobody's to look at.
        except OSError:
            continue


def test_root_of_a_pod_is_nobody_on_the_machine(bay):
    assert bay.everything("id -u").strip() == "0"
    first, count = map(int, bay.engine.inspect(bay.host)["Config"]["Labels"]["jeroboam.uids"].split(":"))
    for name in TRYING:
        found = list(processes_of(f"{MARK}-{name}"))
        assert found, f"{name} is not seen on the machine"
        assert first >= 65536 and all(first <= user < first + count for users in found for user in users), found


def test_a_pod_sees_processes_of_its_node_alone(bay):
    on_the_machine = subprocess.Popen(
        ["cat"], env={**os.environ, "MARK": f"{MARK}-machine"}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )
    try:
        assert list(processes_of(f"{MARK}-machine"))
        # A process may end between the list and the look.
        seen = bay.everything("cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; true")
    finally:
        on_the_machine.kill()
        on_the_machine.wait()
    for name in TRYING:
        assert f"{MARK}-{name}" in seen, "it does not even see those of its node"
    for name in ["elsewhere", "of-the-master", "machine"]:
        assert f"{MARK}-{name}" not in seen
    assert "engine" in bay.everything("cat /proc/1/cmdline"), "process 1 is not the node's"


def test_a_pod_sees_no_file_of_the_machine(bay, tmp_path):
    """Not by its node's files, nor by the root of any process."""
    marked, shared = tmp_path / MARK, Path("/dev/shm") / MARK
    marked.write_text("the machine's")
    bay.run("plain", f"echo \"the pod's\" > /tmp/{MARK}")

    def seen(path):
        return bay.everything(
            f"for root in '' /node /proc/[0-9]*/root; do [ ! -e $root{path} ] || echo $root; done"
        ).split()

    assert seen(f"/tmp/{MARK}"), "it does not even see those of its node"
    assert not seen(marked)
    try:
        shared.write_text("the machine's")
        assert not seen(shared), "it shares the machine's memory"
    finally:
        shared.unlink(missing_ok=True)
    assert "jeroboam-node" in bay.everything("cat /proc/1/root/etc/os-release")
    devices = "find /dev /node/dev -type"
    assert bay.everything(f"{devices} c").split() and not bay.everything(f"{devices} b").split()


def disk():
    device = os.stat("/").st_dev
    return f"{os.major(device)} {os.minor(device)}"


def same(file):
    """Writes what is there already: whoever may do that may write anything."""
    return f'it=$(cat {file}) && echo "$it" > {file}'


CGROUPS = "cgroup2" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "cgroup -o memory"


# What can be done on a node, and what looks like it and would be done to the machine.
@pytest.mark.parametrize(("may", "may_not"), [
    ("mknod /tmp/pipe p", f"mknod /tmp/disk b {disk()}"),
    ("mkdir -p /tmp/m && mount -t tmpfs none /tmp/m && umount /tmp/m", "mount -t debugfs none /tmp/m"),
    (same("/proc/sys/net/ipv4/ip_forward"), same("/proc/sys/kernel/core_pattern")),
    (same("/proc/sys/net/ipv4/ip_forward"), same("/proc/sys/kernel/panic")),
    (same("/proc/sys/net/ipv4/ip_forward"), same("/proc/sys/vm/overcommit_memory")),
    (same("/proc/sys/net/ipv4/ip_forward"), same("/proc/sys/fs/file-max")),
    # It ends well, whatever it has said.
    ("date", "! date -s @$(date +%s) 2>&1 | grep -q \"can't set\""),
    # Whom the kernel starts when a group is empty.
    (f"mkdir -p /tmp/c && mount -t {CGROUPS} none /tmp/c && [ -e /tmp/c/cgroup.procs ] && umount /tmp/c",
     f"mount -t {CGROUPS} none /tmp/c && echo > /tmp/c/release_agent"),
    # What the node was made of, and the folder of the machine's agent.
    ("echo > /node/run/file && rm /node/run/file", "echo >> /node/usr/sbin/node-init"),
    ("[ -x /node/usr/bin/runc ]", "rm /node/usr/bin/runc"),
    ("[ -s /node/etc/jeroboam/tls/ca.pem ]", "echo >> /node/etc/jeroboam/tls/ca.pem"),
    ("[ -S /node/var/lib/jeroboam/docker.sock ]", "rm /node/var/lib/jeroboam/docker.sock"),
    ("ln -s /nowhere /node/run/link && rm /node/run/link", "ln -s /nowhere /node/var/lib/jeroboam/link"),
])
def test_a_pod_of_every_right_changes_its_node_and_not_the_machine(bay, may, may_not):
    assert bay.done(may), bay.everything("cat /tmp/said")
    assert not bay.done(may_not)


@pytest.mark.parametrize("file", ["/proc/sysrq-trigger", "/proc/kcore", "/sys/kernel/uevent_helper"])
def test_what_a_machine_may_have_for_its_root_is_not_a_pods(bay, file):
    if not os.path.exists(file):
        pytest.skip("this machine has none")
    # `h`, which only prints a help, and no program at all.
    script = {"/proc/sysrq-trigger": f"echo h > {file}", "/proc/kcore": f"head -c 1 {file}"}.get(file, f"echo > {file}")
    assert not bay.done(script)


def test_limits_of_a_node_are_not_raised_by_its_pods(bay):
    """The last test of the cluster: its node is short of memory."""
    limit = bay.engine.inspect(bay.host)["HostConfig"]["Memory"]
    free = next(it for it in Path("/proc/meminfo").read_text().splitlines() if it.startswith("MemAvailable:"))
    if 3 * limit > int(free.split()[1]) << 10:
        pytest.skip("the machine itself has not that much")
    groups = bay.everything("find /node/sys/fs/cgroup -type d")
    container = bay.engine.inspect(bay.host)["Id"]
    assert "kubepods" in groups and container not in groups
    root = "/node/sys/fs/cgroup" + ("" if CGROUPS == "cgroup2" else "/memory")
    # A group beside those of pods has no limit of its own, and none above it in reach.
    raise_ = (
        f"for group in {root} {root}/..; do for file in memory.limit_in_bytes memory.memsw.limit_in_bytes memory.max; do "
        f"echo -1 > $group/$file; echo max > $group/$file; done; done 2>/dev/null; "
        f"mkdir -p {root}/free; echo $$ > {root}/free/cgroup.procs && grep -q free /proc/self/cgroup && "
    )

    def take(bytes_):
        return bay.done(f"{raise_} dd if=/dev/zero of=/dev/null bs={bytes_} count=1")

    assert take(64 << 20), bay.everything("cat /tmp/said")
    assert not take(2 * limit)
