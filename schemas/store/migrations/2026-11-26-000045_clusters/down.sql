DROP TABLE authorities;
DROP TABLE cluster_nodes;
DROP TABLE nodegroups;
DROP TABLE clusters;
