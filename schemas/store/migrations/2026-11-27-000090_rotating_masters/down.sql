ALTER TABLE cluster_nodes DROP COLUMN trusts_from;
