-- Clusters (bays), their groups of nodes, the places of their nodes, their certificate authorities.

CREATE TABLE clusters (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    template_id TEXT NOT NULL,
    coe TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    health_status TEXT,
    health_reason TEXT NOT NULL,
    api_address TEXT,
    generation BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    deadline BIGINT,
    deleting INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    spec TEXT NOT NULL
);
CREATE INDEX clusters_project ON clusters (project_id, created_at, id);
CREATE INDEX clusters_created ON clusters (created_at, id);
CREATE INDEX clusters_name ON clusters (name);
CREATE INDEX clusters_template ON clusters (template_id);

CREATE TABLE nodegroups (
    id TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    cluster_id TEXT NOT NULL REFERENCES clusters (id),
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    node_count BIGINT NOT NULL,
    min_node_count BIGINT NOT NULL,
    max_node_count BIGINT,
    status TEXT NOT NULL,
    status_reason TEXT,
    generation BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    made BIGINT NOT NULL,
    deleting INTEGER NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    spec TEXT NOT NULL,
    UNIQUE (cluster_id, name)
);

-- A place for one node in a group; the server in it may be replaced.
CREATE TABLE cluster_nodes (
    id TEXT NOT NULL PRIMARY KEY,
    cluster_id TEXT NOT NULL REFERENCES clusters (id),
    nodegroup_id TEXT NOT NULL REFERENCES nodegroups (id),
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    server_id TEXT NOT NULL UNIQUE,
    attempt BIGINT NOT NULL,
    phase TEXT NOT NULL,
    generation BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    problem TEXT,
    ready INTEGER NOT NULL,
    unwell_since BIGINT,
    address TEXT,
    authority BIGINT NOT NULL,
    certificate TEXT,
    sealed_key TEXT,
    certified_until BIGINT,
    certified_for TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (nodegroup_id, ordinal),
    UNIQUE (cluster_id, address)
);
CREATE INDEX cluster_nodes_cluster ON cluster_nodes (cluster_id);

CREATE TABLE authorities (
    cluster_id TEXT NOT NULL REFERENCES clusters (id),
    kind TEXT NOT NULL,
    generation BIGINT NOT NULL,
    certificate TEXT NOT NULL,
    sealed_key TEXT NOT NULL,
    valid_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (cluster_id, kind, generation)
);
