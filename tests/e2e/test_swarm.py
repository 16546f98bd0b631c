"""A Swarm on real nodes, used by the unmodified docker CLI over mutual TLS through its manager."""

import pytest

import clusters
from cloud import eventually
from clusters import PATIENCE, servers, shown, wait

USER = "jeroboam"


@pytest.fixture(scope="module")
def swarm(cloud, engine, tmp_path_factory):
    with (
        clusters.template(cloud, "e2e-swarm", coe="swarm-mode") as template,
        clusters.cluster(cloud, engine, template, "e2e-swarm", 2) as made,
    ):
        yield Swarm(cloud, engine, made, tmp_path_factory.mktemp("tls"))


class Swarm:
    """A cluster, and the docker CLI of its user."""

    def __init__(self, cloud, engine, made, home):
        self.cloud, self.engine, self.uuid = cloud, engine, made["uuid"]
        self.enter(home)

    def enter(self, home):
        """Has its user's certificate signed."""
        self._docker = clusters.docker_cli(self.cloud, shown(self.cloud, self.uuid), home)

    def docker(self, *words, **how):
        """Asks the manager, wherever it is now."""
        return self._docker(*words, address=shown(self.cloud, self.uuid)["api_address"], **how).stdout.strip()

    def nodes(self):
        """The servers of the nodes by name."""
        return {one["Name"]: one["ID"] for one in servers(self.cloud, self.uuid)}

    def ready(self):
        """Names of the nodes that the manager hears of; None while it knows any other."""
        listed = self.docker("node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.Availability}}", check=False)
        nodes = [line.split() for line in listed.splitlines()]
        well = all(words[1:] == ["Ready", "Active"] for words in nodes)
        return sorted(words[0] for words in nodes) if well else None

    def furnish(self):
        """Puts busybox on every node: there is no registry."""
        for server in self.nodes().values():
            ports = self.engine.inspect(server)["NetworkSettings"]["Ports"]["2376/tcp"]
            archive = str(self.cloud.state / "busybox.tar")
            self._docker("load", "-i", archive, address=f"tcp://127.0.0.1:{ports[0]['HostPort']}")

    def running(self, service):
        """The nodes that tasks of a service run on."""
        form = ("--filter", "desired-state=running", "--format", "{{.Node}} {{.CurrentState}}")
        listed = self.docker("service", "ps", service, *form, check=False)
        return [line.split()[0] for line in listed.splitlines() if line.split()[1:2] == ["Running"]]

    def whole(self):
        """Every node is in the Swarm, and nobody else."""
        return self.ready() == sorted(self.nodes())


def test_its_nodes_form_one_swarm_and_its_address_is_a_managers(swarm):
    assert len(swarm.nodes()) == 3
    assert swarm.whole(), swarm.docker("node", "ls")
    assert swarm.docker("info", "--format", "{{.Swarm.ControlAvailable}} {{.Swarm.Managers}}") == "true 1"
    assert swarm.docker("info", "--format", "{{.Name}}") == "e2e-swarm-default-master-0"


def test_a_service_runs_on_all_nodes_and_its_tasks_reach_each_other(swarm):
    swarm.furnish()
    swarm.docker("network", "create", "--driver", "overlay", "--attachable", "inside")
    swarm.docker(
        "service", "create", "--detach", "--no-resolve-image", "--name", "web", "--replicas", "3",
        "--endpoint-mode", "dnsrr", "--network", "inside", "busybox:latest",
        "httpd", "-f", "-p", "80",
    )
    spread = eventually(
        lambda: (on := sorted(swarm.running("web"))) == sorted(swarm.nodes()) and on, "the service does not run", 90
    )
    assert len(spread) == 3
    # Another container on the overlay network finds every task by the service's name.
    call = (
        "for ip in $(nslookup tasks.web 127.0.0.11 | awk '/^Name/ {found = 1} found && /^Address/ {print $NF}');"
        " do ping -c 1 -W 5 $ip > /dev/null && echo $ip; done"
    )

    def reached():
        return set(swarm.docker("run", "--rm", "--network", "inside", "busybox:latest", "sh", "-c", call).split())

    eventually(lambda: len(reached()) == 3, "not every task answers over the overlay network", 60)


def test_who_comes_joins_and_who_goes_is_removed(swarm):
    swarm.cloud.openstack("coe", "cluster", "resize", swarm.uuid, "3", cloud=USER, form=None)
    wait(swarm.cloud, swarm.uuid, "UPDATE_COMPLETE")
    assert len(swarm.nodes()) == 4
    assert swarm.whole(), swarm.docker("node", "ls")
    swarm.cloud.openstack("coe", "cluster", "resize", swarm.uuid, "2", cloud=USER, form=None)
    eventually(lambda: len(swarm.nodes()) == 3, "the node stays", PATIENCE)
    wait(swarm.cloud, swarm.uuid, "UPDATE_COMPLETE")
    assert swarm.whole(), swarm.docker("node", "ls")


def test_a_node_that_is_killed_comes_back_into_it(swarm):
    name = "e2e-swarm-default-worker-0"
    server = swarm.nodes()[name]
    began = swarm.engine.inspect(server)["State"]["StartedAt"]
    swarm.engine.kill(server)
    eventually(lambda: swarm.engine.inspect(server)["State"]["StartedAt"] != began, "it is not started again", 60)
    eventually(lambda: swarm.whole() and len(swarm.running("web")) == 3, "it does not come back", PATIENCE)
    assert swarm.nodes()[name] == server, "nobody had to take its place"


def test_a_node_that_is_lost_is_replaced_and_its_tasks_run_elsewhere(swarm):
    name = "e2e-swarm-default-worker-0"
    before = swarm.nodes()[name]
    swarm.cloud.openstack("server", "delete", "--wait", before, cloud=USER, form=None)
    eventually(lambda: swarm.nodes().get(name) not in (None, before), "no other node came", PATIENCE)
    eventually(swarm.whole, "the new one does not join, or the lost one is not removed", PATIENCE)
    eventually(lambda: shown(swarm.cloud, swarm.uuid)["health_status"] == "HEALTHY", "it is not well", 60)
    # The new node has no such image, and its manager tries it no less.
    swarm.furnish()
    eventually(lambda: len(swarm.running("web")) == 3, "its tasks are not made again", 90)


def test_another_authority_makes_its_only_manager_anew_with_all_it_knew(swarm, tmp_path):
    name = "e2e-swarm-default-master-0"
    before = swarm.nodes()
    container = swarm.engine.inspect(before[name])["Id"]
    known = "{{.Swarm.Cluster.ID}} {{.Swarm.NodeID}} {{.Images}}"
    knew = swarm.docker("info", "--format", known)
    swarm.cloud.openstack("coe", "ca", "rotate", swarm.uuid, cloud=USER, form=None)
    wait(swarm.cloud, swarm.uuid, "UPDATE_COMPLETE")
    after = swarm.nodes()
    assert after[name] == before[name] and swarm.engine.inspect(after[name])["Id"] != container
    assert not {one for other, one in after.items() if other != name} & set(before.values())
    swarm.enter(tmp_path)
    eventually(swarm.whole, "the new ones do not join, or the old ones are not removed", PATIENCE)
    assert swarm.docker("info", "--format", known) == knew
    assert swarm.docker("service", "ls", "--format", "{{.Name}}") == "web"
    swarm.furnish()
    eventually(lambda: len(swarm.running("web")) == 3, "its tasks are not made again", 90)


def test_with_its_only_manager_it_is_lost_and_the_others_move_to_a_new_one(swarm):
    name = "e2e-swarm-default-master-0"
    before = swarm.nodes()[name]
    swarm.cloud.openstack("server", "delete", "--wait", before, cloud=USER, form=None)
    eventually(lambda: swarm.nodes().get(name) not in (None, before), "no other manager came", PATIENCE)
    eventually(lambda: swarm.whole(), "the others do not move", PATIENCE)
    now = shown(swarm.cloud, swarm.uuid)
    assert "begins a new Swarm" in now["status_reason"], now
    eventually(
        lambda: shown(swarm.cloud, swarm.uuid)["health_status"] == "HEALTHY", "it is not well", 60
    )
