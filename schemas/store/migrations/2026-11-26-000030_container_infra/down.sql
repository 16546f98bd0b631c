DROP TABLE workers;
DROP TABLE federations;
DROP TABLE x509keypairs;
DROP TABLE bay_nodes;
DROP TABLE cluster_quotas;
DROP TABLE cluster_templates;
