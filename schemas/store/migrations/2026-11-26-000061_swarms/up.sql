-- Swarms of clusters whose nodes form one, and each node's part.

CREATE TABLE swarms (
    cluster_id TEXT NOT NULL PRIMARY KEY REFERENCES clusters (id),
    manager_id TEXT,
    begun BIGINT NOT NULL,
    managers BIGINT NOT NULL,
    sealed_tokens TEXT,
    revision BIGINT NOT NULL
);

CREATE TABLE swarm_parts (
    server_id TEXT NOT NULL PRIMARY KEY,
    cluster_id TEXT NOT NULL REFERENCES clusters (id),
    generation BIGINT NOT NULL,
    told TEXT NOT NULL,
    told_at BIGINT NOT NULL,
    seen_generation BIGINT NOT NULL,
    seen_epoch TEXT NOT NULL,
    seen_seq BIGINT NOT NULL,
    seen TEXT NOT NULL,
    problem TEXT,
    leaving_since BIGINT,
    revision BIGINT NOT NULL
);
CREATE INDEX swarm_parts_cluster ON swarm_parts (cluster_id);
