"""Fifty boots and deletes while processes are killed and the services under them are restarted:
whatever was answered reaches its right end, and nothing is left over."""

import hashlib
import io
import os
import random
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from openstack.exceptions import ConflictException, raise_from_response

import audit
from cloud import eventually, until_nothing
from upheaval import Killer, patient, restart, restart_broker

BOOTS = 50
IMAGES = 12
SEED = int(os.environ.get("JEROBOAM_TEST_SEED", random.SystemRandom().randrange(1 << 32)))


@pytest.fixture
def sdk(cloud, name):
    """The SDK, with room for all boots; whatever a test left is cleared away."""
    words = ["--instances", "100", "--cores", "100", "--ram", "100000"]
    cloud.openstack("quota", "set", *words, "demo", form=None)
    connection = cloud.connection("jeroboam")
    yield connection
    clear(connection, name)


def ours(proxy, name):
    """Servers or images by name: a request that was cut off before its answer may have made one, too."""
    listed = getattr(proxy, "servers", None) or proxy.images
    return {one.id: one for one in patient(lambda: list(listed())) if one.name.startswith(f"{name}-")}


def clear(sdk, name):
    for server in ours(sdk.compute, name):
        patient(lambda: sdk.compute.delete_server(server, ignore_missing=True))
    for image in ours(sdk.image, name):
        patient(lambda: sdk.image.delete_image(image, ignore_missing=True))


class Users:
    """What users do meanwhile: each act ends when all it asked for was answered."""

    def __init__(self, sdk, name):
        self.sdk, self.name = sdk, name
        self.image = sdk.image.find_image("busybox").id
        self.flavor = sdk.compute.find_flavor("c1.nano").id
        # What each shall be in the end: None is gone, and the text is the hash of an image's data.
        self.servers, self.images = {}, {}

    def boot(self, n):
        """Every second server is asked to go at some moment; some of the others become images."""
        wanted = {"name": f"{self.name}-{n}", "image_id": self.image, "flavor_id": self.flavor, "networks": "auto"}
        server = patient(lambda: self.sdk.compute.create_server(**wanted)).id
        if n % 2:
            time.sleep(random.Random(f"{SEED} {n}").uniform(0, 3))
            patient(lambda: self.sdk.compute.delete_server(server, ignore_missing=True))
        elif n % 10 == 0:
            self.snapshot(server, f"{self.name}-of-{n}", keep=n % 20 == 0)
        self.servers[server] = None if n % 2 else ""

    def snapshot(self, server, name, keep):
        def asked():
            found = [one for one in ours(self.sdk.image, self.name).values() if one.name == name]
            if not found:
                try:
                    self.sdk.compute.create_server_image(server, name)
                except ConflictException:
                    pass  # it is still being built, or begun again
            return found

        image = eventually(lambda: patient(asked), f"server {server} becomes an image", patience=300)[0].id
        if not keep:
            patient(lambda: self.sdk.image.delete_image(image, ignore_missing=True))
        self.images[image] = "" if keep else None

    def upload(self, n):
        """Each two images have the same data; every third image is deleted."""
        data = rootfs(random.Random(f"{SEED} {n // 2}").randbytes(4 << 20))
        wanted = {"name": f"{self.name}-{n}", "container_format": "bare", "disk_format": "raw"}
        image = patient(lambda: answer(self.sdk.image.post("/images", json=wanted))).json()["id"]

        def taken():
            if self.sdk.image.get_image(image).status == "active":
                return True
            kind = {"Content-Type": "application/octet-stream"}
            answered = self.sdk.image.put(f"/images/{image}/file", data=data, headers=kind)
            # An upload whose api was killed holds the image until that is certain.
            return answered.status_code != 409 and answer(answered)

        eventually(lambda: patient(taken), f"image {image} takes its data", patience=600)
        if n % 3 == 0:
            patient(lambda: self.sdk.image.delete_image(image, ignore_missing=True))
        self.images[image] = hashlib.sha512(data).hexdigest() if n % 3 else None

    def complaints(self):
        """What was answered and is not so: in the end, nothing."""
        servers, images = ours(self.sdk.compute, self.name), ours(self.sdk.image, self.name)
        yield from (f"server {one} is {now.status}" for one, now in servers.items() if now.status != "ACTIVE")
        for wanted, found, what in [(self.servers, servers, "server"), (self.images, images, "image")]:
            yield from (f"{what} {one} is gone" for one, end in wanted.items() if end is not None and one not in found)
            yield from (f"{what} {one} is still there" for one, end in wanted.items() if end is None and one in found)
        for one, end in self.images.items():
            if end is not None and one in images and images[one].status != "active":
                yield f"image {one} is {images[one].status}"
            elif end and one in images and images[one].hash_value != end:
                yield f"the data of image {one} is not what was sent"


def rootfs(data):
    """The tar of a root filesystem with one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        file = tarfile.TarInfo("data")
        file.size = len(data)
        tar.addfile(file, io.BytesIO(data))
    return out.getvalue()


def answer(answered):
    raise_from_response(answered)
    return answered


def test_whatever_was_answered_reaches_its_end_though_everything_is_killed_and_restarted(cloud, engine, sdk, name):
    print(f"JEROBOAM_TEST_SEED={SEED}")
    users = Users(sdk, name)
    with ThreadPoolExecutor(4) as booting, ThreadPoolExecutor(3) as uploading:
        with Killer(cloud, random.Random(SEED)) as killer:
            images = [uploading.submit(users.upload, n) for n in range(IMAGES)]
            boots = [booting.submit(users.boot, n) for n in range(BOOTS)]
            for done, happens in [(15, lambda: restart("engine")), (30, restart_broker)]:
                eventually(lambda: len(users.servers) >= done, f"{done} boots are answered", patience=600)
                happens()
            for boot in boots:
                boot.result(timeout=600)
        for image in images:
            image.result(timeout=900)
    print(f"killed: {' '.join(killer.killed)}")
    assert {"api", "conductor", "agent"} <= set(killer.killed), killer.killed

    until_nothing("what was answered comes true", lambda: list(users.complaints()), patience=300)
    until_nothing("all is as the database says", lambda: audit.complaints(cloud.state, engine))
    clear(sdk, name)
    until_nothing("all is gone", lambda: [*ours(sdk.compute, name), *ours(sdk.image, name), *engine.containers()])
    until_nothing("nothing is left over", lambda: audit.complaints(cloud.state, engine))


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
