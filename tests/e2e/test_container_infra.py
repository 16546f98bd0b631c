"""Templates, quotas, stats and services, with the client of today and the last one of bays and baymodels."""

import pytest

from cloud import Refused


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


def test_a_template_with_todays_client(cloud, image, name):
    made = coe(
        cloud, "cluster", "template", "create", "--coe", "docker", "--image", image, "--external-network", "public",
        "--keypair", "k", "--fixed-network", "private", "--fixed-subnet", "private", "--network-driver", "docker",
        "--dns-nameserver", "8.8.8.8,8.8.4.4", "--flavor", "c1.nano", "--master-flavor", "c1.nano",
        "--docker-volume-size", "5", "--docker-storage-driver", "overlay2", "--labels", "a=b,c=1",
        "--no-proxy", "localhost", "--server-type", "vm", "--tags", "x,y", "--floating-ip-disabled", name,
    )
    try:
        assert made["name"] == name and made["cluster_distro"] == "jeroboam-node"
        assert made["labels"] == {"a": "b", "c": "1"}
        assert made["floating_ip_enabled"] in (False, "False")
        listed = coe(cloud, "cluster", "template", "list")
        assert made["uuid"] in [one["uuid"] for one in listed]
        shown = coe(cloud, "cluster", "template", "show", name)
        assert shown["uuid"] == made["uuid"] and shown["docker_volume_size"] == 5
        coe(
            cloud, "cluster", "template", "update", name, "replace", "docker_volume_size=7", "tls_disabled=true",
            "labels={'d': 'e'}", form=None, say="coe cluster template update",
        )
        shown = coe(cloud, "cluster", "template", "show", made["uuid"])
        assert shown["docker_volume_size"] == 7 and shown["tls_disabled"] in (True, "True")
        assert shown["labels"] == {"d": "e"}
        coe(
            cloud, "cluster", "template", "update", name, "remove", "docker_volume_size", form=None,
            say="coe cluster template update",
        )
        shown = coe(cloud, "cluster", "template", "show", name)
        assert shown["docker_volume_size"] in (None, "-", "None")
        said = cloud.fails("coe", "cluster", "template", "show", f"{name}-not", cloud="jeroboam")
        assert "404" in said or "not" in said
    finally:
        coe(cloud, "cluster", "template", "delete", name, form=None)
    assert made["uuid"] not in [one["uuid"] for one in coe(cloud, "cluster", "template", "list")]


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


def test_a_public_template_is_listed_for_all(cloud, image, name):
    cloud.openstack("image", "set", "--shared", image, cloud="jeroboam", form=None)
    made = coe(
        cloud, "cluster", "template", "create", "--coe", "docker", "--image", image, "--external-network", "public",
        "--public", name, cloud="jeroboam-admin",
    )
    try:
        assert made["uuid"] in [one["uuid"] for one in coe(cloud, "cluster", "template", "list")]
        assert made["uuid"] in [one["uuid"] for one in cloud.magnum("baymodel-list")]
        said = cloud.fails("coe", "cluster", "template", "delete", made["uuid"], cloud="jeroboam")
        assert "olicy" in said, said
    finally:
        coe(cloud, "cluster", "template", "delete", made["uuid"], cloud="jeroboam-admin", form=None)


def test_pages_of_templates_follow_each_other(cloud, image, name):
    made = []
    try:
        for n in range(3):
            made.append(coe(
                cloud, "cluster", "template", "create", "--coe", "docker", "--image", image,
                "--external-network", "public", f"{name}-{n}",
            )["uuid"])
        listed = coe(cloud, "cluster", "template", "list", "--limit", "2", "--sort-key", "name", "--sort-dir", "desc")
        assert len(listed) == 2 and listed[0]["name"] > listed[1]["name"]
    finally:
        for one in made:
            coe(cloud, "cluster", "template", "delete", one, form=None)


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


def test_quotas_are_set_changed_and_forgotten(cloud, name):
    project = cloud.openstack("project", "create", name)["id"]
    try:
        words = ["--project-id", project, "--resource", "Cluster"]
        made = coe(cloud, "quotas", "create", *words, "--hard-limit", "3", cloud="jeroboam-admin")
        assert made["hard_limit"] == 3
        listed = coe(cloud, "quotas", "list", "--all-tenants", cloud="jeroboam-admin")
        assert project in [one["project_id"] for one in listed]
        coe(cloud, "quotas", "update", *words, "--hard-limit", "5", cloud="jeroboam-admin", form=None)
        assert coe(cloud, "quotas", "show", *words, cloud="jeroboam-admin")["hard_limit"] == 5
        coe(cloud, "quotas", "delete", *words, cloud="jeroboam-admin", form=None)
        assert coe(cloud, "quotas", "show", *words, cloud="jeroboam-admin")["hard_limit"] == 20
        said = cloud.fails("coe", "quotas", "create", *words, "--hard-limit", "3", cloud="jeroboam")
        assert "olicy" in said, said
    finally:
        cloud.openstack("project", "delete", project, form=None)


def test_stats_count_clusters_and_nodes(cloud):
    project = cloud.openstack("token", "issue", cloud="jeroboam")["project_id"]
    counted = coe(cloud, "stats", "list", project, say="coe stats list")
    assert counted["clusters"] >= 0 and counted["nodes"] >= 0
    said = cloud.fails("coe", "stats", "list", "0" * 32, cloud="jeroboam")
    assert "olicy" in said, said


def test_both_clients_see_the_conductor(cloud):
    listed = coe(cloud, "service", "list", cloud="jeroboam-admin")
    assert [(one["binary"], one["state"]) for one in listed] == [("magnum-conductor", "up")]
    old = cloud.magnum("service-list", cloud="jeroboam-admin")
    assert old == [{"id": str(listed[0]["id"]), "host": listed[0]["host"], "binary": "magnum-conductor", "state": "up"}]
    compute = cloud.openstack("compute", "service", "list", say="compute service list")
    up = {one["Binary"] for one in compute if one["State"] == "up"}
    assert up == {"nova-conductor", "nova-scheduler", "nova-compute"}
    conductor = next(one for one in compute if one["Binary"] == "nova-conductor")
    said = cloud.fails("compute", "service", "set", "--disable", conductor["Host"], "nova-conductor")
    assert "nova-compute" in said, said


def test_what_is_not_built_says_so(cloud):
    said = cloud.magnum_fails("container-list")
    assert "yet" in said, said


def test_an_unknown_template_is_no_crash_of_either_client(cloud, name):
    with pytest.raises(Refused):
        cloud.magnum("baymodel-delete", name, say="baymodel-delete (of nothing)")
    with pytest.raises(Refused):
        coe(cloud, "cluster", "template", "delete", name, form=None, say="coe cluster template delete (of nothing)")
