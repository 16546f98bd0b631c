-- Services of clusters: stable names and addresses in front of pods.

CREATE TABLE bay_services (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    cluster_id TEXT NOT NULL REFERENCES clusters (id),
    name TEXT NOT NULL,
    address TEXT,
    revision BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT,
    spec TEXT NOT NULL,
    UNIQUE (cluster_id, name),
    UNIQUE (cluster_id, address)
);
CREATE INDEX services_project ON bay_services (project_id, created_at, id);

-- Ports of machines at which services are published: each is one service's only, whatever cluster.
CREATE TABLE service_ports (
    number INTEGER NOT NULL PRIMARY KEY,
    service_id TEXT NOT NULL REFERENCES bay_services (id)
);
CREATE INDEX service_ports_service ON service_ports (service_id);

-- What the nodes of a cluster are to know of its services, and which of them know it.
CREATE TABLE bay_endpoints (
    cluster_id TEXT NOT NULL PRIMARY KEY REFERENCES clusters (id),
    generation BIGINT NOT NULL,
    table_json TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE TABLE endpoint_hosts (
    cluster_id TEXT NOT NULL REFERENCES bay_endpoints (cluster_id),
    host_id TEXT NOT NULL,
    told BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    problem TEXT,
    PRIMARY KEY (cluster_id, host_id)
);
