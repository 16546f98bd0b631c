ALTER TABLE adopted_clusters DROP COLUMN seen;
