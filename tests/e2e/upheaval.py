"""What goes wrong under a cloud: its processes die, the services it stands on are restarted."""

import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


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


class Killer:
    """Within its block api, conductor and agent are killed at random, and begun again."""

    def __init__(self, cloud, chance):
        self.cloud, self.chance = cloud, chance
        self.killed = []
        self.stop = threading.Event()

    def _kill(self):
        while not self.stop.wait(self.chance.uniform(0.5, 1.5)):
            role = self.chance.choice(["api", "conductor", "agent"])
            self.cloud.kill(role)
            self.stop.wait(self.chance.uniform(0, 1))
            self.cloud.start(role)
            self.killed.append(role)

    def __enter__(self):
        self.thread = ThreadPoolExecutor(1)
        self.work = self.thread.submit(self._kill)
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.work.result()
        self.thread.shutdown()


def restart(what):
    """Restarts `broker` or `engine` as a process; False when it is not ours to restart."""
    script = Path(__file__).parent / "restart"
    done = subprocess.run([str(script), what], timeout=180, check=False, capture_output=True, text=True)
    assert done.returncode in (0, 3), f"{what} is not restarted: {done.stderr}"
    print(f"{what}: {'restarted' if done.returncode == 0 else 'not ours to restart'}")
    return done.returncode == 0


def restart_broker():
    """Where others use the broker too, closes every connection of our account instead."""
    if restart("broker"):
        return
    user = os.environ["JEROBOAM_TEST_AMQP"].split("//")[1].split(":")[0]
    words = ["rabbitmqctl", "-q", "close_all_user_connections", user, "a test"]
    subprocess.run(words, check=True, timeout=60)
