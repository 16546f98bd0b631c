DROP TABLE accounts_keys;
ALTER TABLE cluster_nodes DROP COLUMN sealed_control;
ALTER TABLE adopted_clusters DROP COLUMN valid_until;
ALTER TABLE adopted_clusters DROP COLUMN own;
