-- One text for SQLite and PostgreSQL: TEXT ids made by the program, BIGINT microseconds, INTEGER
-- booleans (0/1), JSON as TEXT. No defaults that only one of them understands.

CREATE TABLE work (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX work_due ON work (due_at);

CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    action TEXT NOT NULL,
    phase TEXT NOT NULL,
    result TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX events_object ON events (kind, object_id, id);

CREATE TABLE hosts (
    id TEXT NOT NULL PRIMARY KEY,
    hostname TEXT NOT NULL,
    zone TEXT NOT NULL,
    epoch TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    disabled_reason TEXT,
    forced_down INTEGER NOT NULL,
    cpus INTEGER NOT NULL,
    memory_mb BIGINT NOT NULL,
    disk_gb BIGINT NOT NULL,
    used_vcpus INTEGER NOT NULL,
    used_memory_mb BIGINT NOT NULL,
    used_disk_gb BIGINT NOT NULL,
    servers INTEGER NOT NULL,
    inventory TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX hosts_hostname ON hosts (hostname);

CREATE TABLE servers (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    vm_state TEXT NOT NULL,
    task_state TEXT,
    host_id TEXT,
    hostname TEXT NOT NULL,
    image_id TEXT,
    flavor_id TEXT NOT NULL,
    group_id TEXT,
    zone TEXT NOT NULL,
    locked INTEGER NOT NULL,
    deleting INTEGER NOT NULL,
    generation BIGINT NOT NULL,
    seen_generation BIGINT NOT NULL,
    seen_epoch TEXT NOT NULL,
    seen_seq BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    launched_at BIGINT,
    deadline BIGINT,
    spec TEXT NOT NULL,
    seen TEXT NOT NULL,
    fault TEXT
);
CREATE INDEX servers_project ON servers (project_id, created_at, id);
CREATE INDEX servers_created ON servers (created_at, id);
CREATE INDEX servers_host ON servers (host_id);
CREATE INDEX servers_group ON servers (group_id);
CREATE INDEX servers_name ON servers (project_id, name);

-- One line per project and resource; `in_use` moves only by conditional updates.
CREATE TABLE usages (
    project_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    in_use BIGINT NOT NULL,
    PRIMARY KEY (project_id, resource)
);

CREATE TABLE quotas (
    project_id TEXT NOT NULL,
    resource TEXT NOT NULL,
    hard_limit BIGINT NOT NULL,
    PRIMARY KEY (project_id, resource)
);

CREATE TABLE server_groups (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    policy TEXT NOT NULL,
    max_server_per_host INTEGER,
    created_at BIGINT NOT NULL
);
CREATE INDEX server_groups_project ON server_groups (project_id, created_at);

-- Each project's own network: `number` picks its subnet from the pool.
CREATE TABLE project_networks (
    project_id TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    number BIGINT NOT NULL UNIQUE
);
