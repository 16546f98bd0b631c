"""What each client command came to, as measured: the source of docs/compatibility.md."""

import os
import subprocess
from datetime import date
from importlib.metadata import version
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


class Table:
    def __init__(self):
        self.rows = {}

    def note(self, client, command, problem=None):
        runs, problems = self.rows.setdefault((client, command), (0, []))
        if problem and problem not in problems:
            problems.append(problem)
        self.rows[client, command] = (runs + 1, problems)

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
        Path(target).write_text(text)
