"""Fixtures: the cloud that `run` has started, its engine, and the table of what was measured."""

import os
import uuid

import pytest

import kube
from cloud import Cloud, Refused
from compatibility import Table
from engine import Engine


@pytest.fixture(scope="session")
def table():
    table = Table()
    yield table
    table.write()


@pytest.fixture(scope="session")
def cloud(table):
    return Cloud(os.environ["JEROBOAM_E2E_STATE"], os.environ["JEROBOAM_E2E_URL"], table)


@pytest.fixture(scope="session")
def engine(cloud):
    return Engine((cloud.state / "agent" / "host-id").read_text().strip())


@pytest.fixture(scope="session")
def busybox(cloud):
    """The archive that the seeded image was made of."""
    return cloud.state / "busybox.tar"


@pytest.fixture(scope="session")
def kubernetes_image(cloud, tmp_path_factory):
    """The node image that clusters of Kubernetes are made with."""
    with kube.image(cloud, tmp_path_factory.mktemp("operator")) as name:
        yield name


@pytest.fixture
def name():
    """A name nobody else has."""
    return f"e2e-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def manifest(tmp_path):
    """Writes a manifest into a file, which the client of 2015 reads."""

    def write(text):
        path = tmp_path / f"{uuid.uuid4().hex}.yaml"
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def server(cloud, engine, name):
    """An active server of the project demo; gone, on the engine too, afterwards."""
    made = cloud.openstack(
        "server", "create", "--wait", "--image", "busybox", "--flavor", "c1.nano", name, cloud="jeroboam"
    )
    yield made
    try:
        cloud.openstack("server", "delete", "--wait", made["id"], cloud="jeroboam", form=None)
    except Refused as refused:
        assert "No server" in str(refused) or "not be found" in str(refused), refused
    assert engine.inspect(made["id"]) is None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A command that a client could not carry out goes into the table, too."""
    try:
        return (yield)
    except Refused as refused:
        if "table" in item.funcargs or "cloud" in item.funcargs:
            command, _, words = str(refused).partition(": ")
            item.funcargs["cloud"].table.note("openstack", command, words[:160].replace("|", "\\|"))
        raise
