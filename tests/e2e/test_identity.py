"""Tokens, catalog, projects, users, roles, application credentials: with the openstack client."""

import pytest

from cloud import Refused


def test_a_token_is_issued_and_revoked(cloud):
    issued = cloud.openstack("token", "issue")
    assert issued["project_id"] and issued["user_id"]
    words = ["--os-auth-type", "token", "--os-auth-url", f"{cloud.url}/identity/v3", "--os-token", issued["id"]]
    words += ["--os-project-id", issued["project_id"]]
    assert cloud.openstack(*words, "token", "issue", cloud=None, say="token issue (by token)")["user_id"]
    cloud.openstack("token", "revoke", issued["id"], form=None)
    assert "401" in cloud.fails(*words, "token", "issue", cloud=None)


def test_the_catalog_names_every_service_with_three_interfaces(cloud):
    catalog = {one["Type"]: one["Endpoints"] for one in cloud.openstack("catalog", "list")}
    for kind in ["identity", "image", "compute"]:
        interfaces = {endpoint["interface"] for endpoint in catalog[kind]}
        assert interfaces == {"public", "internal", "admin"}
        assert all(endpoint["url"].startswith(cloud.url) for endpoint in catalog[kind])
    assert cloud.openstack("catalog", "show", "compute")["type"] == "compute"
    assert len(cloud.openstack("service", "list")) >= 3
    assert len(cloud.openstack("endpoint", "list")) >= 9


def test_a_wrong_password_and_an_unknown_user_are_refused_alike(cloud, name):
    said = [
        cloud.fails("--os-password", "wrong", "token", "issue"),
        cloud.fails("--os-username", name, "token", "issue"),
    ]
    assert all("401" in one for one in said), said


def test_a_project_with_a_user_and_a_role_lives_and_dies(cloud, name):
    project = cloud.openstack("project", "create", "--description", "of a test", name)
    user = cloud.openstack("user", "create", "--password", "s3cret-of-a-test", "--project", name, name)
    try:
        cloud.openstack("role", "add", "--project", name, "--user", name, "member", form=None)
        cloud.openstack("role", "add", "--project", name, "--user", name, "member", form=None)
        given = cloud.openstack("role", "assignment", "list", "--user", name, "--project", name, "--names")
        assert [one["Role"] for one in given] == ["member"]
        own = cloud.openstack(
            "--os-username", name, "--os-password", "s3cret-of-a-test", "--os-project-name", name, "token", "issue",
            say="token issue",
        )
        assert own["project_id"] == project["id"]
        cloud.openstack("project", "set", "--description", "changed", name, form=None)
        assert cloud.openstack("project", "show", name)["description"] == "changed"
        assert cloud.openstack("user", "show", name)["id"] == user["id"]
        assert "already" in cloud.fails("project", "create", name) or "409" in cloud.fails("project", "create", name)
        cloud.openstack("role", "remove", "--project", name, "--user", name, "member", form=None)
        assert cloud.openstack("role", "assignment", "list", "--user", name, "--project", name) == []
    finally:
        cloud.openstack("user", "delete", name, form=None)
        cloud.openstack("project", "delete", name, form=None)
    assert name not in [one["Name"] for one in cloud.openstack("project", "list")]
    assert name not in [one["Name"] for one in cloud.openstack("user", "list")]


def test_a_role_is_made_and_removed(cloud, name):
    made = cloud.openstack("role", "create", name)
    assert made["id"] in [one["ID"] for one in cloud.openstack("role", "list")]
    cloud.openstack("role", "delete", name, form=None)
    with pytest.raises(Refused):
        cloud.openstack("role", "show", name)


def test_an_application_credential_logs_in_without_a_password(cloud, name):
    made = cloud.openstack("application", "credential", "create", name, cloud="jeroboam")
    words = ["--os-auth-type", "v3applicationcredential", "--os-auth-url", f"{cloud.url}/identity/v3"]
    words += ["--os-application-credential-id", made["ID"], "--os-application-credential-secret", made["Secret"]]
    try:
        issued = cloud.openstack(*words, "token", "issue", cloud=None, say="token issue (application credential)")
        assert issued["project_id"] == made["Project ID"]
        listed = cloud.openstack("application", "credential", "list", cloud="jeroboam")
        assert [one["ID"] for one in listed if one["Name"] == name] == [made["ID"]]
        shown = cloud.openstack("application", "credential", "show", name, cloud="jeroboam")
        assert made["Secret"] not in str(shown)
    finally:
        cloud.openstack("application", "credential", "delete", name, cloud="jeroboam", form=None)
    assert "401" in cloud.fails(*words, "token", "issue", cloud=None)
