DROP TABLE consoles;
DROP TABLE server_lives;
DROP TABLE keypairs;
DROP TABLE flavor_access;
DROP TABLE flavors;
