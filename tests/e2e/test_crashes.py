"""Fifty boots and deletes while processes are killed and the broker loses its connections: whatever was
answered reaches its right end, and nothing is left over."""

import os
import random
import subprocess
import threading
import time
from pathlib import Path
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud import eventually, until_nothing

BOOTS = 50
SEED = int(os.environ.get("JEROBOAM_TEST_SEED", random.SystemRandom().randrange(1 << 32)))


@pytest.fixture
def sdk(cloud, name):
    """The SDK, with room for all boots; whatever a failed test left is cleared away."""
    words = ["--instances", "100", "--cores", "100", "--ram", "100000"]
    cloud.openstack("quota", "set", *words, "demo", form=None)
    connection = cloud.connection("jeroboam")
    yield connection
    for one in patient(lambda: list(connection.compute.servers())):
        if one.name.startswith(name):
            patient(lambda: connection.compute.delete_server(one.id))


def usage(sdk):
    limits = sdk.compute.get_limits().absolute
    return limits.instances_used, limits.total_cores_used, limits.total_ram_used


def patient(request, patience=120):
    """Repeats a request while nobody answers it: the api is being killed under it."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return request()
        except Exception as error:
            answered = getattr(getattr(error, "response", None), "status_code", 503)
            if answered < 500 or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def one_life(sdk, image, flavor, name, keep):
    """A server asked for, and, unless it is kept, asked to go at some moment. The one that was answered."""
    wanted = {"name": name, "image_id": image, "flavor_id": flavor, "networks": "auto"}
    server = patient(lambda: sdk.compute.create_server(**wanted)).id
    if not keep:
        time.sleep(random.Random(f"{SEED}{name}").uniform(0, 3))
        patient(lambda: sdk.compute.delete_server(server, ignore_missing=True))
    return server


def trouble(cloud, stop, chance, done):
    while not stop.wait(chance.uniform(0.5, 1.5)):
        role = chance.choice(["api", "conductor", "agent"])
        cloud.kill(role)
        stop.wait(chance.uniform(0, 1))
        cloud.start(role)
        done.append(role)


def restart(what):
    """Restarts `broker` or `engine`; False when it is not ours to restart."""
    script = Path(__file__).parent / "restart"
    return subprocess.run([str(script), what], timeout=180, check=False).returncode == 0


def cut_broker():
    """Restarts the broker; where others use it too, closes every connection of our account."""
    if restart("broker"):
        return
    user = os.environ["JEROBOAM_TEST_AMQP"].split("//")[1].split(":")[0]
    words = ["rabbitmqctl", "-q", "close_all_user_connections", user, "a test"]
    subprocess.run(words, check=True, timeout=60)


def test_whatever_was_answered_reaches_its_end_though_processes_die(cloud, engine, sdk, name):
    image = sdk.image.find_image("busybox").id
    flavor = sdk.compute.find_flavor("c1.nano").id
    before = usage(sdk)
    chance, stop, killed = random.Random(SEED), threading.Event(), []
    print(f"JEROBOAM_TEST_SEED={SEED}")
    killer = threading.Thread(target=trouble, args=(cloud, stop, chance, killed))
    killer.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            lives = [
                pool.submit(one_life, sdk, image, flavor, f"{name}-{n}", keep=n % 2 == 0) for n in range(BOOTS)
            ]
            eventually(lambda: sum(life.done() for life in lives) >= BOOTS // 2, "the first half", patience=600)
            cut_broker()
            servers = [life.result(timeout=600) for life in lives]
    finally:
        stop.set()
        killer.join()
    print(f"killed: {' '.join(killed)}")
    assert len(killed) >= 5, killed
    kept = set(servers[::2])

    def listed():
        """Ours by id. A request that was cut off before its answer may have made a server as well."""
        everything = patient(lambda: list(sdk.compute.servers()))
        return {one.id: one.status for one in everything if one.name.startswith(f"{name}-")}

    def wrong():
        """What is not yet as it shall be: nothing, in the end."""
        shown = listed()
        wrong = [f"{one} is gone" for one in kept - set(shown)]
        wrong += [f"{one} is still {shown[one]}" for one in (set(servers) - kept) & set(shown)]
        return wrong + [f"{one} is {status}" for one, status in shown.items() if status != "ACTIVE"]

    until_nothing("the servers that were kept are active, the others gone", wrong, patience=300)
    everything = listed()
    eventually(lambda: set(engine.containers()) == set(everything), "a container for each server, and no other")
    for server in everything:
        patient(lambda: sdk.compute.delete_server(server))
    eventually(lambda: not listed() and not engine.containers(), "all are gone", patience=300)
    eventually(lambda: usage(sdk) == before, "the quota is given back")


def test_servers_are_known_again_after_the_engine_was_restarted(cloud, engine, sdk, server):
    if not restart("engine"):
        pytest.skip("this machine's dockerd is not ours to restart")

    def known():
        runs = engine.inspect(server["id"])["State"]["Running"]
        status = patient(lambda: sdk.compute.get_server(server["id"])).status
        return (runs, status) in {(True, "ACTIVE"), (False, "SHUTOFF")}

    eventually(known, "the server's status is that of its container")
    if not engine.inspect(server["id"])["State"]["Running"]:
        sdk.compute.start_server(server["id"])
        sdk.compute.wait_for_server(sdk.compute.get_server(server["id"]), wait=60)
    assert engine.inspect(server["id"])["State"]["Running"]
