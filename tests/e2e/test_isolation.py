"""What a tenant's container in a bay can reach: the world and its own bay, and nothing else of this cloud."""

from contextlib import ExitStack
from urllib.parse import urlparse

import pytest

import clusters
import reach

OURS, THEIRS = "jeroboam", "jeroboam-admin"


@pytest.fixture(scope="module")
def bays(cloud, engine, tmp_path_factory):
    """A bay each of two tenants, and their docker clients."""
    with ExitStack() as stack:
        made = {}
        for user in [OURS, THEIRS]:
            # An administrator sees the others' too, so names tell them apart.
            home = tmp_path_factory.mktemp(user)
            made[user] = stack.enter_context(clusters.docker_bay(cloud, engine, f"e2e-of-{user}", home, user))
        yield made


@pytest.fixture(scope="module")
def reaches(bays):
    """Where containers in our bay get through to."""
    return reach.of_docker(bays[OURS].docker)


def test_a_container_reaches_its_own_bay(bays, reaches):
    # Else the other tests would prove nothing.
    assert not reaches.cut_off(bays[OURS].node, 2376)


def test_a_container_reaches_nothing_of_another_bay(bays, reaches):
    bay, docker, node = bays[THEIRS]
    assert not reaches.strangers(node, 2376)
    # Published for those outside the machine; from inside, the way leads through it.
    for address in reach.of_the_machine(bays[OURS].node, node):
        assert not reaches.strangers(address, urlparse(bay["api_address"]).port), address
    inside = clusters.web(docker)
    assert not reach.of_docker(docker).cut_off(inside, 8080)
    assert not reaches(inside, 8080) and not reaches.strangers(node, 8080)


def test_a_container_reaches_no_server_of_another_tenant(cloud, reaches, name):
    with reach.server(cloud, name, THEIRS) as address:
        assert not reaches.strangers(address, 8080)


def test_a_container_reaches_nothing_of_the_control_plane(bays, reaches):
    with reach.everywhere() as port:
        for address in reach.of_the_machine(bays[OURS].node, bays[THEIRS].node):
            assert not reaches.strangers(address, port), address


def test_a_container_reaches_no_metadata_of_the_machine(reaches):
    with reach.metadata() as address:
        assert not reaches.strangers(address, 80)
