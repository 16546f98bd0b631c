-- Templates of clusters, and what projects keep beside their clusters.

-- `spec` is the template's document; the columns are what queries ask by.
CREATE TABLE cluster_templates (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT,
    public INTEGER NOT NULL,
    hidden INTEGER NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    spec TEXT NOT NULL
);
CREATE INDEX cluster_templates_project ON cluster_templates (project_id, created_at, id);
CREATE INDEX cluster_templates_public ON cluster_templates (public, created_at, id);
CREATE INDEX cluster_templates_name ON cluster_templates (name);

CREATE TABLE cluster_quotas (
    project_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    number BIGINT NOT NULL UNIQUE,
    hard_limit BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    PRIMARY KEY (project_id, resource)
);

-- The bookkeeping of 2015; nothing stands behind it.
CREATE TABLE bay_nodes (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    kind TEXT,
    image_id TEXT,
    ironic_node_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT
);
CREATE INDEX bay_nodes_project ON bay_nodes (project_id, created_at, id);

CREATE TABLE x509keypairs (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT,
    cluster_id TEXT NOT NULL,
    ca_cert TEXT,
    certificate TEXT,
    sealed_key TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT
);
CREATE INDEX x509keypairs_project ON x509keypairs (project_id, created_at, id);

CREATE TABLE federations (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    host_cluster_id TEXT NOT NULL,
    members TEXT NOT NULL,
    properties TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT
);
CREATE INDEX federations_project ON federations (project_id, created_at, id);

-- The parts of the plane that say "I live" into the database.
CREATE TABLE workers (
    id TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    binary_name TEXT NOT NULL,
    reports BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (host, binary_name)
);
