"""Clusters of Kubernetes whose nodes are this cloud's: real kubelets on real nodes, used by unmodified clients: the two
of the cloud, and kubectl with what `coe cluster config` writes."""

import json
import time
import urllib.request

import pytest

import clusters
import kube
from cloud import eventually
from clusters import PATIENCE, shown, wait

NAME = "e2e-kubernetes"

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
"""


@pytest.fixture(scope="module")
def bay(cloud, engine, kubernetes_image, tmp_path_factory):
    with (
        clusters.template(cloud, NAME, coe="kubernetes", image=kubernetes_image) as template,
        clusters.cluster(cloud, engine, template, NAME, 2) as made,
    ):
        yield kube.Bay(cloud, engine, made, tmp_path_factory.mktemp("kube"))


def heard(address):
    """Who answers behind the service at this node."""
    try:
        with urllib.request.urlopen(f"http://{address}:30080/", timeout=3) as answer:
            return answer.read().decode().strip()
    except OSError:
        return None


def test_a_cluster_of_kubernetes_is_made_and_its_user_is_its_administrator(cloud, bay):
    made = bay.made
    assert made["api_address"].startswith("https://")
    assert made["coe_version"] == json.loads(bay.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"][:64]
    now = eventually(
        lambda: (it := shown(cloud, NAME))["health_status"] == "HEALTHY" and it, "it is not healthy", PATIENCE
    )
    assert "ok" in str(now["health_status_reason"]) and "Ready" in str(now["health_status_reason"])
    nodes = bay.nodes()
    assert sorted(nodes) == sorted(bay.servers())
    assert list(nodes.values()) == ["True"] * 3
    assert bay.kubectl("auth", "can-i", "*", "*").strip() == "yes"
    # What it may use is its own, not the machine's.
    memory = {one["status"]["allocatable"]["memory"] for one in bay.listed("nodes")}
    assert all(int(text.rstrip("Ki").rstrip("Mi")) << (20 if text.endswith("Mi") else 10) <= 1 << 30 for text in memory)


def test_controllers_and_services_of_either_client_run(cloud, bay, manifest):
    of = ["--bay", NAME]
    cloud.magnum("rc-create", *of, "--manifest", manifest(kube.WEB))
    cloud.magnum("coe-service-create", *of, "--manifest", manifest(SERVICE))
    nodes = eventually(lambda: len(it := bay.running()) == 3 and it, "three pods do not run", PATIENCE)
    masters = [one["metadata"]["name"] for one in bay.listed("nodes") if one["spec"].get("taints")]
    assert len(masters) == 1 and masters[0] not in nodes, "nobody's pods are on the master"
    pods = [one["name"] for one in cloud.magnum("pod-list", *of)]
    assert len(pods) == 3
    seen = set()
    workers = cloud.openstack("coe", "cluster", "show", NAME, cloud="jeroboam")["node_addresses"]
    addresses = workers if isinstance(workers, list) else json.loads(workers.replace("'", '"'))

    def all_heard():
        seen.update(heard(address) for address in addresses)
        return set(pods) <= seen

    eventually(all_heard, "not every pod answers at every node", PATIENCE)
    pod = pods[0]
    answered = bay.kubectl("exec", pod, "--", "sh", "-c",
                           "for i in 1 2 3 4 5 6 7 8; do timeout 3 wget -q -O - http://$WEB_SERVICE_HOST/; done")
    assert len(answered.split()) == 8 and set(answered.split()) <= set(pods), answered


def test_a_node_that_is_killed_comes_back_and_one_that_is_deleted_is_replaced(cloud, bay):
    victim = bay.running()[0]
    was = bay.server(victim)
    bay.kill(victim)
    eventually(lambda: bay.engine.inspect(was)["State"]["Running"], "the node is not started again", PATIENCE)
    eventually(lambda: bay.whole(3), "the node is not ready again", PATIENCE)
    eventually(lambda: len(bay.running()) == 3, "there are not three pods again", PATIENCE)
    cloud.openstack("server", "delete", "--wait", was, cloud="jeroboam", form=None)
    eventually(lambda: victim not in bay.nodes() and bay.whole(3), "no other node is there instead", PATIENCE)
    eventually(lambda: len(bay.running()) == 3, "its pods do not run elsewhere", PATIENCE)
    assert was not in bay.servers().values()
    wait(cloud, NAME, "CREATE_COMPLETE")


def test_the_master_comes_back_with_all_it_knew(cloud, bay):
    master = next(one["metadata"]["name"] for one in bay.listed("nodes") if one["spec"].get("taints"))
    controllers = [one["metadata"]["uid"] for one in bay.listed("replicationcontrollers")]
    server = bay.server(master)
    bay.kill(master)
    begun = time.monotonic()

    def back():
        found = bay.listed("replicationcontrollers")
        return found is not None and [one["metadata"]["uid"] for one in found] == controllers

    # What is killed just now may still answer: until it is seen to be up again.
    eventually(lambda: bay.engine.inspect(server)["State"]["Running"], "the master is not started again", PATIENCE)
    eventually(back, "the master does not know its controllers", PATIENCE)
    assert bay.server(master) == server, f"replaced after {time.monotonic() - begun:.0f} s"
    eventually(lambda: bay.whole(3), "its nodes are not ready again", PATIENCE)


def test_it_grows_and_shrinks(cloud, bay):
    cloud.openstack("coe", "cluster", "resize", NAME, "3", cloud="jeroboam", form=None)
    wait(cloud, NAME, "UPDATE_COMPLETE")
    assert bay.whole(4)
    cloud.openstack("coe", "cluster", "resize", NAME, "1", cloud="jeroboam", form=None)
    eventually(lambda: bay.whole(2), "there are not two nodes", PATIENCE)
    wait(cloud, NAME, "UPDATE_COMPLETE")
    eventually(lambda: len(bay.running()) == 3, "there are not three pods again", PATIENCE)


def test_what_needs_several_masters_is_refused(cloud, bay, name):
    said = cloud.fails(
        "coe", "cluster", "create", "--cluster-template", NAME, "--master-count", "3", "--master-lb-enabled", name,
        cloud="jeroboam",
    )
    assert "master" in said
    with clusters.template(cloud, name, coe="kubernetes") as plain:
        said = cloud.fails("coe", "cluster", "create", "--cluster-template", plain, name, cloud="jeroboam")
    assert "jeroboam_kubernetes" in said
