-- Networks of clusters whose nodes may lie on several machines, and the machines that each is on.

CREATE TABLE bay_overlays (
    cluster_id TEXT NOT NULL PRIMARY KEY REFERENCES clusters (id),
    vni BIGINT NOT NULL UNIQUE,
    mtu BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    members TEXT NOT NULL
);

CREATE TABLE bay_overlay_hosts (
    cluster_id TEXT NOT NULL REFERENCES bay_overlays (cluster_id),
    host_id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    told BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    applied BIGINT NOT NULL,
    joined BIGINT NOT NULL,
    problem TEXT,
    PRIMARY KEY (cluster_id, host_id),
    UNIQUE (cluster_id, gateway)
);
CREATE INDEX bay_overlay_hosts_host ON bay_overlay_hosts (host_id);
