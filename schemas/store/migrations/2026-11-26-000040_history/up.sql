-- Things that are gone are forgotten by the event of their end, the oldest of each project first.
CREATE INDEX events_ends ON events (project_id, at, id) WHERE action = 'delete' AND result = 'Success';

INSERT INTO work (kind, id, due_at, seq, owner, lease_until, attempts, reason, since)
SELECT DISTINCT 'history', project_id, 0, 1, '', 0, 0, '', 0
FROM events WHERE action = 'delete' AND result = 'Success';
