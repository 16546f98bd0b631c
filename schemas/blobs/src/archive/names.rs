//! Names inside the outer archive: relative, plain, inside.

use super::ArchiveError;

const LONGEST: usize = 4096;

/// `./a//b/` → `a/b`. The root itself is the empty name.
pub(super) fn normal(raw: &[u8]) -> Result<String, ArchiveError> {
    let bad = || ArchiveError::BadName(shown(raw));
    let text = std::str::from_utf8(raw).map_err(|_| bad())?;
    if text.is_empty() || text.len() > LONGEST || text.starts_with('/') || text.contains('\0') {
        return Err(bad());
    }
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    if parts.contains(&"..") {
        return Err(bad());
    }
    Ok(parts.join("/"))
}

/// Where a symbolic link named `link` leads, or an error if that is outside.
pub(super) fn target(link: &str, to: &[u8]) -> Result<String, ArchiveError> {
    let bad = || ArchiveError::BadLink(shown(link.as_bytes()));
    let to = std::str::from_utf8(to).map_err(|_| bad())?;
    if to.is_empty() || to.len() > LONGEST || to.starts_with('/') || to.contains('\0') {
        return Err(bad());
    }
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(bad)?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// A name as it may stand in an error text.
pub(super) fn shown(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    text.chars()
        .take(200)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_plain_or_are_refused() {
        assert_eq!(normal(b"./a//b/").unwrap(), "a/b");
        assert_eq!(normal(b"./").unwrap(), "");
        for bad in [&b""[..], b"/etc/passwd", b"a/../b", b"..", b"a\0b", b"\xff"] {
            assert!(
                matches!(normal(bad), Err(ArchiveError::BadName(_))),
                "{bad:?}"
            );
        }
        assert!(normal("x".repeat(5000).as_bytes()).is_err());
    }

    #[test]
    fn links_stay_inside() {
        assert_eq!(
            target("a/layer.tar", b"../b/layer.tar").unwrap(),
            "b/layer.tar"
        );
        assert_eq!(target("layer.tar", b"b.tar").unwrap(), "b.tar");
        for bad in [&b"/etc/passwd"[..], b"../../b", b"", b"../../../etc/passwd"] {
            assert!(
                matches!(target("a/layer.tar", bad), Err(ArchiveError::BadLink(_))),
                "{bad:?}"
            );
        }
    }
}
