DROP TABLE endpoint_hosts;
DROP TABLE bay_endpoints;
DROP TABLE service_ports;
DROP TABLE bay_services;
