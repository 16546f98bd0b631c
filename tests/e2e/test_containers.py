"""Containers on a bay of real nodes, with the unmodified client of 2015."""

import hashlib
import io
import json
import re
import subprocess
import tarfile

import pytest

from cloud import eventually

USER = "jeroboam"
# Nodes boot one after the other on small machines.
PATIENCE = 300


def wait(cloud, bay, wanted):
    def reached():
        now = cloud.magnum("bay-show", bay)
        assert not now["status"].endswith("FAILED"), now["status_reason"]
        return now if now["status"] == wanted else None

    return eventually(reached, f"the bay does not become {wanted}", PATIENCE)


@pytest.fixture(scope="module")
def baymodel(cloud):
    cloud.openstack("keypair", "create", "e2e-2015", cloud=USER, form=None)
    made = cloud.magnum(
        "baymodel-create", "--name", "e2e-2015", "--image-id", "jeroboam-node", "--keypair-id", "e2e-2015",
        "--external-network-id", "public", "--coe", "docker", "--flavor-id", "c1.small",
        "--master-flavor-id", "c1.small",
    )
    yield made["uuid"]
    cloud.magnum("baymodel-delete", made["uuid"])
    cloud.openstack("keypair", "delete", "e2e-2015", cloud=USER, form=None)


@pytest.fixture(scope="module")
def bay(cloud, engine, baymodel):
    """A bay of one master and one node; gone with all that was in it, and its network, afterwards."""
    before = engine.networks()
    made = cloud.magnum("bay-create", "--name", "e2e-bay", "--baymodel", "e2e-2015", "--node-count", "1")
    assert made["status"] == "CREATE_IN_PROGRESS"
    shown = wait(cloud, "e2e-bay", "CREATE_COMPLETE")
    yield shown
    left = cloud.magnum("container-create", "--image", "busybox", "--bay", "e2e-bay", "--command", "sleep 3600")
    cloud.magnum("container-start", left["uuid"])
    cloud.magnum("bay-delete", "e2e-bay")

    def gone():
        return "e2e-bay" not in [one["name"] for one in cloud.magnum("bay-list")]

    eventually(gone, "the bay stays", PATIENCE)
    assert left["uuid"] not in [one["uuid"] for one in cloud.magnum("container-list")]
    assert sorted(engine.networks()) == sorted(before)


@pytest.fixture
def container(cloud, bay, name):
    """A container that waits to be started."""
    made = cloud.magnum(
        "container-create", "--name", name, "--image", "busybox", "--bay", "e2e-bay", "--memory", "64m",
        "--command", "sh -c 'echo hello from $(hostname); exec sleep 3600'",
    )
    yield made
    cloud.magnum("container-delete", made["uuid"])
    assert made["uuid"] not in [one["uuid"] for one in cloud.magnum("container-list")]


def status(cloud, container):
    return cloud.magnum("container-show", container["uuid"])["status"]


def test_a_container_is_made_and_waits_to_be_started(cloud, bay, container):
    for field, value in [("image", "busybox"), ("bay_uuid", bay["uuid"]), ("memory", "64m"), ("status", "Stopped")]:
        assert container[field] == value, field
    row = {"uuid": container["uuid"], "name": container["name"], "status": "Stopped", "bay_uuid": bay["uuid"]}
    assert row in cloud.magnum("container-list")
    assert row in cloud.magnum("container-list", "--bay", "e2e-bay")
    assert cloud.magnum("container-show", container["name"])["uuid"] == container["uuid"]


def test_it_is_started_looked_into_frozen_and_stopped(cloud, container):
    name = container["name"]
    for verb, wanted in [
        ("start", "Running"), ("pause", "Paused"), ("unpause", "Running"), ("reboot", "Running"), ("stop", "Stopped"),
        ("start", "Running"),
    ]:
        cloud.magnum(f"container-{verb}", name)
        assert status(cloud, container) == wanted, f"{verb} is done when it is answered"
    assert f"hello from {name}" in cloud.magnum("container-logs", name, raw=True)
    said = cloud.magnum("container-exec", name, "--command", "sh -c 'echo $((6 * 7)) && hostname'", raw=True)
    assert said.split() == ["42", name]
    limit = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"
    said = cloud.magnum("container-exec", name, "--command", f"sh -c '{limit} 2>/dev/null'", raw=True)
    assert said.split() == [str(64 << 20)]


def test_what_cannot_be_done_says_why(cloud, bay, container, name):
    said = cloud.magnum_fails("container-exec", container["uuid"], "--command", "ls")
    assert "start it first" in said, said
    said = cloud.magnum_fails("container-pause", container["uuid"])
    assert "stopped" in said, said
    said = cloud.magnum_fails("container-create", "--image", f"{name}-none", "--bay", "e2e-bay")
    assert "not in the image service" in said, said
    said = cloud.magnum_fails("container-create", "--image", "busybox", "--bay", "e2e-bay", "--memory", "1m")
    assert "memory" in said, said
    said = cloud.magnum_fails("container-create", "--image", "busybox", "--bay", "e2e-bay", "--memory", "900g")
    assert "MiB of memory free" in said, said
    lost = [one["uuid"] for one in cloud.magnum("container-list") if one["status"] == "Error"]
    cloud.magnum("container-delete", *lost)


def test_a_command_that_is_not_there_is_told_when_it_is_started(cloud, bay, name):
    made = cloud.magnum("container-create", "--image", "busybox", "--bay", "e2e-bay", "--command", "nothing-there")
    try:
        said = cloud.magnum_fails("container-start", made["uuid"])
        assert "nothing-there" in said, said
    finally:
        cloud.magnum("container-delete", made["uuid"])


def test_what_a_container_ends_by_itself_is_stopped(cloud, bay, name):
    made = cloud.magnum(
        "container-create", "--name", name, "--image", "busybox", "--bay", "e2e-bay", "--command", "echo done",
    )
    try:
        cloud.magnum("container-start", name)
        eventually(lambda: status(cloud, made) == "Stopped", "it is not stopped")
        assert "done" in cloud.magnum("container-logs", name, raw=True)
    finally:
        cloud.magnum("container-delete", name)


@pytest.fixture
def speaking(cloud, busybox, name, tmp_path):
    """An image of the project whose entrypoint says what it is given."""
    with tarfile.open(busybox) as old, tarfile.open(tmp_path / "speaking.tar", "w") as new:
        manifest = json.load(old.extractfile("manifest.json"))
        config = json.load(old.extractfile(manifest[0]["Config"]))
        config["config"] |= {"Entrypoint": ["/bin/echo", "it was said:"], "Cmd": ["nothing"]}
        text = json.dumps(config).encode()
        manifest[0] |= {"Config": f"{hashlib.sha256(text).hexdigest()}.json", "RepoTags": [f"{name}:latest"]}
        files = {manifest[0]["Config"]: text, "manifest.json": json.dumps(manifest).encode()}
        files |= {layer: old.extractfile(layer).read() for layer in manifest[0]["Layers"]}
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    cloud.openstack(
        "image", "create", "--file", tmp_path / "speaking.tar", "--container-format", "docker", "--disk-format", "raw",
        name, cloud=USER,
    )
    yield name
    cloud.openstack("image", "delete", name, cloud=USER, form=None)


def test_a_command_is_given_to_the_images_entrypoint(cloud, bay, speaking):
    made = cloud.magnum("container-create", "--image", speaking, "--bay", "e2e-bay", "--command", "'hello you'")
    try:
        said = cloud.fails("image", "delete", speaking, cloud=USER)
        assert "in use" in said or "failed" in said.lower(), said
        cloud.magnum("container-start", made["uuid"])
        eventually(lambda: "hello" in cloud.magnum("container-logs", made["uuid"], raw=True), "it does not speak")
        assert cloud.magnum("container-logs", made["uuid"], raw=True).strip() == "it was said: hello you"
    finally:
        cloud.magnum("container-delete", made["uuid"])


def test_containers_are_no_servers(cloud, engine, bay, container):
    cloud.magnum("container-start", container["uuid"])
    listed = cloud.openstack("server", "list", cloud=USER)
    assert container["uuid"] not in [one["ID"] for one in listed]
    said = cloud.fails("server", "show", container["uuid"], cloud=USER)
    assert "no server" in said.lower() or "not be found" in said, said
    assert engine.inspect(container["uuid"]) is None, "it is on a node's engine, not on the machine's"


def test_a_certificate_of_the_bay_opens_its_docker(cloud, bay, container, tmp_path):
    cloud.magnum("container-start", container["uuid"])
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=joe", "-keyout", tmp_path / "key.pem",
         "-out", tmp_path / "request.pem"],
        check=True, capture_output=True, timeout=60,
    )
    (tmp_path / "ca.pem").write_text(cloud.magnum("ca-show", "--bay", "e2e-bay", raw=True))
    signed = cloud.magnum("ca-sign", "--bay", "e2e-bay", "--csr", tmp_path / "request.pem", raw=True)
    (tmp_path / "cert.pem").write_text(signed)
    done = subprocess.run(
        ["docker", "-H", bay["api_address"], "--tlsverify", "--tlscacert", tmp_path / "ca.pem", "--tlscert",
         tmp_path / "cert.pem", "--tlskey", tmp_path / "key.pem", "info", "--format", "{{.Name}}"],
        capture_output=True, text=True, timeout=60,
    )
    assert done.returncode == 0 and done.stdout.startswith("e2e-bay"), done.stderr


def test_a_bay_grows_and_its_containers_stay(cloud, bay, container):
    cloud.magnum("container-start", container["uuid"])
    changed = cloud.magnum("bay-update", "e2e-bay", "replace", "node_count=2")
    assert changed["node_count"] == "2"
    wait(cloud, "e2e-bay", "UPDATE_COMPLETE")
    row = next(one for one in cloud.magnum("bay-list") if one["name"] == "e2e-bay")
    assert (row["node_count"], row["status"]) == ("2", "UPDATE_COMPLETE")
    assert status(cloud, container) == "Running"


def test_the_conductors_are_listed(cloud):
    listed = cloud.magnum("service-list", cloud="jeroboam-admin")
    assert {"magnum-conductor"} == {one["binary"] for one in listed}
    assert "up" in [one["state"] for one in listed]
    said = cloud.magnum_fails("service-list")
    assert re.search("Policy|403|Forbidden", said), said
