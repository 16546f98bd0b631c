-- Who there is, what they may do, and where the services are. `extra` holds attributes that clients
-- send and expect back, as a JSON object.

CREATE TABLE domains (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    extra TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- parent_id is a project or the domain.
CREATE TABLE projects (
    id TEXT NOT NULL PRIMARY KEY,
    domain_id TEXT NOT NULL REFERENCES domains (id),
    parent_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    tags TEXT NOT NULL,
    extra TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (domain_id, name)
);
CREATE INDEX projects_parent ON projects (parent_id);

-- Tokens issued before tokens_after are refused (password change, disabling).
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    domain_id TEXT NOT NULL REFERENCES domains (id),
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    default_project_id TEXT,
    description TEXT NOT NULL,
    extra TEXT NOT NULL,
    options TEXT NOT NULL,
    password_hash TEXT,
    password_expires_at BIGINT,
    failures INTEGER NOT NULL,
    failed_at BIGINT NOT NULL,
    tokens_after BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (domain_id, name)
);

CREATE TABLE user_groups (
    id TEXT NOT NULL PRIMARY KEY,
    domain_id TEXT NOT NULL REFERENCES domains (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    extra TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (domain_id, name)
);

CREATE TABLE group_members (
    group_id TEXT NOT NULL REFERENCES user_groups (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_user ON group_members (user_id);

-- domain_id is empty for the roles of the whole cloud.
CREATE TABLE roles (
    id TEXT NOT NULL PRIMARY KEY,
    domain_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    extra TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (domain_id, name)
);

CREATE TABLE implied_roles (
    prior_id TEXT NOT NULL REFERENCES roles (id),
    implied_id TEXT NOT NULL REFERENCES roles (id),
    PRIMARY KEY (prior_id, implied_id)
);

-- actor: user or group. target: project, domain or system (whose id is `all`). An inherited one
-- counts for what is below the target, not for the target.
CREATE TABLE assignments (
    actor TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    target TEXT NOT NULL,
    target_id TEXT NOT NULL,
    role_id TEXT NOT NULL REFERENCES roles (id),
    inherited INTEGER NOT NULL,
    PRIMARY KEY (actor_id, target_id, role_id, inherited, actor, target)
);
CREATE INDEX assignments_target ON assignments (target_id);
CREATE INDEX assignments_role ON assignments (role_id);

-- roles and access_rules: JSON lists of ids; access_rules NULL allows everything.
CREATE TABLE application_credentials (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    expires_at BIGINT,
    unrestricted INTEGER NOT NULL,
    roles TEXT NOT NULL,
    access_rules TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (user_id, name)
);
CREATE INDEX application_credentials_project ON application_credentials (project_id);

CREATE TABLE access_rules (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    service TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    UNIQUE (user_id, service, method, path)
);

CREATE TABLE regions (
    id TEXT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    parent_region_id TEXT REFERENCES regions (id),
    extra TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE services (
    id TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    extra TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- url may begin with {base}: the address the client itself used.
CREATE TABLE endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    service_id TEXT NOT NULL REFERENCES services (id),
    region_id TEXT REFERENCES regions (id),
    interface TEXT NOT NULL,
    url TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    extra TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX endpoints_service ON endpoints (service_id);

CREATE TABLE credentials (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    project_id TEXT,
    type TEXT NOT NULL,
    blob TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX credentials_user ON credentials (user_id);

-- A token is refused when any of its audit ids is here; the row goes when the token has ended.
CREATE TABLE revocations (
    audit_id TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revocations_expiry ON revocations (expires_at);

-- One row, id 1. Counted up in every transaction that changes who may do what or what a token
-- shows: verified tokens are remembered only as long as it stands still.
CREATE TABLE auth_epoch (
    id INTEGER NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL
);
INSERT INTO auth_epoch (id, epoch) VALUES (1, 1);
