"""What there is, beside what the database says there should be."""

import hashlib
import json
import subprocess
from collections import Counter

# One statement sees one state. `held` is what the rows add up to, `counted` what the quotas say.
ROWS = """
SELECT json_build_object(
    'servers', (SELECT coalesce(json_object_agg(id, project_id), '{}') FROM servers WHERE guest_of IS NULL),
    'blobs', (SELECT coalesce(json_agg(DISTINCT digest), '[]') FROM image_blobs),
    'held', (SELECT coalesce(json_agg(held), '[]') FROM (
        SELECT project_id, 'instances' AS resource, count(*) AS amount FROM servers WHERE guest_of IS NULL GROUP BY 1
        UNION ALL SELECT project_id, 'cores', sum((spec::json->'flavor'->>'vcpus')::int) FROM servers
            WHERE guest_of IS NULL GROUP BY 1
        UNION ALL SELECT project_id, 'ram', sum((spec::json->'flavor'->>'ram_mb')::int) FROM servers
            WHERE guest_of IS NULL GROUP BY 1
        UNION ALL SELECT project_id, 'images', count(*) FROM images GROUP BY 1
        UNION ALL SELECT project_id, 'image_bytes', sum(size) FROM images GROUP BY 1
        UNION ALL SELECT host_id, 'vcpus', sum((spec::json->'charged'->>'vcpus')::int) FROM servers GROUP BY 1
    ) held WHERE amount <> 0),
    'counted', (SELECT coalesce(json_agg(counted), '[]') FROM (
        SELECT project_id, resource, in_use AS amount FROM usages WHERE resource <> 'server_groups'
        UNION ALL SELECT id, 'vcpus', used_vcpus FROM hosts
    ) counted WHERE amount <> 0)
)
"""


def rows(state):
    url = (state / "secret/database-url").read_text()
    done = subprocess.run(["psql", "-XqtA", url, "-c", ROWS], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def complaints(state, engine):
    """All that is not as the database says, in words: of a cloud at rest, nothing."""
    wanted = rows(state)
    return [*_engine(engine, wanted["servers"]), *_quota(wanted), *_blobs(state / "images", wanted["blobs"])]


def _engine(engine, servers):
    there = Counter(engine.containers())
    yield from (f"server {one} has no container" for one in servers if one not in there)
    yield from (f"container {one} has no server" for one in there if one not in servers)
    yield from (f"server {one} has {count} containers" for one, count in there.items() if count > 1)
    disks = Counter(engine.disks())
    yield from (f"the disk of node {one} is left, and no such server" for one in disks if one not in servers)
    yield from (f"node {one} has {count} disks" for one, count in disks.items() if count > 1)
    networks = engine.networks()
    if len(networks) != len(set(servers.values())):
        yield f"the servers are of the projects {sorted(set(servers.values()))}, the networks {networks}"
    yield from (f"image {one} of a snapshot is left on the engine" for one in engine.snapshots())


def _quota(wanted):
    held, counted = ({tuple(row.values()) for row in wanted[name]} for name in ("held", "counted"))
    yield from (f"{owner} holds {amount} {what}, which is not what is counted" for owner, what, amount in held - counted)
    yield from (f"{owner} is counted {amount} {what}, which it does not hold" for owner, what, amount in counted - held)


def _blobs(images, needed):
    files = {f"sha256:{file.name}": file for file in (images / "blobs/sha256").iterdir()}
    yield from (f"blob {digest} is missing" for digest in set(needed) - set(files))
    yield from (f"blob {digest} is needed by no image" for digest in set(files) - set(needed))
    for digest, file in files.items():
        if digest in needed and hashlib.sha256(file.read_bytes()).hexdigest() != file.name:
            yield f"blob {digest} is damaged"
    half = [file for file in images.glob("tmp/session-*/*") if file.name != "lock"]
    yield from (f"{file} is left half written" for file in half)
