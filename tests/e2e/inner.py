"""The engines inside nodes, asked directly."""

import http.client
import json
import socket


class Inner(http.client.HTTPConnection):
    """The engine of a node, as the agent of the machine under it reaches it."""

    def __init__(self, cloud, node):
        super().__init__("docker", timeout=60)
        self.path = str(cloud.state / "agent" / "nodes" / node / "docker.sock")

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        try:
            self.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
            answer = self.getresponse()
            body = answer.read()
        finally:
            self.close()
        assert answer.status < 400, f"{method} {path}: {answer.status} {body[:300]!r}"
        # What a command has printed is no JSON.
        if path.startswith("/exec/") and path.endswith("/start"):
            return body
        return json.loads(body) if body else None

    def run(self, container, *command):
        """What a command in a container prints, and its exit status."""
        order = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True, "Tty": True}
        made = self.ask("POST", f"/containers/{container}/exec", order)["Id"]
        said = self.ask("POST", f"/exec/{made}/start", {"Detach": False, "Tty": True})
        return said.decode(errors="replace"), self.ask("GET", f"/exec/{made}/json")["ExitCode"]


def containers(cloud, node, every=False):
    """What runs on a node's engine, by the names of pods: {pod: [its containers]}."""
    pods = {}
    for one in Inner(cloud, node).ask("GET", f"/containers/json?all={str(every).lower()}"):
        pod = one["Labels"].get("jeroboam.pod")
        if pod:
            pods.setdefault(pod, []).append(one)
    return pods


def member(cloud, node, pod, name="web"):
    """The id of a pod's container of that name, on that node; None when there is none."""
    every = containers(cloud, node).get(pod, [])
    return next((one["Id"] for one in every if one["Labels"].get("jeroboam.member") == name), None)
