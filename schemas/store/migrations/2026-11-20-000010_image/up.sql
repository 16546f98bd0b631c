-- An absent text is the empty text here: sorting and paging are then the same on both databases.
CREATE TABLE images (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    visibility TEXT NOT NULL,
    container_format TEXT NOT NULL,
    disk_format TEXT NOT NULL,
    min_disk BIGINT NOT NULL,
    min_ram BIGINT NOT NULL,
    protected INTEGER NOT NULL,
    hidden INTEGER NOT NULL,
    size BIGINT NOT NULL,
    virtual_size BIGINT NOT NULL,
    checksum TEXT NOT NULL,
    hash TEXT NOT NULL,
    properties TEXT NOT NULL,
    tags TEXT NOT NULL,
    manifest TEXT NOT NULL,
    recipe TEXT NOT NULL,
    staged TEXT NOT NULL,
    upload TEXT NOT NULL,
    upload_until BIGINT NOT NULL,
    snapshot TEXT NOT NULL,
    reason TEXT NOT NULL,
    request_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX images_created ON images (created_at, id);
CREATE INDEX images_project ON images (project_id, created_at, id);
CREATE INDEX images_visibility ON images (visibility, created_at, id);
CREATE INDEX images_upload ON images (upload_until);

CREATE TABLE image_members (
    image_id TEXT NOT NULL,
    member_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (image_id, member_id)
);
CREATE INDEX image_members_member ON image_members (member_id, status);

-- Who needs which blob. A blob without a line here is for the collector.
CREATE TABLE image_blobs (
    image_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (image_id, digest)
);
CREATE INDEX image_blobs_digest ON image_blobs (digest);

CREATE TABLE image_tasks (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    image_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    input TEXT NOT NULL,
    message TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX image_tasks_image ON image_tasks (image_id, created_at);
CREATE INDEX image_tasks_project ON image_tasks (project_id, created_at);
