"""Templates, quotas, stats and services, with the client of today and the last one of bays and baymodels."""

import pytest


@pytest.fixture(scope="module")
def image(cloud, busybox):
    """An image that says of which distribution its nodes are."""
    made = cloud.openstack(
        "image", "create", "--file", busybox, "--container-format", "docker", "--disk-format", "raw",
        "--property", "os_distro=jeroboam-node", "e2e-nodes", cloud="jeroboam",
    )
    yield made["id"]
    cloud.openstack("image", "delete", made["id"], cloud="jeroboam", form=None)


def coe(cloud, *words, **more):
    return cloud.openstack("coe", *words, cloud=more.pop("cloud", "jeroboam"), **more)


def test_the_catalog_leads_both_generations_to_the_same_service(cloud):
    catalog = {one["Type"]: one["Endpoints"] for one in cloud.openstack("catalog", "list", cloud="jeroboam")}
    for kind in ["container-infra", "container"]:
        urls = {endpoint["url"] for endpoint in catalog[kind]}
        assert urls == {f"{cloud.url}/container-infra/v1"}, kind


def test_a_template_that_names_what_is_not_there_is_refused_with_the_reason(cloud, image, name):
    for words, reason in [
        (["--image", "busybox"], "os_distro"),
        (["--image", f"{name}-none"], "could not be found"),
        (["--image", image, "--flavor", f"{name}-none"], "flavor"),
        (["--image", image, "--public"], "Policy"),
    ]:
        line = ["coe", "cluster", "template", "create", "--coe", "docker", "--external-network", "public", *words, name]
        said = cloud.fails(*line, cloud="jeroboam")
        assert reason in said, said


@pytest.mark.parametrize("identity", ["v3", "v2.0"])
def test_a_baymodel_with_the_client_of_2015_is_a_template_of_todays(cloud, image, name, identity):
    made = cloud.magnum(
        "baymodel-create", "--name", name, "--image-id", image, "--keypair-id", "k", "--external-network-id", "public",
        "--coe", "docker", "--flavor-id", "c1.nano", "--master-flavor-id", "c1.nano", "--docker-volume-size", "5",
        "--labels", "a=b", "--no-proxy", "localhost", "--tls-disabled", version=identity,
    )
    try:
        assert made["name"] == name and made["cluster_distro"] == "jeroboam-node"
        assert made["dns_nameserver"] == "8.8.8.8" and made["tls_disabled"] == "True"
        listed = cloud.magnum("baymodel-list", version=identity)
        assert {"uuid": made["uuid"], "name": name} in listed
        shown = coe(cloud, "cluster", "template", "show", name)
        assert shown["uuid"] == made["uuid"] and shown["labels"] == {"a": "b"}
        changed = cloud.magnum(
            "baymodel-update", name, "replace", "docker_volume_size=7", "apiserver_port=2377", version=identity
        )
        assert changed["docker_volume_size"] == "7" and changed["apiserver_port"] == "2377"
        cloud.magnum("baymodel-update", name, "add", "labels/c=d", version=identity)
        shown = cloud.magnum("baymodel-show", made["uuid"], version=identity)
        assert "'c': 'd'" in shown["labels"] and shown["docker_volume_size"] == "7"
        said = cloud.magnum_fails("baymodel-update", name, "remove", "coe")
        assert "mandatory" in said, said
        said = cloud.magnum_fails("baymodel-show", f"{name}-not")
        assert "could not be found" in said, said
    finally:
        cloud.magnum("baymodel-delete", name, version=identity)
    assert made["uuid"] not in [one["uuid"] for one in cloud.magnum("baymodel-list", version=identity)]
