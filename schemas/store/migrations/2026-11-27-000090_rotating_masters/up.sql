-- A master of Kubernetes that has a certificate of the newest authority trusts older ones, too, until every
-- node has followed: the oldest of them; 0 when it trusts none but its own.

ALTER TABLE cluster_nodes ADD COLUMN trusts_from BIGINT NOT NULL DEFAULT 0;
