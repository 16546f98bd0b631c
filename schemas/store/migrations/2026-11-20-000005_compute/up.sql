-- What the compute API keeps beside servers and hosts. `extra_specs` is a JSON object of texts.

CREATE TABLE flavors (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    vcpus INTEGER NOT NULL,
    ram_mb BIGINT NOT NULL,
    disk_gb BIGINT NOT NULL,
    ephemeral_gb BIGINT NOT NULL,
    swap_mb BIGINT NOT NULL,
    rxtx_factor DOUBLE PRECISION NOT NULL,
    is_public INTEGER NOT NULL,
    disabled INTEGER NOT NULL,
    description TEXT,
    extra_specs TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT
);

-- Projects that may use a flavor that is not public.
CREATE TABLE flavor_access (
    flavor_id TEXT NOT NULL REFERENCES flavors (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL,
    PRIMARY KEY (flavor_id, project_id)
);

CREATE TABLE keypairs (
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    number BIGINT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    public_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);

-- One line for each server that ever was: what usage reports are made of.
CREATE TABLE server_lives (
    server_id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    flavor TEXT NOT NULL,
    vcpus BIGINT NOT NULL,
    ram_mb BIGINT NOT NULL,
    disk_gb BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX server_lives_project ON server_lives (project_id, started_at);

-- Consoles that were asked for and not yet opened; the token itself is not kept.
CREATE TABLE consoles (
    token_hash TEXT NOT NULL PRIMARY KEY,
    server_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
