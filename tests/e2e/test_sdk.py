"""The same with openstacksdk, as programs use it."""

import hashlib

import pytest

from cloud import eventually


@pytest.fixture(scope="module")
def sdk(cloud):
    return cloud.connection("jeroboam")


def call(cloud, name, function, /, *args, **kwargs):
    try:
        result = function(*args, **kwargs)
    except Exception as error:
        cloud.table.note("openstacksdk", name, str(error)[:160].replace("|", "\\|").replace("\n", " "))
        raise
    cloud.table.note("openstacksdk", name)
    return result


def test_log_in_and_discovery(cloud, sdk):
    assert call(cloud, "authorize", sdk.authorize)
    assert sdk.current_project.name == "demo"
    assert call(cloud, "compute.get_endpoint_data", sdk.compute.get_endpoint_data).max_microversion


def test_a_server_through_its_life(cloud, sdk, engine, name):
    compute = sdk.compute
    image = call(cloud, "image.find_image", sdk.image.find_image, "busybox")
    flavor = call(cloud, "compute.find_flavor", compute.find_flavor, "c1.nano")
    made = call(
        cloud, "compute.create_server", compute.create_server,
        name=name, image_id=image.id, flavor_id=flavor.id, networks="auto", metadata={"by": "sdk"},
    )
    server = call(cloud, "compute.wait_for_server", compute.wait_for_server, made, wait=90)
    assert server.status == "ACTIVE"
    assert engine.inspect(server.id)["State"]["Running"]
    assert server.metadata == {"by": "sdk"}
    eventually(lambda: compute.get_server_console_output(server)["output"], "no output")
    for act, status, running in [
        ("stop_server", "SHUTOFF", False),
        ("start_server", "ACTIVE", True),
        ("pause_server", "PAUSED", True),
        ("unpause_server", "ACTIVE", True),
    ]:
        call(cloud, f"compute.{act}", getattr(compute, act), server)
        compute.wait_for_server(server, status=status, wait=60)
        assert engine.inspect(server.id)["State"]["Running"] == running, act
    call(cloud, "compute.reboot_server", compute.reboot_server, server, "HARD")
    compute.wait_for_server(server, wait=60)
    call(cloud, "compute.delete_server", compute.delete_server, server)
    call(cloud, "compute.wait_for_delete", compute.wait_for_delete, server, wait=60)
    assert engine.inspect(server.id) is None


def test_an_image_up_and_down(cloud, sdk, busybox, name):
    content = busybox.read_bytes()
    image = call(
        cloud, "image.create_image", sdk.image.create_image,
        name, filename=str(busybox), container_format="docker", disk_format="raw", wait=True,
    )
    try:
        got = call(cloud, "image.download_image", sdk.image.download_image, image, stream=False)
        assert hashlib.sha256(got.content).digest() == hashlib.sha256(content).digest()
    finally:
        call(cloud, "image.delete_image", sdk.image.delete_image, image)


def test_lists_come_page_by_page(cloud, sdk):
    every = [one.id for one in sdk.compute.flavors()]
    paged = [one.id for one in call(cloud, "compute.flavors(limit=2)", lambda: list(sdk.compute.flavors(limit=2)))]
    assert sorted(paged) == sorted(every) and len(paged) == len(set(paged))
