"""Clusters and what their users do with them, for the tests that need one."""

import json
import os
import re
import subprocess
from collections import namedtuple
from contextlib import contextmanager
from pathlib import Path

import pytest

from cloud import eventually

TOP = Path(__file__).resolve().parents[2]

# Nodes boot one after the other on small machines.
PATIENCE = 300


def shown(cloud, cluster, user="jeroboam"):
    return cloud.openstack("coe", "cluster", "show", cluster, cloud=user)


def wait(cloud, cluster, wanted, user="jeroboam"):
    """Waits until the cluster's status is this."""

    said = set()

    def reached():
        now = shown(cloud, cluster, user)
        assert not now["status"].endswith("FAILED"), now["status_reason"]
        if now["status_reason"] not in said:
            # Shown when it fails.
            said.add(now["status_reason"])
            print(now["status"], now["status_reason"])
        return now if now["status"] == wanted else None

    return eventually(reached, f"the cluster does not become {wanted}", PATIENCE)


def delete(cloud, cluster, user="jeroboam"):
    """Deletes a cluster by its UUID, and waits until it has gone."""
    cloud.openstack("coe", "cluster", "delete", cluster, cloud=user, form=None)

    def gone():
        return cluster not in [one["uuid"] for one in cloud.openstack("coe", "cluster", "list", cloud=user)]

    eventually(gone, "the cluster stays", PATIENCE)


def servers(cloud, cluster, user="jeroboam"):
    """The nodes of a cluster as their project sees them."""
    listed = cloud.openstack("server", "list", "--long", cloud=user)
    return [one for one in listed if cluster in json.dumps(one.get("Properties", {}))]


def nodes(cloud, cluster, user="jeroboam"):
    """Those of them that are active: {name: server}."""
    return {one["Name"]: one["ID"] for one in servers(cloud, cluster, user) if one["Status"] == "ACTIVE"}


@contextmanager
def template(cloud, name, user="jeroboam", coe="docker", image="jeroboam-node"):
    """A template of small nodes; its UUID."""
    # It says a sentence before what it was asked to print.
    cloud.openstack(
        "coe", "cluster", "template", "create", "--coe", coe, "--image", image,
        "--external-network", "public", "--flavor", "c1.small", "--master-flavor", "c1.small", name,
        cloud=user, form=None,
    )
    made = cloud.openstack("coe", "cluster", "template", "show", name, cloud=user)
    yield made["uuid"]
    cloud.openstack("coe", "cluster", "template", "delete", made["uuid"], cloud=user, form=None)


@contextmanager
def cluster(cloud, engine, template, name, count, user="jeroboam"):
    """A cluster of one master and so many workers; gone with all its nodes and its network afterwards."""
    before = engine.networks()
    cloud.openstack(
        "coe", "cluster", "create", "--cluster-template", template, "--node-count", str(count), "--timeout", "10",
        name, cloud=user, form=None,
    )
    made = wait(cloud, name, "CREATE_COMPLETE", user)
    nodes = [one["ID"] for one in servers(cloud, made["uuid"], user)]
    yield made
    nodes = {*nodes, *(one["ID"] for one in servers(cloud, made["uuid"], user))}
    delete(cloud, made["uuid"], user)
    assert all(engine.inspect(node) is None for node in nodes)
    assert sorted(engine.networks()) == sorted(before)


def kubernetes():
    """The folder with Kubernetes as it was built before, or is built now if that was asked for."""
    script = TOP / "devstack/kubernetes.sh"
    build = os.environ.get("JEROBOAM_TEST_KUBERNETES") == "build"
    done = subprocess.run(
        [str(script)] + ([] if build else ["--cached"]), capture_output=True, text=True, timeout=3600
    )
    if done.returncode == 3:
        pytest.skip(f"Kubernetes is not built: JEROBOAM_TEST_KUBERNETES=build builds it, or {script}")
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def docker_cli(cloud, cluster, home, user="jeroboam"):
    """The docker CLI as the cluster's user has it: his key, a certificate that the cluster signed. `program`
    is another client of the engine that takes the same options."""
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=joe", "-keyout", home / "key.pem",
         "-out", home / "request.pem"],
        check=True, capture_output=True, timeout=60,
    )
    ca = cloud.openstack("coe", "ca", "show", cluster["uuid"], cloud=user, form=None)
    (home / "ca.pem").write_text(ca)
    signed = cloud.openstack("coe", "ca", "sign", cluster["uuid"], str(home / "request.pem"), cloud=user, form=None)
    (home / "cert.pem").write_text(signed)

    def run(*words, address=cluster["api_address"], proven=True, check=True, program="docker"):
        line = [program, "-H", address, "--tlsverify", "--tlscacert", home / "ca.pem"]
        if proven:
            line += ["--tlscert", home / "cert.pem", "--tlskey", home / "key.pem"]
        # Where it is set, Python's clients believe this instead of the option.
        environment = {k: v for k, v in os.environ.items() if k not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
        done = subprocess.run([*line, *words], env=environment, capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


def box(cloud, docker):
    """Brings busybox to the engine of a docker CLI; its name there."""
    loaded = docker("load", "-i", str(cloud.state / "busybox.tar")).stdout
    docker("tag", re.search(r"Loaded image(?: ID)?: (\S+)", loaded).group(1), "box")
    return "box"


DockerBay = namedtuple("DockerBay", "made docker node")


@contextmanager
def docker_bay(cloud, engine, name, home, user):
    """A bay of docker with one node: the bay, its user's docker CLI with `box` there, the node's address."""
    with template(cloud, name, user) as of, cluster(cloud, engine, of, name, 0, user) as made:
        docker = docker_cli(cloud, made, home, user)
        box(cloud, docker)
        node = servers(cloud, made["uuid"], user)[0]
        yield DockerBay(made, docker, next(iter(node["Networks"].values()))[0])


def web(docker):
    """Runs a container that answers at port 8080, of the node too; its own address."""
    docker("run", "-d", "--name", "web", "-p", "8080:8080", "box", "/bin/busybox", "httpd", "-f", "-p", "8080")
    inside = docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "web")
    return inside.stdout.strip()
