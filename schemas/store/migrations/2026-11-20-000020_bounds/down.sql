DROP INDEX revocations_user;
ALTER TABLE revocations DROP COLUMN user_id;
