"""What the other tests leave of `openstack coe` and `magnum`: groups of nodes, upgrades, authorities, quotas, sums,
services."""

import ast
import ipaddress

import pytest

from cloud import eventually, ports
from clusters import PATIENCE, delete, wait

USER = "jeroboam"
ADMIN = "jeroboam-admin"


def coe(cloud, *words, form=None, who=USER):
    return cloud.openstack("coe", *words, cloud=who, form=form)


def shown(cloud, what, *words):
    return coe(cloud, *what.split(), "show", *words, form="json")


def template(cloud, name, *words):
    coe(
        cloud, "cluster", "template", "create", "--coe", "docker", "--image", "jeroboam-node", "--external-network",
        "public", "--flavor", "c1.small", "--master-flavor", "c1.small", *words, name,
    )
    return shown(cloud, "cluster template", name)["uuid"]


@pytest.fixture(scope="module")
def cluster(cloud):
    made = template(cloud, "e2e-coe")
    coe(cloud, "cluster", "create", "--cluster-template", made, "--node-count", "1", "--timeout", "10", "e2e-coe")
    whole = wait(cloud, "e2e-coe", "CREATE_COMPLETE")
    yield whole
    delete(cloud, whole["uuid"])
    coe(cloud, "cluster", "template", "delete", made)


def test_a_template_is_listed_changed_and_deleted(cloud, name):
    made = template(cloud, name, "--labels", "a=b")
    try:
        assert name in [one["name"] for one in coe(cloud, "cluster", "template", "list", form="json")]
        coe(cloud, "cluster", "template", "update", name, "--docker-volume-size", "5", "--label", "c=d")
        now = shown(cloud, "cluster template", made)
        assert (now["docker_volume_size"], now["labels"]) == (5, {"a": "b", "c": "d"})
    finally:
        coe(cloud, "cluster", "template", "delete", name)
    assert name not in [one["name"] for one in coe(cloud, "cluster", "template", "list", form="json")]


def test_a_group_of_nodes_comes_changes_and_goes(cloud, cluster):
    names = [one["name"] for one in coe(cloud, "nodegroup", "list", "e2e-coe", form="json")]
    assert names == ["default-master", "default-worker"]
    coe(cloud, "nodegroup", "create", "e2e-coe", "more", "--node-count", "1", "--min-nodes", "0", "--max-nodes", "2")
    wait(cloud, "e2e-coe", "UPDATE_COMPLETE")
    group = shown(cloud, "nodegroup", "e2e-coe", "more")
    assert (group["node_count"], group["max_node_count"], group["role"]) == (1, 2, "worker")
    coe(cloud, "nodegroup", "update", "e2e-coe", "more", "--max-nodes", "3")
    wait(cloud, "e2e-coe", "UPDATE_COMPLETE")
    assert shown(cloud, "nodegroup", "e2e-coe", "more")["max_node_count"] == 3
    coe(cloud, "nodegroup", "delete", "e2e-coe", "more")

    def gone():
        return "more" not in [one["name"] for one in coe(cloud, "nodegroup", "list", "e2e-coe", form="json")]

    eventually(gone, "the group stays", PATIENCE)
    wait(cloud, "e2e-coe", "UPDATE_COMPLETE")


def test_a_cluster_is_changed_resized_and_upgraded(cloud, cluster, name):
    coe(cloud, "cluster", "update", "e2e-coe", "--node-count", "2")
    wait(cloud, "e2e-coe", "UPDATE_COMPLETE")
    coe(cloud, "cluster", "resize", "e2e-coe", "1")
    wait(cloud, "e2e-coe", "UPDATE_COMPLETE")
    other = template(cloud, name, "--labels", "a=b")
    coe(cloud, "cluster", "upgrade", "e2e-coe", other)
    now = wait(cloud, "e2e-coe", "UPDATE_COMPLETE")
    assert (now["cluster_template_id"], now["labels"]) == (other, {"a": "b"})
    coe(cloud, "cluster", "upgrade", "e2e-coe", "e2e-coe")
    wait(cloud, "e2e-coe", "UPDATE_COMPLETE")
    coe(cloud, "cluster", "template", "delete", other)


def test_its_users_get_their_certificates_and_another_authority(cloud, cluster, tmp_path):
    coe(cloud, "cluster", "config", "e2e-coe", "--dir", tmp_path, "--output-certs")
    before = coe(cloud, "ca", "show", "e2e-coe")
    assert (tmp_path / "ca.pem").read_text().strip() == before.strip()
    for part in ["key", "cert"]:
        assert "-----BEGIN" in (tmp_path / f"{part}.pem").read_text()
    coe(cloud, "ca", "rotate", "e2e-coe")
    wait(cloud, "e2e-coe", "UPDATE_COMPLETE")
    assert coe(cloud, "ca", "show", "e2e-coe").strip() != before.strip()
    said = cloud.fails("coe", "credential", "rotate", "e2e-coe", cloud=USER)
    assert "credentials" in said, said


def test_quotas_are_set_by_administrators(cloud, name):
    project = cloud.openstack("project", "create", name)["id"]
    which = ["--project-id", project, "--resource", "Cluster"]
    try:
        coe(cloud, "quotas", "create", *which, "--hard-limit", "3", who=ADMIN)
        assert project in coe(cloud, "quotas", "list", "--all-tenants", who=ADMIN)
        assert "3" in coe(cloud, "quotas", "show", *which, who=ADMIN)
        coe(cloud, "quotas", "update", *which, "--hard-limit", "4", who=ADMIN)
        assert "4" in coe(cloud, "quotas", "show", *which, who=ADMIN)
        said = cloud.fails("coe", "quotas", "create", *which, "--hard-limit", "9", cloud=USER)
        assert "Policy" in said, said
        coe(cloud, "quotas", "delete", *which, who=ADMIN)
    finally:
        cloud.openstack("project", "delete", project, form=None)


def test_sums_and_conductors_are_listed(cloud, cluster):
    project = cloud.openstack("token", "issue", cloud=USER)["project_id"]
    said = coe(cloud, "stats", "list", project)
    assert "clusters" in said and "nodes" in said, said
    listed = coe(cloud, "service", "list", form="json", who=ADMIN)
    assert "up" in [one["state"] for one in listed]


RC = """\
apiVersion: v1
kind: ReplicationController
metadata: {{name: {name}}}
spec:
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: busybox
        command: [/bin/busybox, httpd, -f, -p, "8080"]
        ports: [{{name: http, containerPort: 8080}}]
"""

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}, labels: {{tier: front}}}}
spec:
  selector: {{app: {name}}}
  type: {kind}
  ports: [{{name: web, port: 80, targetPort: http}}]
"""


def test_a_service_has_an_address_that_stays_when_it_is_changed(cloud, cluster, manifest, name):
    bay = ["--bay", "e2e-coe"]
    cloud.magnum("rc-create", *bay, "--manifest", manifest(RC.format(name=name)))
    inside = manifest(SERVICE.format(name=name, kind="ClusterIP"))
    made = cloud.magnum("coe-service-create", *bay, "--manifest", inside)
    assert made["name"] == name and made["bay_uuid"] == cluster["uuid"], made
    assert name in [one["name"] for one in cloud.magnum("coe-service-list", *bay)]
    shown = cloud.magnum("coe-service-show", *bay, name)
    assert shown["uuid"] == made["uuid"] and ipaddress.ip_address(shown["ip"]).is_private, shown
    assert ports(shown) == [{"name": "web", "port": 80, "targetPort": "http", "protocol": "TCP"}], shown
    assert ast.literal_eval(shown["selector"]) == {"app": name}
    outside = manifest(SERVICE.format(name=name, kind="NodePort"))
    changed = cloud.magnum("coe-service-update", *bay, name, "replace", f"manifest={outside}")
    assert changed["ip"] == shown["ip"], changed
    assert 30000 <= ports(changed)[0]["nodePort"] <= 32767, changed
    twice = cloud.magnum_fails("coe-service-create", *bay, "--manifest", outside)
    assert "already exists" in twice, twice
    cloud.magnum("coe-service-delete", *bay, name)
    assert name not in [one["name"] for one in cloud.magnum("coe-service-list", *bay)]
    cloud.magnum("rc-delete", *bay, name)
