"""Clusters on real nodes: made by the present client, used by the unmodified docker CLI over mutual TLS."""

import json
import re
import subprocess
from urllib.parse import urlparse

import pytest

from cloud import eventually

USER = "jeroboam"
# Nodes boot one after the other on small machines.
PATIENCE = 300


def shown(cloud, cluster):
    return cloud.openstack("coe", "cluster", "show", cluster, cloud=USER)


def wait(cloud, cluster, wanted):
    def reached():
        now = shown(cloud, cluster)
        assert not now["status"].endswith("FAILED"), now["status_reason"]
        return now if now["status"] == wanted else None

    return eventually(reached, f"the cluster does not become {wanted}", PATIENCE)


def servers(cloud, cluster):
    """The nodes of a cluster as their project sees them."""
    listed = cloud.openstack("server", "list", "--long", cloud=USER)
    return [one for one in listed if cluster in json.dumps(one.get("Properties", {}))]


@pytest.fixture(scope="module")
def template(cloud):
    # It says a sentence before what it was asked to print.
    cloud.openstack(
        "coe", "cluster", "template", "create", "--coe", "docker", "--image", "jeroboam-node",
        "--external-network", "public", "--flavor", "c1.small", "--master-flavor", "c1.small", "e2e-docker",
        cloud=USER, form=None,
    )
    made = cloud.openstack("coe", "cluster", "template", "show", "e2e-docker", cloud=USER)
    yield made["uuid"]
    cloud.openstack("coe", "cluster", "template", "delete", made["uuid"], cloud=USER, form=None)


@pytest.fixture(scope="module")
def cluster(cloud, engine, template):
    """A cluster of one master and one worker; gone with all its nodes and its network afterwards."""
    before = engine.networks()
    cloud.openstack(
        "coe", "cluster", "create", "--cluster-template", template, "--node-count", "1", "--timeout", "10",
        "e2e-web", cloud=USER, form=None,
    )
    made = wait(cloud, "e2e-web", "CREATE_COMPLETE")
    nodes = [one["ID"] for one in servers(cloud, made["uuid"])]
    yield made
    nodes = {*nodes, *(one["ID"] for one in servers(cloud, made["uuid"]))}
    cloud.openstack("coe", "cluster", "delete", made["uuid"], cloud=USER, form=None)

    def gone():
        listed = cloud.openstack("coe", "cluster", "list", cloud=USER)
        return made["uuid"] not in [one["uuid"] for one in listed]

    eventually(gone, "the cluster stays", PATIENCE)
    assert all(engine.inspect(node) is None for node in nodes)
    assert sorted(engine.networks()) == sorted(before)


@pytest.fixture(scope="module")
def docker(cloud, cluster, tmp_path_factory):
    """The docker CLI as the cluster's user has it: his key, a certificate that the cluster signed."""
    home = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=joe", "-keyout", home / "key.pem",
         "-out", home / "request.pem"],
        check=True, capture_output=True, timeout=60,
    )
    ca = cloud.openstack("coe", "ca", "show", cluster["uuid"], cloud=USER, form=None)
    (home / "ca.pem").write_text(ca)
    signed = cloud.openstack("coe", "ca", "sign", cluster["uuid"], str(home / "request.pem"), cloud=USER, form=None)
    (home / "cert.pem").write_text(signed)

    def run(*words, address=cluster["api_address"], proven=True, check=True):
        line = ["docker", "-H", address, "--tlsverify", "--tlscacert", home / "ca.pem"]
        if proven:
            line += ["--tlscert", home / "cert.pem", "--tlskey", home / "key.pem"]
        done = subprocess.run([*line, *words], capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


def test_a_cluster_is_healthy_and_its_nodes_are_servers(cloud, engine, cluster):
    assert cluster["health_status"] == "HEALTHY"
    assert urlparse(cluster["api_address"]).scheme == "tcp"
    nodes = servers(cloud, cluster["uuid"])
    assert len(nodes) == 2
    for node in nodes:
        assert engine.inspect(node["ID"])["State"]["Running"]


def test_its_user_runs_containers_through_the_docker_cli(cloud, cluster, docker):
    loaded = docker("load", "-i", str(cloud.state / "busybox.tar")).stdout
    image = re.search(r"Loaded image(?: ID)?: (\S+)", loaded).group(1)
    assert docker("run", "--rm", image, "echo", "hello from a node").stdout.strip() == "hello from a node"
    assert docker("info", "--format", "{{.Name}}").stdout.strip().startswith("e2e-web")


def test_nobody_else_is_let_in(cluster, docker, tmp_path):
    refused = docker("info", "--format", "{{.ServerVersion}}", proven=False, check=False)
    assert refused.returncode != 0, refused.stdout
    plain = subprocess.run(
        ["docker", "-H", cluster["api_address"], "info"], capture_output=True, text=True, timeout=60,
    )
    assert "ERROR" in plain.stdout + plain.stderr or plain.returncode != 0


def test_it_grows_and_shrinks(cloud, engine, cluster):
    cloud.openstack("coe", "cluster", "resize", cluster["uuid"], "2", cloud=USER, form=None)
    wait(cloud, cluster["uuid"], "UPDATE_COMPLETE")
    assert len(servers(cloud, cluster["uuid"])) == 3
    cloud.openstack("coe", "cluster", "resize", cluster["uuid"], "0", cloud=USER, form=None)
    eventually(lambda: len(servers(cloud, cluster["uuid"])) == 1, "nodes stay", PATIENCE)
    now = wait(cloud, cluster["uuid"], "UPDATE_COMPLETE")
    assert now["api_address"] == cluster["api_address"]


def test_a_node_that_is_deleted_is_replaced(cloud, engine, cluster):
    before = {one["ID"] for one in servers(cloud, cluster["uuid"])}
    victim = before.pop()
    cloud.openstack("server", "delete", "--wait", victim, cloud=USER, form=None)

    def healed():
        now = servers(cloud, cluster["uuid"])
        others = [one["ID"] for one in now if one["ID"] != victim and one["Status"] == "ACTIVE"]
        return others and shown(cloud, cluster["uuid"])["health_status"] == "HEALTHY"

    eventually(healed, "no other node came", PATIENCE)


def test_what_is_not_built_says_so(cloud, name):
    said = cloud.fails(
        "coe", "cluster", "template", "create", "--coe", "docker", "--image", "busybox",
        "--external-network", "public", "--flavor", "c1.small", name, cloud=USER,
    )
    assert "os_distro" in said
