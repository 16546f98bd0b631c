"""Fifty boots and deletes while processes are killed and the broker loses its connections: whatever was
answered reaches its right end, and nothing is left over."""

import os
import random
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud import eventually

BOOTS = 50
SEED = int(os.environ.get("JEROBOAM_TEST_SEED", random.SystemRandom().randrange(1 << 32)))


@pytest.fixture
def sdk(cloud):
    return cloud.connection("jeroboam")


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
    body = {"name": name, "imageRef": image, "flavorRef": flavor, "networks": "auto"}
    headers = {"Idempotency-Key": name, "OpenStack-API-Version": "compute 2.96"}
    answer = patient(lambda: _accepted(sdk.compute.post("/servers", json={"server": body}, headers=headers)))
    server = answer.json()["server"]["id"]
    if not keep:
        time.sleep(random.Random(f"{SEED}{name}").uniform(0, 3))
        patient(lambda: sdk.compute.delete_server(server, ignore_missing=True))
    return server


def _accepted(answer):
    answer.raise_for_status()
    return answer


def trouble(cloud, stop, chance, done):
    while not stop.wait(chance.uniform(1.5, 4)):
        role = chance.choice(["api", "conductor", "agent"])
        cloud.kill(role)
        stop.wait(chance.uniform(0, 1))
        cloud.start(role)
        done.append(role)


def cut_broker():
    """Closes every connection of our account, as a broker that restarts does."""
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
    assert set(killed) == {"api", "conductor", "agent"} or len(killed) < 6, killed
    assert len(set(servers)) == BOOTS, "a request that was repeated made two servers"
    kept = sorted(servers[::2])

    def settled():
        shown = {one.id: one.status for one in patient(lambda: list(sdk.compute.servers()))}
        ours = {server: shown[server] for server in servers if server in shown}
        return sorted(ours) == kept and set(ours.values()) == {"ACTIVE"}

    eventually(settled, "the servers that were kept are active, the others gone", patience=300)
    eventually(lambda: set(kept) <= set(engine.containers()), "every kept server has its container")
    gone = set(servers) - set(kept)
    assert not gone & set(engine.containers()), "a container without a server"
    for server in kept:
        patient(lambda: sdk.compute.delete_server(server))
    eventually(lambda: not set(servers) & set(engine.containers()), "all containers are gone", patience=300)
    eventually(lambda: usage(sdk) == before, "the quota is given back")
