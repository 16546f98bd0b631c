"""A cluster of Kubernetes is upgraded and given another authority under its users: the master is made anew with what
it holds, the workers are replaced, and what runs goes on running."""

import shutil

import pytest

import clusters
import kube
from cloud import eventually
from clusters import PATIENCE, shown, wait

NAME = "e2e-upgraded"
NEXT = "e2e-kubelets-next"


@pytest.fixture(scope="module")
def next_image(cloud, tmp_path_factory):
    with kube.image(cloud, tmp_path_factory.mktemp("next"), NEXT, "box.tar") as name:
        yield name


@pytest.fixture(scope="module")
def bay(cloud, engine, kubernetes_image, next_image, tmp_path_factory):
    with (
        clusters.template(cloud, NAME, coe="kubernetes", image=kubernetes_image) as template,
        clusters.cluster(cloud, engine, template, NAME, 2) as made,
    ):
        bay = kube.Bay(cloud, engine, made, tmp_path_factory.mktemp("kube"))
        manifest = bay.home / "rc.yaml"
        manifest.write_text(kube.WEB)
        bay.kubectl("apply", "-f", str(manifest))
        eventually(lambda: len(bay.running()) == 3, "three pods do not run", PATIENCE)
        yield bay


class Master:
    """The master as it is now."""

    def __init__(self, bay):
        nodes = eventually(lambda: bay.listed("nodes"), "the API server does not answer", PATIENCE)
        self.name = next(one["metadata"]["name"] for one in nodes if one["spec"].get("taints"))
        self.workers = {one["metadata"]["name"] for one in nodes} - {self.name}
        self.server = bay.server(self.name)
        found = bay.engine.inspect(self.server)
        self.container, self.image = found["Id"], found["Config"]["Image"]


def kept(bay):
    """What is only on the master's disk: who its controllers and namespaces are."""
    things = (bay.listed("replicationcontrollers") or []) + (bay.listed("namespaces") or [])
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in things}


def whole(bay):
    """The cluster as its user finds it where it was."""
    wait(bay.cloud, NAME, "UPDATE_COMPLETE")
    eventually(lambda: bay.whole(3), "its nodes are not ready", PATIENCE)
    eventually(lambda: len(bay.running()) == 3, "there are not three pods again", PATIENCE)


def test_an_upgrade_goes_through_all_nodes_and_loses_nothing(cloud, bay, next_image, name):
    before, held = Master(bay), kept(bay)
    with clusters.template(cloud, name, coe="kubernetes", image=next_image) as template:
        cloud.openstack("coe", "cluster", "upgrade", NAME, template, cloud="jeroboam", form=None)
        whole(bay)
        after = Master(bay)
        assert (after.name, after.server) == (before.name, before.server)
        assert after.container != before.container and after.image != before.image
        assert not after.workers & before.workers
        assert len(held) > 1 and held.items() <= kept(bay).items()
        assert shown(cloud, NAME)["cluster_template_id"] == template
        # The template can go only when nobody is made of it.
        cloud.openstack("coe", "cluster", "upgrade", NAME, NAME, cloud="jeroboam", form=None)
        whole(bay)
    assert Master(bay).image == before.image


def test_another_authority_leaves_everybody_in_until_all_have_followed(cloud, bay, name):
    before, held = Master(bay), kept(bay)
    authority = cloud.openstack("coe", "ca", "show", NAME, cloud="jeroboam", form=None)
    user_of_old = bay.home / "old"
    shutil.copy(bay.home / "config", user_of_old)

    def as_before(*words):
        """What the user gets by what he had before."""
        return bay.kubectl("--kubeconfig", str(user_of_old), *words, check=False)

    assert "Ready" in as_before("get", "nodes")
    cloud.openstack("coe", "ca", "rotate", NAME, cloud="jeroboam", form=None)

    def in_between():
        found = bay.engine.inspect(before.server)
        made_anew = found and found["Id"] != before.container
        return made_anew and "Ready" in as_before("get", "nodes")

    eventually(in_between, "who was let in before is not while the nodes follow", PATIENCE)
    assert shown(cloud, NAME)["status"] == "UPDATE_IN_PROGRESS"
    wait(cloud, NAME, "UPDATE_COMPLETE")
    bay.configure()
    whole(bay)
    after = Master(bay)
    assert (after.name, after.server) == (before.name, before.server)
    assert not after.workers & before.workers
    assert held.items() <= kept(bay).items()
    newer = cloud.openstack("coe", "ca", "show", NAME, cloud="jeroboam", form=None)
    assert newer.count("BEGIN") == 1 and newer.strip() not in authority
    assert as_before("get", "nodes") == "", "who was signed by the one before is not let in any more"
    unverified = as_before("get", "nodes", "--insecure-skip-tls-verify")
    assert unverified == "", "nor without looking who answers"
