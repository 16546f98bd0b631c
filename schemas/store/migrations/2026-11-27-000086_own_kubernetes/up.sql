-- Clusters of Kubernetes whose nodes this cloud makes: they are looked at as adopted ones are, by a kubeconfig of its
-- own. What their control planes prove themselves with.

ALTER TABLE adopted_clusters ADD COLUMN own INTEGER NOT NULL DEFAULT 0;
ALTER TABLE adopted_clusters ADD COLUMN valid_until BIGINT;
ALTER TABLE cluster_nodes ADD COLUMN sealed_control TEXT;

CREATE TABLE accounts_keys (
    cluster_id TEXT NOT NULL PRIMARY KEY REFERENCES clusters (id),
    sealed_key TEXT NOT NULL
);
