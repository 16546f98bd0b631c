"""The engine as it is, asked directly: what the cloud says is compared with this."""

import http.client
import json
import os
import socket
import time
from urllib.parse import quote

SOCKET = os.environ.get("JEROBOAM_TEST_DOCKER", "unix:///var/run/docker.sock").removeprefix("unix://")


class _Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(SOCKET)


def ask(method, path):
    body = _asked(method, path)
    return json.loads(body) if body else None


def _lines(path):
    """An answer of many documents, one on each line."""
    return [json.loads(line) for line in _asked("GET", path).splitlines()]


def _asked(method, path):
    connection = _Connection("docker", timeout=60)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    assert answer.status < 400, f"{method} {path}: {answer.status} {body[:300]!r}"
    return body


class Engine:
    """What carries the labels of one host."""

    def __init__(self, host):
        self.host = host

    def _filters(self, *labels):
        wanted = [f"jeroboam.host={self.host}", *labels]
        return quote(json.dumps({"label": wanted}))

    def containers(self):
        """Our ids of all containers."""
        found = ask("GET", f"/containers/json?all=true&filters={self._filters()}")
        return sorted(one["Labels"]["jeroboam.id"] for one in found)

    def inspect(self, server_id):
        """A server's container; None when there is none. More than one is a defect."""
        found = ask("GET", f"/containers/json?all=true&filters={self._filters(f'jeroboam.id={server_id}')}")
        assert len(found) <= 1, f"{len(found)} containers for {server_id}"
        return ask("GET", f"/containers/{found[0]['Id']}/json") if found else None

    def kill(self, server_id):
        """Ends a server's container from outside, as a crash would."""
        ask("POST", f"/containers/{self.inspect(server_id)['Id']}/kill")

    def deaths(self, server_id, since):
        """When a server's container died since then, in seconds of the epoch: from the signal that ended it to
        the engine's word that it is over. One that is gone may be asked for."""
        wanted = {"type": ["container"], "event": ["kill", "die"], "label": [f"jeroboam.id={server_id}"]}
        wanted = quote(json.dumps(wanted))
        events = _lines(f"/events?since={since:.6f}&until={time.time():.6f}&filters={wanted}")
        deaths, signal = [], None
        for one in sorted(events, key=lambda event: event["timeNano"]):
            at = one["timeNano"] / 1e9
            if one["Action"] == "kill":
                signal = signal or at
            else:
                deaths.append((signal or at, at))
                signal = None
        return deaths

    def disks(self):
        """Our ids of the nodes that volumes are the disks of."""
        found = ask("GET", f"/volumes?filters={self._filters('jeroboam.kind=node-disk')}")
        return sorted(one["Labels"]["jeroboam.id"] for one in found["Volumes"] or [])

    def networks(self):
        return [one["Name"] for one in ask("GET", f"/networks?filters={self._filters()}")]

    def snapshots(self):
        """Images that were made of containers of this host."""
        names = [name for one in ask("GET", "/images/json") for name in one["RepoTags"] or []]
        tag = self.host.replace("-", "")
        return [one for one in names if one.startswith("jeroboam-snapshot/") and one.endswith(f":{tag}")]

    def run(self, server_id, *command):
        """Runs a command in a server's container, as somebody inside would."""
        container = self.inspect(server_id)["Id"]
        order = json.dumps({"Cmd": list(command), "AttachStdout": True, "AttachStderr": True, "Tty": True})
        made = self._post(f"/containers/{container}/exec", order)
        output = self._post(f"/exec/{json.loads(made)['Id']}/start", json.dumps({"Detach": False, "Tty": True}))
        return output.decode(errors="replace")

    @staticmethod
    def _post(path, body):
        connection = _Connection("docker", timeout=60)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status < 400, f"{path}: {answer.status} {content[:300]!r}"
        return content
