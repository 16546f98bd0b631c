"""Clusters of Kubernetes whose nodes are this cloud's: the image of their nodes, and their user's kubectl."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager

import clusters
from engine import ask

IMAGE = "jeroboam-node-kubernetes"

# A controller of three pods that say their names at port 8080.
WEB = """\
apiVersion: v1
kind: ReplicationController
metadata: {name: web}
spec:
  replicas: 3
  selector: {app: web}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      tolerations:
      # Soon elsewhere, when a node has gone.
      - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 1}
      - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 1}
      containers:
      - name: web
        image: busybox
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "mkdir /w; hostname >/w/index.html; exec httpd -f -p 8080 -h /w"]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        resources: {requests: {memory: 8Mi}, limits: {memory: 64Mi}}
"""


@contextmanager
def image(cloud, folder, name=IMAGE, busybox="busybox.tar"):
    """A node image with Kubernetes in it, made and published as docs/kubernetes-image.md tells an operator to. Skips
    where no Kubernetes is at hand. `busybox` is what it calls an image that comes with it: another word, another
    node image."""
    brought = folder / "kubernetes"
    shutil.copytree(clusters.kubernetes(), brought, copy_function=os.link)
    shutil.copy(cloud.state / "busybox.tar", brought / "images" / busybox)
    node_init = os.path.join(os.path.dirname(os.environ["JEROBOAM_BINARY"]), "node-init")
    archive = folder / "node.tar"
    subprocess.run(
        [clusters.TOP / "devstack/lib/node-image.sh", archive, node_init, brought], check=True, timeout=300,
        capture_output=True,
    )
    cloud.openstack(
        "image", "create", "--public", "--container-format", "docker", "--disk-format", "raw", "--property",
        "os_distro=jeroboam-node", "--property", "jeroboam_kubernetes=v1.20.2", "--file", str(archive), name,
        cloud="jeroboam-admin", form=None,
    )
    archive.unlink()
    yield name
    cloud.openstack("image", "delete", name, cloud="jeroboam-admin", form=None)


class Bay:
    """A cluster of the project demo, and its user's kubectl."""

    def __init__(self, cloud, engine, made, home):
        self.cloud, self.engine, self.made, self.home = cloud, engine, made, home
        self.program = clusters.kubernetes() / "kubectl"
        self.configure()

    def configure(self):
        """Asks where the API server is, and for a certificate of it."""
        self.cloud.openstack("coe", "cluster", "config", self.made["uuid"], "--dir", str(self.home), "--force",
                             cloud="jeroboam", form=None)

    def kubectl(self, *words, check=True):
        line = [self.program, "--kubeconfig", self.home / "config", "--cache-dir", self.home / "cache",
                "--request-timeout=20s", *words]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def listed(self, kind, *words):
        said = self.kubectl("get", kind, "-o", "json", *words, check=False)
        return json.loads(said)["items"] if said else None

    def nodes(self):
        """Names of the nodes, and whether each is Ready."""
        return {one["metadata"]["name"]: _ready(one) for one in self.listed("nodes") or []}

    def whole(self, count):
        nodes = self.nodes()
        return nodes if list(nodes.values()) == ["True"] * count else None

    def ready(self, *words):
        """The pods that are ready."""
        pods = self.listed("pods", *words) or []
        return [one for one in pods if "deletionTimestamp" not in one["metadata"] and _ready(one) == "True"]

    def running(self):
        """The node of each pod of `WEB` that is ready."""
        return [one["spec"]["nodeName"] for one in self.ready("-l", "app=web")]

    def run(self, pod, script):
        """What a script prints in a pod, as long as it ends well."""
        return self.kubectl("exec", pod, "--", "/bin/busybox", "sh", "-c", script)

    def servers(self):
        """The nodes' servers by the names that they have in the cluster: their own as hosts."""
        all_ = [one["ID"] for one in clusters.servers(self.cloud, self.made["uuid"])]
        seen = [(self.engine.inspect(one), one) for one in all_]
        return {found["Config"]["Hostname"]: one for found, one in seen if found}

    def server(self, node):
        return self.servers()[node]

    def kill(self, node):
        found = self.engine.inspect(self.server(node))
        ask("POST", f"/containers/{found['Id']}/kill")
        return found["Id"]


def _ready(thing):
    conditions = thing["status"].get("conditions", [])
    return next((it["status"] for it in conditions if it["type"] == "Ready"), "Unknown")
