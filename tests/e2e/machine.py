"""A second machine: an engine and an agent in a network namespace of their own, a cable away from the first.

Everything that is started here is ended by its process id, and the namespace goes with it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import yaml

from cloud import eventually
from inner import Inner

NAME = "e2e-second"
CABLE = ("e2e-cable0", "e2e-cable1")
# For benchmarks between networks (RFC 2544): nobody's.
NET = "198.18.77"
FIRST, SECOND = f"{NET}.1", f"{NET}.2"


def tell(line, check=True):
    return subprocess.run(line.split(), check=check, capture_output=True, text=True, timeout=30)


def impossible():
    """Why there can be no second machine here; None when there can."""
    if os.geteuid() != 0:
        return "a second machine is made by root alone"
    for program in ["ip", "nsenter", "nft", "dockerd"]:
        if shutil.which(program) is None:
            return f"a second machine takes {program}"
    try:
        tell(f"ip netns add {NAME}-probe")
        try:
            tell(f"ip -n {NAME}-probe link add {CABLE[0]} type veth peer name {CABLE[1]}")
            tell(f"ip -n {NAME}-probe link add probe type vxlan id 1 dstport 4789")
        finally:
            tell(f"ip netns del {NAME}-probe")
    except subprocess.CalledProcessError as error:
        return f"network namespaces or tunnels are not possible here: {error.stderr.strip()}"
    return None


class Relay:
    """Takes connections at an address that the second machine reaches, and leads them to a local one."""

    def __init__(self, host, port):
        self.to = (host, port)
        self.server = socket.create_server((FIRST, 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        while True:
            try:
                one, _ = self.server.accept()
                other = socket.create_connection(self.to, timeout=10)
                other.settimeout(None)
            except OSError:
                if self.server.fileno() < 0:
                    return
                continue
            for way in [(one, other), (other, one)]:
                threading.Thread(target=self._pass_on, args=way, daemon=True).start()

    @staticmethod
    def _pass_on(from_, to):
        try:
            while data := from_.recv(1 << 16):
                to.sendall(data)
        except OSError:
            pass
        for end in (from_, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.server.close()


class Machine:
    """The second machine while it is there; the first one's tunnels end at its cable meanwhile."""

    def __init__(self, cloud, home, **agent):
        """`agent`: more of its agent's settings."""
        self.cloud, self.home, self.settings = cloud, Path(home), agent
        self.socket = self.home / "docker.sock"
        self.processes, self.relays = [], []

    def __enter__(self):
        try:
            self._cable()
            self._engine()
            self._first(JEROBOAM__AGENT__TUNNEL_ADDRESS=FIRST)
            self._agent()
            eventually(lambda: self._tunnels() == 2, "the machines do not say where their tunnels end", 120)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self._retire()
        for relay in self.relays:
            relay.close()
        tell(f"ip netns del {NAME}", check=False)
        tell(f"ip link del {CABLE[0]}", check=False)
        for folder in Path("/sys/fs/cgroup").glob(f"**/{NAME}"):
            tell(f"find {folder} -depth -type d -exec rmdir {{}} ;", check=False)
        for folder in ["data", "exec", "agent"]:
            shutil.rmtree(self.home / folder, ignore_errors=True)
        self._first()

    def _retire(self):
        """As its operator does when it is gone for good: nothing is placed there any more."""
        for one in self.cloud.openstack("compute", "service", "list", say="compute service list"):
            if one["Host"] == NAME:
                self.cloud.openstack("compute", "service", "delete", one["ID"], form=None, say="compute service delete")

    # --- its parts

    def _cable(self):
        for line in [
            f"ip netns add {NAME}",
            f"ip link add {CABLE[0]} type veth peer name {CABLE[1]} netns {NAME}",
            f"ip addr add {FIRST}/24 dev {CABLE[0]}",
            f"ip link set {CABLE[0]} up",
            f"ip -n {NAME} addr add {SECOND}/24 dev {CABLE[1]}",
            f"ip -n {NAME} link set {CABLE[1]} up",
            f"ip -n {NAME} link set lo up",
            f"ip -n {NAME} route add default via {FIRST}",
        ]:
            tell(line)

    def inside(self, *words):
        """A command as it is there. Mounts stay: cgroups are found where they are."""
        return ["nsenter", f"--net=/run/netns/{NAME}", *map(str, words)]

    def _start(self, name, words, **environment):
        log = open(self.home / f"{name}.log", "ab")
        done = subprocess.Popen(
            self.inside(*words), env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )
        self.processes.append(done)
        return done

    def _engine(self):
        (self.home / "daemon.json").write_text("{}")
        self._start("dockerd", [
            "dockerd", "--config-file", self.home / "daemon.json", "--data-root", self.home / "data",
            "--exec-root", self.home / "exec", "--pidfile", self.home / "docker.pid", "--host", f"unix://{self.socket}",
            "--cgroup-parent", f"/{NAME}",
        ])
        eventually(lambda: self.docker("version", check=False).returncode == 0, "the second engine does not answer")

    def _first(self, **environment):
        """The first machine's agent, begun anew."""
        self.cloud.kill("agent")
        before = {key: os.environ.get(key) for key in environment}
        os.environ.update(environment)
        try:
            self.cloud.start("agent")
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key)
                else:
                    os.environ[key] = value

    def _relay(self, host, port):
        relay = Relay(host, port)
        self.relays.append(relay)
        return f"{FIRST}:{relay.port}"

    def _agent(self):
        settings = yaml.safe_load((self.cloud.state / "jeroboam.yaml").read_text())
        api = settings["http"]["listen"].split(":")
        api = f"http://{self._relay(api[0], int(api[1]))}"
        broker = urlsplit(Path(settings["bus"]["url_file"]).read_text().strip())
        account = broker.netloc.rpartition("@")[0]
        there = self._relay(broker.hostname, broker.port or 5672)
        (self.home / "bus-url").write_text(urlunsplit(broker._replace(netloc=f"{account}@{there}")))
        (self.home / "bus-url").chmod(0o600)
        del settings["http"]
        settings["bus"]["url_file"] = str(self.home / "bus-url")
        settings["agent"] |= {"state_dir": str(self.home / "agent"), "hostname": NAME, "address": SECOND}
        settings["agent"] |= self.settings
        settings["agent"]["images"] |= {"auth_url": f"{api}/identity", "image_url": f"{api}/image"}
        settings["engine"]["url"] = f"unix://{self.socket}"
        # Node by node the users of both machines are users of one kernel here.
        settings["engine"]["nodes"] = {"first_uid": 1_500_000_000}
        (self.home / "jeroboam.yaml").write_text(yaml.safe_dump(settings))
        (self.home / "jeroboam.yaml").chmod(0o600)
        self._start("agent", [os.environ["JEROBOAM_BINARY"], "-c", self.home / "jeroboam.yaml", "agent"])

    def _tunnels(self):
        """Machines that have said where their tunnels end."""
        database = (self.cloud.state / "secret" / "database-url").read_text().strip()
        ask = "SELECT count(*) FROM hosts WHERE cluster_id IS NULL AND inventory LIKE '%\"tunnel\":{%'"
        done = subprocess.run(["psql", "-XAtq", database, "-c", ask], capture_output=True, text=True, timeout=30)
        return int(done.stdout or 0)

    # --- what is there

    def docker(self, *words, check=True):
        line = ["docker", "-H", f"unix://{self.socket}", *words]
        return subprocess.run(line, check=check, capture_output=True, text=True, timeout=60)

    def networks(self):
        listed = self.docker("network", "ls", "--filter", "label=jeroboam.network", "--format", "{{.Name}}").stdout
        return listed.split()

    def containers(self):
        return self.docker("ps", "-aq", "--filter", "label=jeroboam.id").stdout.split()

    def node(self, node):
        """The engine of a node that is there."""
        inner = Inner(self.cloud, node)
        inner.path = str(self.home / "agent" / "nodes" / node / "docker.sock")
        return inner


def traces(inside=()):
    """What a machine has of tunnels: its devices and its tables, but for the one that shuts containers out."""
    run = [*inside, "ip", "-j", "link"]
    links = json.loads(subprocess.run(run, check=True, capture_output=True, text=True, timeout=30).stdout)
    devices = [link["ifname"] for link in links if link["ifname"].startswith(("jv-", "jp-"))]
    listed = subprocess.run(
        [*inside, "nft", "list", "tables"], check=True, capture_output=True, text=True, timeout=30
    ).stdout
    return devices + [line.split()[-1] for line in listed.splitlines() if line.split()[-1].startswith("jv-")]
