-- Pages of a cluster's pods are read in the order of their making. (A project's are found by servers_heads.)
CREATE INDEX servers_guests_made ON servers (guest_of, guest_kind, created_at, id) WHERE guest_of IS NOT NULL;
