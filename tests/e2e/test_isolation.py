"""What a tenant's container in a bay can reach: the world and its own bay, and nothing else of this cloud."""

import re
import socket
import subprocess
from contextlib import ExitStack
from urllib.parse import urlparse

import pytest

import clusters
from cloud import eventually

OURS, THEIRS = "jeroboam", "jeroboam-admin"


@pytest.fixture(scope="module")
def bays(cloud, engine, tmp_path_factory):
    """A bay each of two tenants, and their docker clients."""
    with ExitStack() as stack:
        made = {}
        for user in [OURS, THEIRS]:
            # An administrator sees the others' too, so names tell them apart.
            name = f"e2e-of-{user}"
            template = stack.enter_context(clusters.template(cloud, name, user))
            bay = stack.enter_context(clusters.cluster(cloud, engine, template, name, 0, user))
            docker = clusters.docker_cli(cloud, bay, tmp_path_factory.mktemp(user), user)
            loaded = docker("load", "-i", str(cloud.state / "busybox.tar")).stdout
            docker("tag", re.search(r"Loaded image(?: ID)?: (\S+)", loaded).group(1), "box")
            node = clusters.servers(cloud, bay["uuid"], user)[0]
            address = next(iter(node["Networks"].values()))[0]
            made[user] = (bay, docker, address)
        yield made


@pytest.fixture(scope="module")
def reaches(bays):
    """Can a container in our bay open a connection there? Both of the bay's networks, with every right."""

    def ask(address, port):
        _, docker, _ = bays[OURS]
        tries = [
            docker("run", "--rm", *how, "box", *connect(address, port), check=False).returncode == 0
            for how in [[], ["--network", "host", "--cap-add", "ALL"]]
        ]
        return any(tries)

    return ask


def connect(address, port):
    """Ends well as soon as the connection stands, whatever the other side then does."""
    # In the background: no signal, the one that ends its patience neither, ends process 1.
    ask = f"/bin/busybox nc -w 2 {address} {port} -e /bin/busybox true & wait $!"
    return ["/bin/busybox", "sh", "-c", ask]


def gateway(address):
    return re.sub(r"\.\d+$", ".1", address)


def test_a_container_reaches_its_own_bay(bays, reaches):
    # Else the other tests would prove nothing.
    _, _, own = bays[OURS]
    assert reaches(own, 2376)


def test_a_container_reaches_nothing_of_another_bay(bays, reaches):
    bay, docker, node = bays[THEIRS]
    assert not reaches(node, 2376)
    published = urlparse(bay["api_address"])
    # Published for those outside the machine; from inside, the way leads through it.
    assert not reaches(published.hostname, published.port)
    docker("run", "-d", "--name", "web", "-p", "8080:8080", "box", "/bin/busybox", "httpd", "-f", "-p", "8080")
    inside = docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "web").stdout.strip()
    assert docker("run", "--rm", "box", *connect(inside, 8080), check=False).returncode == 0
    assert not reaches(inside, 8080) and not reaches(node, 8080)


def test_a_container_reaches_no_server_of_another_tenant(cloud, bays, reaches, name):
    made = cloud.openstack(
        "server", "create", "--wait", "--image", "busybox", "--flavor", "c1.nano",
        "--property", "os_command_line=/bin/busybox httpd -f -p 8080", name, cloud=THEIRS,
    )
    try:
        shown = cloud.openstack("server", "show", made["id"], cloud=THEIRS)
        address = next(iter(shown["addresses"].values()))[0]
        assert not reaches(address, 8080)
    finally:
        cloud.openstack("server", "delete", "--wait", made["id"], cloud=THEIRS, form=None)


def test_a_container_reaches_nothing_of_the_control_plane(cloud, bays, reaches):
    """A service on every address of the machine, as brokers and databases listen, is out of reach."""
    machine = urlparse(bays[OURS][0]["api_address"]).hostname
    with socket.create_server(("0.0.0.0", 0)) as service:
        port = service.getsockname()[1]
        for address in {machine, gateway(bays[OURS][2]), gateway(bays[THEIRS][2])}:
            # It is there for the machine itself.
            socket.create_connection((address, port), timeout=5).close()
            assert not reaches(address, port), address


def test_a_container_reaches_no_metadata_of_the_machine(bays, reaches):
    """What a machine in somebody's cloud is told about itself, by an address that is routed on."""
    setup = [
        "ip netns add e2e-metadata",
        "ip link add e2e-meta0 type veth peer name e2e-meta1 netns e2e-metadata",
        "ip addr add 169.254.169.1/24 dev e2e-meta0",
        "ip link set e2e-meta0 up",
        "ip -n e2e-metadata addr add 169.254.169.254/24 dev e2e-meta1",
        "ip -n e2e-metadata link set e2e-meta1 up",
        "ip -n e2e-metadata route add default via 169.254.169.1",
    ]
    serve = ["ip", "netns", "exec", "e2e-metadata", "/bin/busybox", "httpd", "-f", "-p", "80"]
    service = None
    try:
        for line in setup:
            subprocess.run(line.split(), check=True, timeout=30)
        service = subprocess.Popen(serve)
        eventually(lambda: _open("169.254.169.254", 80), "the metadata service does not come up", 30)
        assert not reaches("169.254.169.254", 80)
    finally:
        if service:
            service.kill()
            service.wait()
        # The pair of interfaces goes with it.
        subprocess.run(["ip", "netns", "delete", "e2e-metadata"], check=False, timeout=30)


def _open(address, port):
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True
