DROP TABLE swarm_parts;
DROP TABLE swarms;
