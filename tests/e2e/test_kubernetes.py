"""A cluster of Kubernetes that there is, adopted: a real API server over etcd, with TLS and RBAC, driven by unmodified
clients. It has no kubelet, so pods stay Pending: what runs them is its owner's."""

import ast
import base64
import json
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import pytest

import clusters
from cloud import eventually
from clusters import delete, shown, template, wait

PATIENCE = 120


@pytest.fixture(scope="module")
def program():
    return str(clusters.kubernetes() / "kube-apiserver")


def free():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Kubernetes:
    """An API server with its etcd, in a directory of its own."""

    def __init__(self, program, home):
        self.program, self.home = program, home
        self.etcd_port, self.peer_port, self.port = free(), free(), free()
        self.url = f"https://127.0.0.1:{self.port}"
        self.running = {}
        self._certify()
        (home / "tokens.csv").write_text('t0ken-of-all,all,1,"system:masters"\nt0ken-of-some,some,2,""\n')

    def _certify(self):
        def ssl_(*words):
            subprocess.run(["openssl", *words], cwd=self.home, check=True, capture_output=True, timeout=60)

        ssl_("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=theirs", "-days", "2", "-keyout", "ca.key",
             "-out", "ca.pem")
        ssl_("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kube-apiserver", "-keyout", "server.key",
             "-out", "server.csr")
        (self.home / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        ssl_("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
             "-extfile", "names", "-out", "server.pem")
        ssl_("genrsa", "-out", "accounts.key", "2048")

    def start(self):
        etcd = f"http://127.0.0.1:{self.etcd_port}"
        peer = f"http://127.0.0.1:{self.peer_port}"
        if "etcd" not in self.running:
            self._run("etcd", "etcd", "--data-dir", "etcd", "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
                      "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                      "--initial-cluster", f"default={peer}")
        self._run(
            "apiserver", self.program, "--etcd-servers", etcd, "--bind-address", "127.0.0.1",
            "--secure-port", str(self.port), "--tls-cert-file", "server.pem", "--tls-private-key-file", "server.key",
            "--token-auth-file", "tokens.csv", "--authorization-mode", "RBAC",
            "--service-cluster-ip-range", "10.0.0.0/24", "--service-account-issuer", self.url,
            "--service-account-key-file", "accounts.key", "--service-account-signing-key-file", "accounts.key",
            # Nobody makes the accounts that pods have by default: that is a controller's.
            "--disable-admission-plugins", "ServiceAccount",
        )
        eventually(self._ready, "kube-apiserver does not come up", PATIENCE)

    def _ready(self):
        assert self.running["apiserver"].poll() is None, (self.home / "apiserver.log").read_text()[-2000:]
        try:
            return self.ask("GET", "/readyz") == "ok" and self.ask("GET", "/api/v1/namespaces/default")
        except OSError:
            return False

    def _run(self, name, *line):
        log = open(self.home / f"{name}.log", "a")
        self.running[name] = subprocess.Popen(line, cwd=self.home, stdout=log, stderr=log)

    def kill(self, name="apiserver"):
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def ask(self, method, path, body=None, token="t0ken-of-all"):
        """What it says to its own administrator."""
        request = urllib.request.Request(
            self.url + path, method=method, data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        context = ssl.create_default_context(cafile=str(self.home / "ca.pem"))
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith("{") else text

    def may(self, token, path):
        """May this user read that?"""
        try:
            return self.ask("GET", path, token=token)
        except urllib.error.HTTPError:
            return None

    def kubeconfig(self, token="t0ken-of-all"):
        """As its owner would give it, in base64, which has no comma."""
        ca = base64.b64encode((self.home / "ca.pem").read_bytes()).decode()
        text = json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "k", "cluster": {"server": self.url, "certificate-authority-data": ca}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        })
        # A text whose length divides by 3 needs no `=`, either.
        text += " " * (-len(text) % 3)
        return base64.b64encode(text.encode()).decode()


@pytest.fixture(scope="module")
def theirs(program, tmp_path_factory):
    one = Kubernetes(program, tmp_path_factory.mktemp("kubernetes"))
    try:
        one.start()
        yield one
    finally:
        for name in list(one.running):
            one.kill(name)


@pytest.fixture(scope="module")
def model(cloud):
    with template(cloud, "e2e-theirs", coe="kubernetes"):
        yield "e2e-theirs"


def adopt(cloud, model, name, kubeconfig):
    cloud.openstack(
        "coe", "cluster", "create", "--cluster-template", model, "--labels", f"kubeconfig={kubeconfig}", "--timeout", "5",
        name, cloud="jeroboam", form=None,
    )
    return wait(cloud, name, "CREATE_COMPLETE")


@pytest.fixture(scope="module")
def bay(cloud, theirs, model):
    made = adopt(cloud, model, "e2e-theirs", theirs.kubeconfig())
    yield made
    delete(cloud, made["uuid"])


POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  labels: {{app: web}}
spec:
  nodeSelector: {{disk: ssd}}
  containers:
  - name: web
    image: registry.example/web:1
    env:
    - {{name: SECRET, valueFrom: {{secretKeyRef: {{name: s, key: k}}}}}}
"""

RC = """\
apiVersion: v1
kind: ReplicationController
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{app: {name}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: web, image: "registry.example/web:1"}}]}}
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: web}}
  ports: [{{port: {port}, targetPort: 8080}}]
"""


def test_an_adopted_cluster_is_shown_without_its_secret(cloud, bay, theirs):
    assert bay["coe_version"] == theirs.ask("GET", "/version")["gitVersion"][:64]
    assert bay["api_address"].rstrip("/") == theirs.url
    text = json.dumps(bay)
    assert "sealed:sha256:" in text and theirs.kubeconfig() not in text and "t0ken" not in text
    assert bay["health_status"] == "HEALTHY" and "ok" in str(bay["health_status_reason"])
    ca = cloud.openstack("coe", "ca", "show", bay["uuid"], cloud="jeroboam", form=None)
    assert ca.strip() == (theirs.home / "ca.pem").read_text().strip()
    said = cloud.fails("coe", "cluster", "resize", bay["uuid"], "3", cloud="jeroboam")
    assert "adopted" in said


def test_pods_are_the_api_servers(cloud, bay, theirs, manifest, name):
    of = ["--bay", "e2e-theirs"]
    made = cloud.magnum("pod-create", *of, "--manifest", manifest(POD.format(name=name)))
    there = theirs.ask("GET", f"/api/v1/namespaces/default/pods/{name}")
    assert made["uuid"] == there["metadata"]["uid"]
    # What this cloud itself would not take has come through.
    assert there["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert there["spec"]["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "s"
    assert name in [one["name"] for one in cloud.magnum("pod-list", *of)]
    for ident in (name, made["uuid"]):
        one = cloud.magnum("pod-show", *of, ident)
        assert one["status"] == "Pending" and ast.literal_eval(one["labels"]) == {"app": "web"}
    said = cloud.magnum_fails("pod-create", *of, "--manifest", manifest(POD.format(name=name)))
    assert "already exists" in said and "409" in said
    said = cloud.magnum_fails("pod-create", *of, "--manifest", manifest(POD.format(name="Not_A_Name")))
    assert "is invalid" in said and "422" in said
    cloud.magnum("pod-delete", *of, name)
    assert name not in [one["name"] for one in cloud.magnum("pod-list", *of)]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        theirs.ask("GET", f"/api/v1/namespaces/default/pods/{name}")


def test_lists_that_name_no_bay_show_its_things_and_the_book_its_nodes(cloud, bay, theirs, manifest, name):
    """As clients of early 2015 ask, which know no bays here."""
    ask = cloud.connection("jeroboam").container_infrastructure_management.get
    made = cloud.magnum("pod-create", "--bay", "e2e-theirs", "--manifest", manifest(POD.format(name=name)))
    listed = ask("/pods").json()
    assert made["uuid"] in [one["uuid"] for one in listed["pods"] if one["bay_uuid"] == bay["uuid"]]
    assert "left_out" not in listed
    node = {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {"nodeInfo": {
            "osImage": "Debian GNU/Linux 12", "containerRuntimeVersion": "containerd://1.4.3", "architecture": "",
            "bootID": "", "kernelVersion": "", "kubeProxyVersion": "", "kubeletVersion": "", "machineID": "",
            "operatingSystem": "", "systemUUID": "",
        }},
    }
    uid = theirs.ask("POST", "/api/v1/nodes", node)["metadata"]["uid"]
    try:
        seen = lambda: {one["uuid"]: one for one in ask("/nodes").json()["nodes"]}.get(uid)
        shown = eventually(seen, "its node is not shown", PATIENCE)
        assert (shown["ironic_node_id"], shown["image_id"]) == (name, "Debian GNU/Linux 12")
    finally:
        theirs.ask("DELETE", f"/api/v1/nodes/{name}")
    cloud.magnum("pod-delete", "--bay", "e2e-theirs", name)


def test_controllers_are_replaced_and_removed(cloud, bay, theirs, manifest, name):
    of = ["--bay", "e2e-theirs"]
    made = cloud.magnum("rc-create", *of, "--manifest", manifest(RC.format(name=name, replicas=1)))
    assert made["replicas"] == "1"
    more = manifest(RC.format(name=name, replicas=3))
    changed = cloud.magnum("rc-update", *of, name, "replace", f"manifest={more}")
    assert changed["replicas"] == "3" and changed["uuid"] == made["uuid"]
    there = theirs.ask("GET", f"/api/v1/namespaces/default/replicationcontrollers/{name}")
    assert there["spec"]["replicas"] == 3
    assert name in [one["name"] for one in cloud.magnum("rc-list", *of)]
    assert cloud.magnum("rc-show", *of, name)["replicas"] == "3"
    cloud.magnum("rc-delete", *of, name)
    # Its pods go with it, which a controller of theirs sees to: until then it is on its way out.
    there = theirs.ask("GET", "/api/v1/namespaces/default/replicationcontrollers")
    assert name not in [one["metadata"]["name"] for one in there["items"]]


def test_services_are_replaced_and_removed(cloud, bay, theirs, manifest, name):
    of = ["--bay", "e2e-theirs"]
    made = cloud.magnum("coe-service-create", *of, "--manifest", manifest(SERVICE.format(name=name, port=80)))
    assert made["ip"].startswith("10.0.0.")
    other = manifest(SERVICE.format(name=name, port=81))
    changed = cloud.magnum("coe-service-update", *of, name, "replace", f"manifest={other}")
    assert "81" in changed["ports"] and changed["ip"] == made["ip"]
    assert name in [one["name"] for one in cloud.magnum("coe-service-list", *of)]
    assert cloud.magnum("coe-service-show", *of, name)["ip"] == made["ip"]
    cloud.magnum("coe-service-delete", *of, name)
    assert name not in [one["name"] for one in cloud.magnum("coe-service-list", *of)]


def test_what_rbac_forbids_comes_back_as_it_says_it(cloud, bay, theirs, model, manifest, name):
    # `view` itself is empty where no controller gathers its parts.
    rule = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "some"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                    "name": "system:aggregate-to-view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "some"}],
    }
    theirs.ask("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", rule)
    eventually(lambda: theirs.may("t0ken-of-some", "/api/v1/namespaces/default/pods"), "the binding does not work", PATIENCE)
    made = adopt(cloud, model, name, theirs.kubeconfig("t0ken-of-some"))
    # Nodes are nobody's to list who only sees a namespace.
    assert "403" in str(made["health_status_reason"])
    cloud.magnum("pod-list", "--bay", name)
    said = cloud.magnum_fails("pod-create", "--bay", name, "--manifest", manifest(POD.format(name=name)))
    assert "403" in said and "cannot create resource" in said
    delete(cloud, made["uuid"])


def test_other_credentials_take_the_place_of_those_that_ended(cloud, bay, theirs, model, manifest, name):
    made = adopt(cloud, model, name, theirs.kubeconfig())
    wrong, right = theirs.kubeconfig("t0ken-of-nobody"), theirs.kubeconfig()

    def give(kubeconfig):
        cloud.openstack(
            "coe", "cluster", "update", name, "--label", f"kubeconfig={kubeconfig}", cloud="jeroboam", form=None
        )

    def status(wanted, word=""):
        now = shown(cloud, name)
        return now if now["status"] == wanted and word in str(now["status_reason"]) else None

    give(wrong)
    eventually(lambda: status("UPDATE_IN_PROGRESS", "401"), "nobody says that they are not taken", PATIENCE)
    said = cloud.magnum_fails("pod-create", "--bay", name, "--manifest", manifest(POD.format(name=name)))
    assert "403" in said or "UPDATE_IN_PROGRESS" in said, said
    give(right)
    now = eventually(lambda: status("UPDATE_COMPLETE"), "the new ones are not taken", PATIENCE)
    assert now["labels"] == made["labels"], "the same kubeconfig has the same fingerprint"
    assert now["health_status"] == "HEALTHY"
    cloud.magnum("pod-create", "--bay", name, "--manifest", manifest(POD.format(name=name)))
    cloud.magnum("pod-delete", "--bay", name, name)
    said = cloud.fails("coe", "cluster", "update", name, "--no-label", "kubeconfig", cloud="jeroboam")
    assert "not removed" in said
    delete(cloud, made["uuid"])


def test_health_follows_the_api_server(cloud, bay, theirs, manifest, name):
    def health(status, why=""):
        now = shown(cloud, "e2e-theirs")
        return now if now["health_status"] == status and why in str(now["health_status_reason"]) else None

    theirs.kill()
    begun = time.monotonic()
    said = cloud.magnum_fails("rc-create", "--bay", "e2e-theirs", "--manifest", manifest(RC.format(name=name, replicas=1)))
    assert "504" in said and "does not answer" in said and time.monotonic() - begun < 30
    now = eventually(lambda: health("UNHEALTHY", "does not answer"), "nobody sees that it is away", PATIENCE)
    assert now["status"] == "CREATE_COMPLETE"
    theirs.start()
    eventually(lambda: health("HEALTHY"), "nobody sees that it is back", PATIENCE)


def test_addresses_that_no_operator_allows_and_files_are_refused(cloud, theirs, model, name):
    said = cloud.fails(
        "coe", "cluster", "create", "--cluster-template", model, "--labels",
        "kubeconfig=" + base64.b64encode(base64.b64decode(theirs.kubeconfig()).replace(b"127.0.0.1", b"169.254.169.254")).decode(),
        name, cloud="jeroboam",
    )
    assert "not public" in said
    said = cloud.fails("coe", "cluster", "create", "--cluster-template", model, name, cloud="jeroboam")
    assert "kubeconfig" in said
