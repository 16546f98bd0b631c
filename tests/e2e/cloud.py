"""A running cloud, driven as users drive it."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import openstack as sdk
import yaml

from standby import Client

PATIENCE = 90


def eventually(condition, why, patience=PATIENCE):
    """Waits for a condition with a bounded patience; returns its value."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{why}: still {value!r} after {patience} s")
        time.sleep(0.2)


def until_nothing(why, complaints, patience=PATIENCE):
    """Waits until there is nothing to complain of; tells what was left when patience ends."""
    deadline = time.monotonic() + patience
    while left := complaints():
        if time.monotonic() > deadline:
            raise AssertionError(f"{why}; after {patience} s: {'; '.join(left)}")
        time.sleep(0.2)


class Refused(Exception):
    """The client ended with an error; the text is what it said."""


class Cloud:
    def __init__(self, state, url, table):
        self.state = Path(state)
        self.url = url
        self.table = table
        self.client = Client(shutil.which("openstack"))
        self.client_of_2015 = Client(os.environ["JEROBOAM_E2E_MAGNUM"])

    def openstack(self, *words, cloud="jeroboam-admin", form="json", say=None):
        """Runs the openstack client; its answer is parsed. `say` is the command's name in the table."""
        environment = _terminal() | {"OS_CLIENT_CONFIG_FILE": str(self.state / "clouds.yaml")}
        line = [*(["--os-cloud", cloud] if cloud else []), *words]
        if form:
            line += ["-f", form]
        done = self.client.run(line, environment, timeout=180)
        name = say or " ".join(_command(words))
        failed = words[0] == "coe" and _failed(done.stdout)
        if done.returncode != 0 or failed:
            said = (failed or done.stderr.strip() or done.stdout.strip()).splitlines()
            raise Refused(f"{name}: {said[-1] if said else 'no word'}")
        self.table.note("openstack", name)
        return json.loads(done.stdout) if form == "json" else done.stdout

    def fails(self, *words, cloud="jeroboam-admin"):
        """What the client says when the cloud refuses, as it must."""
        name = " ".join(_command(words))
        try:
            self.openstack(*words, cloud=cloud, form=None, say=f"{name} (refused)")
        except Refused as refused:
            self.table.refuse("openstack", name, str(refused))
            return str(refused)
        raise AssertionError(f"{words} was not refused")

    def magnum(self, *words, cloud="jeroboam", version="v3", say=None, raw=False):
        """Runs the magnum client of 2015; its table is read: a list of rows, or one thing's fields. What
        is no table is given as it is (`raw`)."""
        environment = _terminal() | self._as_in_2015(cloud, version)
        done = self.client_of_2015.run(words, environment, timeout=180)
        name = say or words[0]
        failed = _failed(done.stdout)
        if done.returncode != 0 or failed:
            said = failed or done.stderr.strip() or done.stdout.strip() or "no word"
            raise Refused(f"{name}: {said.splitlines()[-1]}")
        self.table.note("magnum", name)
        return done.stdout if raw else _table(done.stdout)

    def magnum_fails(self, *words, cloud="jeroboam"):
        """What that client says when the cloud refuses, as it must."""
        try:
            self.magnum(*words, cloud=cloud)
        except Refused as refused:
            self.table.refuse("magnum", words[0], str(refused))
            return str(refused)
        raise AssertionError(f"{words} was not refused")

    def _as_in_2015(self, cloud, version):
        """The environment of a client that knows tenants, and domains only when it has to."""
        auth = yaml.safe_load((self.state / "clouds.yaml").read_text())["clouds"][cloud]["auth"]
        environment = {
            "OS_USERNAME": auth["username"],
            "OS_PASSWORD": auth["password"],
            "OS_TENANT_NAME": auth["project_name"],
            "OS_AUTH_URL": f"{self.url}/identity/{version}",
        }
        if version == "v3":
            environment |= {"OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default"}
        return environment

    def connection(self, cloud="jeroboam-admin"):
        """The SDK."""
        config = sdk.config.OpenStackConfig(config_files=[str(self.state / "clouds.yaml")], load_envvars=False)
        return sdk.connection.Connection(config=config.get_one(cloud))

    # --- the processes

    def pid(self, role):
        return int((self.state / f"{role}.pid").read_text())

    def kill(self, role):
        os.kill(self.pid(role), signal.SIGKILL)

    def start(self, role):
        """As stack.sh starts it, entered in its ledger."""
        top = Path(__file__).resolve().parents[2]
        environment = os.environ | {"STATE": str(self.state)}
        subprocess.run([str(top / "tests/e2e/start-role"), role], env=environment, check=True, timeout=60)


def _terminal():
    """The environment of a user at a terminal who has loaded no credentials. There is always a SHELL there, and
    python-magnumclient fails with a bare KeyError where there is none (`coe cluster config`)."""
    return {"SHELL": "/bin/sh"} | {k: v for k, v in os.environ.items() if not k.startswith("OS_")}


def _failed(text):
    """What went wrong, of commands that print it and end well."""
    found = re.search(r"^(\w+ (?:for|quota|delete|rotation) ?.*failed.*: .*)$", text, re.MULTILINE)
    return found.group(1) if found else None


def _table(text):
    """The rows of a table drawn with + and |; one thing's fields when its head is Property and Value."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if not rows:
        return []
    head, *rows = rows
    if head == ["Property", "Value"]:
        return dict(rows)
    return [dict(zip(head, row)) for row in rows]


def ports(service):
    """The ports of a service, of which the client of 2015 makes a text, and of the list of them another."""
    return [ast.literal_eval(port) for port in ast.literal_eval(service["ports"])]


def _command(words):
    """The words of a command, without names and options."""
    known = {
        "add", "application", "assignment", "availability", "ca", "catalog", "cluster", "coe", "config", "configuration",
        "confirm", "console", "create", "credential", "delete", "domain", "endpoint", "event", "flavor", "group",
        "host", "hypervisor", "image", "issue", "keypair", "limits", "list", "log", "nodegroup", "pause", "project", "quota",
        "quotas", "reboot", "rebuild", "remove", "resize", "revert", "revoke", "role", "rotate", "save", "server", "service",
        "set", "show", "sign", "start", "stats", "stop", "template", "token", "unpause", "unset", "update", "upgrade", "usage",
        "user", "versions", "zone",
    }
    begun = False
    for word in words:
        if word in known:
            begun = True
            yield word
        elif begun:
            return
