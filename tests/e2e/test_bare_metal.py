"""A bay whose nodes are whole machines: the second machine is lent to its master, and to nobody else meanwhile."""

from contextlib import contextmanager

import pytest

import clusters
import machine
from cloud import Refused, eventually
from machine import NAME

METAL = "e2e-metal"
PATIENCE = 120


@pytest.fixture(scope="module")
def metal(cloud, tmp_path_factory):
    """A second machine that may be lent, and a flavor for which it is."""
    if why := machine.impossible():
        pytest.skip(why)
    with machine.Machine(cloud, tmp_path_factory.mktemp("metal"), lendable=True) as there:
        cloud.openstack(
            "flavor", "create", METAL, "--vcpus", "1", "--ram", "512", "--disk", "1", "--property",
            "resources:CUSTOM_BAREMETAL=1",
        )
        yield there
        cloud.openstack("flavor", "delete", METAL, form=None)


def lending(cloud):
    """What operators see of the second machine."""
    compute = cloud.connection().compute
    listed = compute.get("/os-hypervisors/detail", microversion="2.53").json()["hypervisors"]
    return next(one for one in listed if one["hypervisor_hostname"] == NAME)


@contextmanager
def only_the_second(cloud):
    """The first machine takes no new servers."""
    first = next(
        one["Host"] for one in cloud.openstack("compute", "service", "list", "--service", "nova-compute",
                                               say="compute service list")
        if one["Host"] != NAME
    )

    def set_(how):
        cloud.openstack("compute", "service", "set", how, first, "nova-compute", form=None, say="compute service set")

    set_("--disable")
    try:
        yield
    finally:
        set_("--enable")


@contextmanager
def server(cloud, name, flavor="c1.nano"):
    """A server, whatever becomes of it: its machine, or why it has none."""
    made = cloud.openstack("server", "create", "--image", "busybox", "--flavor", flavor, name, cloud="jeroboam")

    def settled():
        now = cloud.openstack("server", "show", made["id"])
        return now if now["status"] in ("ACTIVE", "ERROR") else None

    now = eventually(settled, "nothing becomes of the server", PATIENCE)
    try:
        yield now["OS-EXT-SRV-ATTR:hypervisor_hostname"] if now["status"] == "ACTIVE" else str(now["fault"])
    finally:
        cloud.openstack("server", "delete", "--wait", made["id"], cloud="jeroboam", form=None)


@contextmanager
def template(cloud, name, flavor, server_type="bm"):
    cloud.openstack(
        "coe", "cluster", "template", "create", "--coe", "docker", "--image", "jeroboam-node", "--external-network",
        "public", "--server-type", server_type, "--flavor", flavor, "--master-flavor", flavor, name,
        cloud="jeroboam", form=None,
    )
    yield name
    cloud.openstack("coe", "cluster", "template", "delete", name, cloud="jeroboam", form=None)


def test_a_node_has_a_machine_to_itself_and_gives_it_back(cloud, engine, metal, name, tmp_path):
    free = lending(cloud)
    assert free["jeroboam:lending"]["lendable_memory_mb"] > 0 and free["jeroboam:lending"]["lent_to"] is None
    with template(cloud, name, METAL), clusters.cluster(cloud, engine, name, name, 0) as bay:
        (node,) = clusters.servers(cloud, bay["uuid"])
        shown = cloud.openstack("server", "show", node["ID"])
        assert shown["OS-EXT-SRV-ATTR:hypervisor_hostname"] == NAME
        lent = lending(cloud)
        assert lent["jeroboam:lending"]["lent_to"] == node["ID"]
        assert lent["memory_mb_used"] == lent["memory_mb"] and lent["vcpus_used"] == lent["vcpus"]
        # Its engine is the user's, as that of any node.
        docker = clusters.docker_cli(cloud, bay, tmp_path)
        assert docker("info", "--format", "{{.Name}}").stdout.strip()
        assert docker("info", proven=False, check=False).returncode != 0
        # Neither who wants a machine nor who wants a place finds it.
        with server(cloud, f"{name}-metal", METAL) as why:
            assert "lent as a whole: 1" in why and "not lendable as a whole: 1" in why, why
        with server(cloud, f"{name}-beside") as where:
            assert where != NAME and "hosts" not in where, where
        with only_the_second(cloud), server(cloud, f"{name}-within") as why:
            assert "lent as a whole: 1" in why, why
        assert lending(cloud)["jeroboam:lending"]["lent_to"] == node["ID"]
    eventually(lambda: lending(cloud)["jeroboam:lending"]["lent_to"] is None, "the machine is not given back", PATIENCE)
    assert not metal.containers()
    # It is everybody's again.
    with only_the_second(cloud), server(cloud, f"{name}-after") as where:
        assert where == NAME, where
    eventually(lambda: not metal.containers(), "the server stays on the machine", PATIENCE)


def test_flavors_are_of_machines_or_of_places(cloud, metal, name):
    for server_type, flavor in [("bm", "c1.small"), ("vm", METAL)]:
        try:
            with template(cloud, name, flavor, server_type):
                said = cloud.fails("coe", "cluster", "create", "--cluster-template", name, name, cloud="jeroboam")
        except Refused as refused:
            said = str(refused)
        assert "CUSTOM_BAREMETAL" in said, said
