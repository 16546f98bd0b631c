"""Clusters on real nodes: made by the present client, used by the unmodified docker CLI over mutual TLS."""

import subprocess
from urllib.parse import urlparse

import pytest

import clusters
from cloud import eventually
from clusters import PATIENCE, servers, shown, wait

USER = "jeroboam"


@pytest.fixture(scope="module")
def template(cloud):
    with clusters.template(cloud, "e2e-docker") as made:
        yield made


@pytest.fixture(scope="module")
def cluster(cloud, engine, template):
    with clusters.cluster(cloud, engine, template, "e2e-web", 1) as made:
        yield made


@pytest.fixture(scope="module")
def docker(cloud, cluster, tmp_path_factory):
    return clusters.docker_cli(cloud, cluster, tmp_path_factory.mktemp("tls"))


def test_a_cluster_is_healthy_and_its_nodes_are_servers(cloud, engine, cluster):
    assert cluster["health_status"] == "HEALTHY"
    assert urlparse(cluster["api_address"]).scheme == "tcp"
    nodes = servers(cloud, cluster["uuid"])
    assert len(nodes) == 2
    for node in nodes:
        assert engine.inspect(node["ID"])["State"]["Running"]


@pytest.fixture(scope="module")
def image(cloud, docker):
    """An image that the cluster's user brought himself."""
    return clusters.box(cloud, docker)


COMPOSE = """\
version: "3.7"
services:
  web:
    image: {image}
    command: [sh, -c, "mkdir /w; echo hello of compose > /w/index.html; exec httpd -f -p 8080 -h /w"]
  asker:
    image: {image}
    command: [sh, -c, "until timeout 5 wget -q -O- http://web:8080/; do sleep 1; done; exec sleep 1000"]
    volumes: [kept:/kept]
volumes: {{kept: {{}}}}
"""


def test_its_user_runs_containers_through_the_docker_cli(docker, image):
    assert docker("run", "--rm", image, "echo", "hello from a node").stdout.strip() == "hello from a node"
    assert docker("info", "--format", "{{.Name}}").stdout.strip().startswith("e2e-web")


def test_its_user_runs_a_compose_file(docker, image, tmp_path):
    file = tmp_path / "docker-compose.yml"
    file.write_text(COMPOSE.format(image=image))

    def compose(*words):
        return docker("-f", str(file), "-p", "e2e", *words, program="docker-compose").stdout

    def kept():
        return [docker(kind, "ls", "-q", "--filter", "label=com.docker.compose.project=e2e").stdout
                for kind in ("container", "network", "volume")]

    compose("up", "-d")
    eventually(lambda: "hello of compose" in compose("logs", "asker"), "one does not reach the other by its name")
    assert all(kept())
    compose("down", "--volumes", "--timeout", "1")
    assert not any(kept())


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
