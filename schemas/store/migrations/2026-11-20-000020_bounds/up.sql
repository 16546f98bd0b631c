-- Whose token it was: each user may end so many before their time, and no more.
ALTER TABLE revocations ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
CREATE INDEX revocations_user ON revocations (user_id);

-- Blobs are sealed from now on; those that were written in clear are not kept.
DELETE FROM credentials;
