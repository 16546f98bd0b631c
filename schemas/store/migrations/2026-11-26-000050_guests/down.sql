DROP TABLE replication_controllers;
DROP INDEX servers_pod_name;
DROP INDEX servers_guest_owner;
DROP INDEX servers_guests;
ALTER TABLE servers DROP COLUMN guest_owner;
ALTER TABLE servers DROP COLUMN guest_kind;
ALTER TABLE servers DROP COLUMN guest_of;
