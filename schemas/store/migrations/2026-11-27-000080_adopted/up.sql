-- Clusters that are not of this cloud's making: where their API server is, what opens it, what was seen.

CREATE TABLE adopted_clusters (
    cluster_id TEXT NOT NULL PRIMARY KEY REFERENCES clusters (id),
    server TEXT NOT NULL,
    ca_pem TEXT,
    sealed_kubeconfig TEXT NOT NULL,
    asked BIGINT NOT NULL,
    asked_at BIGINT,
    answered BIGINT NOT NULL,
    answered_at BIGINT,
    sight TEXT,
    revision BIGINT NOT NULL
);
