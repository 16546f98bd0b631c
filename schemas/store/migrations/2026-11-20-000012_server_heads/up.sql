-- Lists read the heads of servers (id, revision, host) from the index alone.

DROP INDEX servers_project;
CREATE INDEX servers_heads ON servers (project_id, created_at, id, revision, host_id);
