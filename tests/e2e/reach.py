"""Who can open a connection to what, and what there is on a machine that tenants must not reach."""

import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from cloud import eventually

OPEN, SHUT = "open", "shut"


class Reach:
    """Containers that try to open connections. `ways` are their names, and how each runs a script of busybox's
    shell: it gives what that prints."""

    def __init__(self, ways):
        self.ways = ways

    def __call__(self, address, port):
        """Those for whom a connection stands, whatever the other side then does."""
        # In the background: no signal, the one that ends its patience neither, ends process 1.
        script = (
            f"/bin/busybox nc -w 2 {address} {port} -e /bin/busybox true 2>/dev/null & "
            f"if wait $!; then echo {OPEN}; else echo {SHUT}; fi"
        )
        with ThreadPoolExecutor() as all_:
            said = dict(zip(self.ways, all_.map(lambda way: way(script).strip(), self.ways.values())))
        # One that could not try has not found it shut.
        assert set(said.values()) <= {OPEN, SHUT}, said
        return [name for name, word in said.items() if word == OPEN]

    def cut_off(self, address, port):
        """Those for whom none stands, where all should have one."""
        through = self(address, port)
        return [name for name in self.ways if name not in through]

    def strangers(self, address, port):
        """Those for whom a connection stands to what is there for the machine itself."""
        assert opens(address, port), f"nothing is at {address}:{port}"
        return self(address, port)


def of_docker(docker):
    """Containers in a bay of docker, on both of its networks, one of them with every right."""

    def way(*how):
        return lambda script: docker("run", "--rm", *how, "box", "/bin/busybox", "sh", "-c", script).stdout

    return Reach({"plain": way(), "every right": way("--network", "host", "--cap-add", "ALL")})


def opens(address, port):
    """Does the machine itself get a connection there?"""
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


def of_the_machine(*servers):
    """Addresses of the machine: on the networks of these servers, and the one by which it reaches the world, if it
    does. Not 127.0.0.1, at which a container means itself."""
    found = {gateway(address) for address in servers}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            # Nothing is sent: it is an address of documentation.
            asking.connect(("198.51.100.1", 9))
            found.add(asking.getsockname()[0])
        except OSError:
            pass
    return found


def gateway(address):
    """The machine's own address on the network of a server."""
    return re.sub(r"\.\d+$", ".1", address)


@contextmanager
def everywhere():
    """A service on every address of the machine, as brokers and databases listen; its port."""
    with socket.create_server(("0.0.0.0", 0)) as service:
        yield service.getsockname()[1]


@contextmanager
def server(cloud, name, user):
    """A server of a tenant that answers at port 8080; its address."""
    made = cloud.openstack(
        "server", "create", "--wait", "--image", "busybox", "--flavor", "c1.nano",
        "--property", "os_command_line=/bin/busybox httpd -f -p 8080", name, cloud=user,
    )
    try:
        shown = cloud.openstack("server", "show", made["id"], cloud=user)
        address = next(iter(shown["addresses"].values()))[0]
        eventually(lambda: opens(address, 8080), "the server does not answer", 30)
        yield address
    finally:
        cloud.openstack("server", "delete", "--wait", made["id"], cloud=user, form=None)


METADATA = "169.254.169.254"


@contextmanager
def metadata():
    """What a machine in somebody's cloud is told about itself, by an address that is routed on."""
    setup = [
        "ip netns add e2e-metadata",
        "ip link add e2e-meta0 type veth peer name e2e-meta1 netns e2e-metadata",
        "ip addr add 169.254.169.1/24 dev e2e-meta0",
        "ip link set e2e-meta0 up",
        f"ip -n e2e-metadata addr add {METADATA}/24 dev e2e-meta1",
        "ip -n e2e-metadata link set e2e-meta1 up",
        "ip -n e2e-metadata route add default via 169.254.169.1",
    ]
    serve = ["ip", "netns", "exec", "e2e-metadata", "/bin/busybox", "httpd", "-f", "-p", "80"]
    service = None
    try:
        for line in setup:
            subprocess.run(line.split(), check=True, timeout=30)
        service = subprocess.Popen(serve)
        eventually(lambda: opens(METADATA, 80), "the metadata service does not come up", 30)
        yield METADATA
    finally:
        if service:
            service.kill()
            service.wait()
        # The pair of interfaces goes with it.
        subprocess.run(["ip", "netns", "delete", "e2e-metadata"], check=False, timeout=30)
