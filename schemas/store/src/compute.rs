//! Compute: servers and the hosts they run on.
