DROP INDEX hosts_cluster;
ALTER TABLE hosts DROP COLUMN cluster_id;
DROP INDEX servers_node_of;
ALTER TABLE servers DROP COLUMN node_of;
