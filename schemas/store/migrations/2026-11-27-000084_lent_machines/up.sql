-- The server that a machine is lent to as a whole: nothing else is placed there meanwhile.

ALTER TABLE hosts ADD COLUMN lent_to TEXT;
