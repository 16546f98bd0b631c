-- A node of a cluster is a server below (`node_of`: its cluster) and a host above (`cluster_id`).

ALTER TABLE servers ADD COLUMN node_of TEXT;
CREATE INDEX servers_node_of ON servers (node_of);
ALTER TABLE hosts ADD COLUMN cluster_id TEXT;
CREATE INDEX hosts_cluster ON hosts (cluster_id);
