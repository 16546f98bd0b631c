"""Images: uploaded from `docker save` archives, downloaded byte for byte."""

import hashlib


def digest(path, algorithm="sha512"):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def test_an_archive_comes_back_as_it_was_uploaded(cloud, busybox, name, tmp_path):
    made = cloud.openstack(
        "image", "create", "--file", busybox, "--container-format", "docker", "--disk-format", "raw",
        "--property", "os_distro=busybox", name, cloud="jeroboam",
    )
    try:
        shown = cloud.openstack("image", "show", name, cloud="jeroboam")
        assert shown["status"] == "active"
        assert shown["size"] == busybox.stat().st_size
        assert shown["properties"]["os_hash_value"] == digest(busybox)
        assert shown["properties"]["os_distro"] == "busybox"
        saved = tmp_path / "saved.tar"
        cloud.openstack("image", "save", "--file", saved, name, cloud="jeroboam", form=None)
        assert digest(saved) == digest(busybox)
        cloud.openstack("image", "set", "--property", "os_version=1", "--tag", "tried", name, cloud="jeroboam", form=None)
        assert cloud.openstack("image", "show", name, cloud="jeroboam")["tags"] == ["tried"]
        listed = cloud.openstack("image", "list", "--property", "os_version=1", cloud="jeroboam")
        assert [one["ID"] for one in listed] == [made["id"]]
    finally:
        cloud.openstack("image", "delete", made["id"], cloud="jeroboam", form=None)
    assert "No Image found" in cloud.fails("image", "show", made["id"], cloud="jeroboam")


def test_a_protected_image_stays(cloud, busybox, name):
    made = cloud.openstack(
        "image", "create", "--file", busybox, "--container-format", "docker", "--disk-format", "raw", "--protected", name
    )
    cloud.fails("image", "delete", made["id"])
    assert cloud.openstack("image", "show", made["id"])["status"] == "active"
    cloud.openstack("image", "set", "--unprotected", made["id"], form=None)
    cloud.openstack("image", "delete", made["id"], form=None)


def test_another_project_does_not_see_a_private_image(cloud, busybox, name):
    made = cloud.openstack(
        "image", "create", "--file", busybox, "--container-format", "docker", "--disk-format", "raw", "--private", name
    )
    try:
        assert "No Image found" in cloud.fails("image", "show", made["id"], cloud="jeroboam")
    finally:
        cloud.openstack("image", "delete", made["id"], form=None)
