DROP TABLE endpoint_hosts;
DROP TABLE endpoints;
DROP TABLE service_ports;
DROP TABLE services;
