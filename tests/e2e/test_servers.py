"""Servers: every step is compared with the engine."""

import pytest

from cloud import eventually

USER = "jeroboam"


def state(engine, server):
    return engine.inspect(server["id"])["State"]


def act(cloud, server, *words):
    cloud.openstack("server", *words, server["id"], cloud=USER, form=None)


def wait(cloud, server, *statuses):
    def reached():
        shown = cloud.openstack("server", "show", server["id"], cloud=USER)
        assert shown["status"] != "ERROR" or "ERROR" in statuses, shown.get("fault")
        return shown if shown["status"] in statuses else None

    return eventually(reached, f"the server does not become {statuses}")


def test_a_server_is_one_container_with_the_flavors_bounds(cloud, engine, server):
    container = engine.inspect(server["id"])
    assert container["State"]["Running"]
    flavor = cloud.openstack("flavor", "show", "c1.nano")
    assert container["HostConfig"]["Memory"] == flavor["ram"] << 20
    assert not container["HostConfig"]["Privileged"]
    shown = cloud.openstack("server", "show", server["id"], cloud=USER)
    assert shown["status"] == "ACTIVE"
    addresses = {net["IPAddress"] for net in container["NetworkSettings"]["Networks"].values()}
    assert addresses <= {one for many in shown["addresses"].values() for one in many}
    listed = cloud.openstack("server", "list", cloud=USER)
    assert server["id"] in [one["ID"] for one in listed]


def test_the_console_log_is_the_containers_output(cloud, engine, server):
    def said():
        return cloud.openstack("console", "log", "show", server["id"], cloud=USER, form=None).strip()

    assert "is up" in eventually(said, "nothing is said")


def test_stop_start_reboot_pause_unpause(cloud, engine, server):
    act(cloud, server, "stop")
    wait(cloud, server, "SHUTOFF")
    assert not state(engine, server)["Running"]
    act(cloud, server, "start")
    wait(cloud, server, "ACTIVE")
    began = state(engine, server)["StartedAt"]
    cloud.openstack("server", "reboot", "--wait", server["id"], cloud=USER, form=None)
    wait(cloud, server, "ACTIVE")
    assert state(engine, server)["StartedAt"] != began
    began = state(engine, server)["StartedAt"]
    cloud.openstack("server", "reboot", "--hard", "--wait", server["id"], cloud=USER, form=None)
    wait(cloud, server, "ACTIVE")
    assert state(engine, server)["StartedAt"] != began
    act(cloud, server, "pause")
    wait(cloud, server, "PAUSED")
    assert state(engine, server)["Paused"]
    act(cloud, server, "unpause")
    wait(cloud, server, "ACTIVE")
    assert state(engine, server)["Running"] and not state(engine, server)["Paused"]
    happened = cloud.openstack("server", "event", "list", server["id"], cloud=USER)
    actions = {one["Action"] for one in happened}
    assert {"create", "stop", "start", "reboot", "pause", "unpause"} <= actions


def test_a_rebuild_begins_anew_from_the_image(cloud, engine, server):
    engine.run(server["id"], "touch", "/tmp/was-here")
    before = engine.inspect(server["id"])["Id"]
    cloud.openstack("server", "rebuild", "--wait", "--image", "busybox", server["id"], cloud=USER, form=None)
    wait(cloud, server, "ACTIVE")
    assert engine.inspect(server["id"])["Id"] != before
    assert "No such file" in engine.run(server["id"], "ls", "/tmp/was-here")


@pytest.mark.parametrize("end", ["confirm", "revert"])
def test_a_resize_changes_the_bounds_and_its_end_keeps_or_takes_them_back(cloud, engine, server, end):
    old, new = (cloud.openstack("flavor", "show", one)["ram"] << 20 for one in ["c1.nano", "c1.tiny"])
    cloud.openstack("server", "resize", "--wait", "--flavor", "c1.tiny", server["id"], cloud=USER, form=None)
    wait(cloud, server, "VERIFY_RESIZE")
    assert engine.inspect(server["id"])["HostConfig"]["Memory"] == new
    cloud.openstack("server", "resize", end, server["id"], cloud=USER, form=None)
    wait(cloud, server, "ACTIVE")
    wanted = new if end == "confirm" else old
    eventually(lambda: engine.inspect(server["id"])["HostConfig"]["Memory"] == wanted, "the bound")


def test_an_image_of_a_server_boots_with_what_was_changed_in_it(cloud, engine, server, name):
    engine.run(server["id"], "sh", "-c", "echo changed > /etc/changed")
    image = cloud.openstack("server", "image", "create", "--wait", "--name", name, server["id"], cloud=USER)
    try:
        second = cloud.openstack(
            "server", "create", "--wait", "--image", image["id"], "--flavor", "c1.nano", f"{name}-2",
            cloud=USER,
        )
        try:
            assert "changed" in engine.run(second["id"], "cat", "/etc/changed")
        finally:
            cloud.openstack("server", "delete", "--wait", second["id"], cloud=USER, form=None)
        assert engine.inspect(second["id"]) is None
    finally:
        cloud.openstack("image", "delete", image["id"], cloud=USER, form=None)


def test_a_key_pair_is_made_shown_and_removed(cloud, name, tmp_path):
    made = cloud.openstack("keypair", "create", "--private-key", tmp_path / "key", name, cloud=USER)
    assert "PRIVATE KEY" in (tmp_path / "key").read_text()
    assert cloud.openstack("keypair", "show", name, cloud=USER)["fingerprint"] == made["fingerprint"]
    cloud.openstack("keypair", "delete", name, cloud=USER, form=None)
    assert name not in [one["Name"] for one in cloud.openstack("keypair", "list", cloud=USER)]


def test_a_flavor_is_made_shown_and_removed(cloud, name):
    made = cloud.openstack("flavor", "create", "--ram", "128", "--vcpus", "1", "--disk", "1", name)
    assert cloud.openstack("flavor", "show", name)["id"] == made["id"]
    cloud.openstack("flavor", "set", "--property", "quota:pids_limit=64", name, form=None)
    assert cloud.openstack("flavor", "show", name)["properties"] == {"quota:pids_limit": "64"}
    cloud.openstack("flavor", "delete", name, form=None)
    assert name not in [one["Name"] for one in cloud.openstack("flavor", "list", "--all")]


def test_this_machine_is_the_hypervisor(cloud, engine, server):
    (listed,) = cloud.openstack("hypervisor", "list")
    assert listed["State"] == "up"
    shown = cloud.openstack("hypervisor", "show", listed["ID"])
    assert "ocker" in str(shown["hypervisor_type"])
    services = cloud.openstack("compute", "service", "list", say="compute service list")
    assert "nova-compute" in [one["Binary"] for one in services]


def test_a_server_that_cannot_be_placed_says_why(cloud, engine, name):
    flavor = cloud.openstack("flavor", "create", "--ram", "64", "--vcpus", "1", "--disk", "1000000", name)
    try:
        made = cloud.openstack(
            "server", "create", "--image", "busybox", "--flavor", flavor["id"], name
        )
        shown = wait_error(cloud, made)
        assert "disk" in str(shown["fault"]).lower(), shown["fault"]
        assert engine.inspect(made["id"]) is None
        cloud.openstack("server", "delete", "--wait", made["id"], form=None)
    finally:
        cloud.openstack("flavor", "delete", name, form=None)


def wait_error(cloud, server):
    def failed():
        shown = cloud.openstack("server", "show", server["id"])
        return shown if shown["status"] == "ERROR" else None

    return eventually(failed, "the server does not fail")
