"""What each client command came to, as measured: the source of docs/compatibility.md."""

import os
import re
import subprocess
from datetime import date
from importlib.metadata import entry_points, version
from pathlib import Path

HEAD = """\
# Compatibility

Measured on {day}: every line is a command of an unmodified client that the end-to-end tests ran against
`jeroboam api`, `conductor` and `agent` on PostgreSQL, RabbitMQ and Docker, with what it came to. Written
by `tests/e2e` (`JEROBOAM_COMPATIBILITY=docs/compatibility.md devstack/test.sh`), not by hand.

Clients: openstackclient {client} with magnumclient {magnum}, openstacksdk {sdk}; `magnum` is magnumclient {old}.

| Client | Command | Runs | Result |
|---|---|---|---|
"""


MAGNUM = """
## Every Magnum command

What each command of the two clients came to; *refused* is what the cloud answers, with its reason.

| Client | Command | Result |
|---|---|---|
"""


def _magnum_commands():
    """All commands that the clients know, by their own word."""
    text = subprocess.check_output([os.environ["JEROBOAM_E2E_MAGNUM"], "help"], text=True)
    for command in re.findall(r"^    ([a-z]+(?:-[a-z]+)*) +[A-Z]", text, re.MULTILINE):
        if command not in ("help", "bash-completion"):
            yield "magnum", command
    for point in entry_points(group="openstack.container_infra.v1"):
        yield "openstack", point.name.replace("_", " ")


class Table:
    def __init__(self):
        self.rows = {}
        self.refused = {}

    def note(self, client, command, problem=None):
        runs, problems = self.rows.setdefault((client, command), (0, []))
        if problem and problem not in problems:
            problems.append(problem)
        self.rows[client, command] = (runs + 1, problems)

    def refuse(self, client, command, said):
        """A command that was refused, as it must be."""
        self.note(client, f"{command} (refused)")
        words = said.partition(": ")[2] or said
        self.refused.setdefault((client, command), words[:160].replace("|", "\\|"))

    def _came_to(self, client, command):
        variants = [rest for (who, what), rest in self.rows.items()
                    if who == client and (what == command or what.startswith(f"{command} ("))]
        problems = [words for _, problems in variants for words in problems]
        if problems:
            return "fails: " + "; ".join(problems)
        if (client, command) in self.rows:
            return "works"
        if reason := self.refused.get((client, command)):
            return f"refused: {reason}"
        return "not run"

    def write(self):
        target = os.environ.get("JEROBOAM_COMPATIBILITY")
        if not target or not self.rows:
            return
        versions = {
            "client": version("python-openstackclient"),
            "magnum": version("python-magnumclient"),
            "sdk": version("openstacksdk"),
            "old": subprocess.check_output([os.environ["JEROBOAM_E2E_MAGNUM"], "--version"], text=True).strip(),
        }
        text = HEAD.format(day=date.today().isoformat(), **versions)
        for (client, command), (runs, problems) in sorted(self.rows.items()):
            result = "works" if not problems else "fails: " + "; ".join(problems)
            text += f"| {client} | `{command}` | {runs} | {result} |\n"
        text += MAGNUM
        for client, command in sorted(_magnum_commands()):
            text += f"| {client} | `{command}` | {self._came_to(client, command)} |\n"
        Path(target).write_text(text)
