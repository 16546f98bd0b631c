-- What the last look that saw anything of an adopted cluster saw: it stays when the cluster is silent.

ALTER TABLE adopted_clusters ADD COLUMN seen TEXT;
