DELETE FROM work WHERE kind = 'history';
DROP INDEX events_ends;
