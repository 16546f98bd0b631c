DROP INDEX servers_guests_made;
