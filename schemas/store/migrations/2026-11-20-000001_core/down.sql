DROP TABLE project_networks;
DROP TABLE server_groups;
DROP TABLE quotas;
DROP TABLE usages;
DROP TABLE servers;
DROP TABLE hosts;
DROP TABLE events;
DROP TABLE work;
