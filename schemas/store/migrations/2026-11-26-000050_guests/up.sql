-- Guests of clusters: containers and pods. They are rows of `servers`, for they are placed, told and
-- followed as servers are; `guest_of` (their cluster) keeps them out of what compute shows.

ALTER TABLE servers ADD COLUMN guest_of TEXT;
ALTER TABLE servers ADD COLUMN guest_kind TEXT;
ALTER TABLE servers ADD COLUMN guest_owner TEXT;
-- Of guests only: else SQLite takes `guest_of IS NULL` for the narrowest condition a list has.
CREATE INDEX servers_guests ON servers (guest_of, guest_kind, name) WHERE guest_of IS NOT NULL;
CREATE INDEX servers_guest_owner ON servers (guest_owner) WHERE guest_owner IS NOT NULL;
-- As in Kubernetes, a pod's name is its own within its cluster.
CREATE UNIQUE INDEX servers_pod_name ON servers (guest_of, name) WHERE guest_kind = 'pod';

CREATE TABLE replication_controllers (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    cluster_id TEXT NOT NULL REFERENCES clusters (id),
    name TEXT NOT NULL,
    replicas BIGINT NOT NULL,
    made BIGINT NOT NULL,
    deleting INTEGER NOT NULL,
    revision BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    spec TEXT NOT NULL,
    UNIQUE (cluster_id, name)
);
CREATE INDEX replication_controllers_project ON replication_controllers (project_id, created_at, id);
