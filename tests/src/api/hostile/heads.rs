//! Headers that mean nothing, too much, or several things at once.

/// Headers to be sent in place of those of the same name.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let long = || vec![b'a'; 64 * 1024];
    let mut all: Vec<(&'static str, Vec<u8>)> = Vec::new();
    for kind in [
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "application/json;;;",
        "/",
        "",
        "application/octet-stream",
        "APPLICATION/JSON",
    ] {
        all.push(("content-type", kind.into()));
    }
    for token in ["", " ", "Bearer x", "gAAAAAB", "a.b.c", "..", "null", "é"] {
        all.push(("x-auth-token", token.into()));
        all.push(("x-subject-token", token.into()));
    }
    for version in [
        "compute 2.x",
        "compute 2",
        "compute 2.99999999999999999999",
        "compute -2.1",
        "compute latest latest",
        "compute 2.1,compute 2.2",
        "compute",
        "2.1",
        "container 1.1, compute 2.0",
        "compute 2.1.1",
        "compute ٢.١",
        "",
    ] {
        all.push(("openstack-api-version", version.into()));
        all.push(("x-openstack-nova-api-version", version.into()));
    }
    for tag in ["*", "\"", "W/\"", "\"a\", \"b", "W/W/\"x\"", "é", ""] {
        all.push(("if-none-match", tag.into()));
        all.push(("if-match", tag.into()));
    }
    for range in [
        "bytes=0-",
        "bytes=-1",
        "bytes=-0",
        "bytes=5-1",
        "bytes=0-0,1-1",
        "bytes=99999999999999999999-",
        "bytes=--1",
        "bytes=a-b",
        "bytes",
        "items=0-1",
        "bytes=0-18446744073709551615",
        "",
    ] {
        all.push(("range", range.into()));
        all.push(("content-range", range.replace('=', " ").into_bytes()));
    }
    for id in ["", "req-", "req-\u{202e}", "x"] {
        all.push(("x-openstack-request-id", id.into()));
    }
    for host in [
        "",
        "a b",
        "[::1",
        "evil.example/path",
        "é",
        ":80",
        "a:99999",
    ] {
        all.push(("host", host.into()));
        all.push(("x-forwarded-host", host.into()));
    }
    for length in ["-1", "x", "99999999999999999999999", "0", "1e3"] {
        all.push(("content-length", length.into()));
    }
    for name in [
        "x-auth-token",
        "x-subject-token",
        "content-type",
        "openstack-api-version",
        "if-none-match",
        "range",
        "x-openstack-request-id",
        "accept",
        "expect",
        "idempotency-key",
        "accept-encoding",
    ] {
        all.push((name, long()));
        all.push((name, b"\xff\xfe\x80".to_vec()));
    }
    all
}
