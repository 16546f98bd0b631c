DROP INDEX servers_heads;
CREATE INDEX servers_project ON servers (project_id, created_at, id);
