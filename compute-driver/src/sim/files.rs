//! Files of a simulated container: layers of an image below, its own changes above.

use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::Read;

/// One file, folder or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) mode: u32,
    pub(crate) kind: FileKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Content(Bytes),
    Folder,
    Link(String),
}

/// Files by absolute path.
pub(crate) type Files = BTreeMap<String, File>;

/// `/a/b` out of `a/b`, `./a/b/`, `/a//b`; parts that climb are dropped, so nothing leaves the root.
pub(crate) fn absolute(path: &str) -> String {
    let parts = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."));
    let mut clean = String::new();
    for part in parts {
        clean.push('/');
        clean.push_str(part);
    }
    if clean.is_empty() {
        "/".to_owned()
    } else {
        clean
    }
}

/// The path below a folder.
pub(crate) fn below(folder: &str, path: &str) -> String {
    absolute(&format!("{folder}/{path}"))
}

/// Reads a tar, its paths taken as below `folder`.
pub(crate) fn read_tar(folder: &str, tar: &[u8]) -> std::io::Result<Files> {
    let mut files = Files::new();
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        let path = below(folder, &entry.path()?.to_string_lossy());
        let mode = entry.header().mode()? & 0o7777;
        let kind = match entry.header().entry_type() {
            tar::EntryType::Directory => FileKind::Folder,
            tar::EntryType::Symlink | tar::EntryType::Link => {
                let target = entry.link_name()?.unwrap_or_default();
                FileKind::Link(target.to_string_lossy().into_owned())
            }
            _ => {
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                FileKind::Content(content.into())
            }
        };
        files.insert(path, File { mode, kind });
    }
    Ok(files)
}

/// Writes a tar, each path named by `name`. The same files always make the same bytes.
pub(crate) fn write_tar<'a>(
    files: impl IntoIterator<Item = (&'a String, &'a File)>,
    name: impl Fn(&str) -> String,
) -> std::io::Result<Bytes> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, file) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(file.mode);
        header.set_mtime(0);
        header.set_size(0);
        let name = name(path);
        match &file.kind {
            FileKind::Content(content) => {
                header.set_size(content.len() as u64);
                header.set_entry_type(tar::EntryType::Regular);
                tar.append_data(&mut header, name, content.as_ref())?;
            }
            FileKind::Folder => {
                header.set_entry_type(tar::EntryType::Directory);
                tar.append_data(&mut header, name, std::io::empty())?;
            }
            FileKind::Link(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                tar.append_link(&mut header, name, target)?;
            }
        }
    }
    Ok(tar.into_inner()?.into())
}

/// What a container sees at `path` and below it: the highest layer that has it wins.
pub(crate) fn see(path: &str, upper: &Files, layers: &[Bytes]) -> std::io::Result<Files> {
    let path = absolute(path);
    let mut seen = Files::new();
    for layer in layers {
        for (at, file) in read_tar("/", layer)? {
            let (parent, name) = at.rsplit_once('/').unwrap_or(("", &at));
            match name.strip_prefix(".wh.") {
                Some(gone) => seen.retain(|at, _| !within(at, &below(parent, gone))),
                None => _ = seen.insert(at, file),
            }
        }
    }
    seen.extend(upper.clone());
    seen.retain(|at, _| within(at, &path));
    Ok(seen)
}

fn within(path: &str, folder: &str) -> bool {
    folder == "/"
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &'static str) -> File {
        File {
            mode: 0o644,
            kind: FileKind::Content(Bytes::from_static(content.as_bytes())),
        }
    }

    #[test]
    fn no_path_leaves_the_root() {
        assert_eq!(absolute("../../etc/./passwd"), "/etc/passwd");
        assert_eq!(below("/srv/", "a//b/"), "/srv/a/b");
        assert_eq!(absolute(""), "/");
    }

    #[test]
    fn higher_layers_win_and_whiteouts_remove() {
        let layer = |files: &[(&str, File)]| {
            let files: Files = files
                .iter()
                .map(|(p, f)| ((*p).to_owned(), f.clone()))
                .collect();
            write_tar(&files, |path| path.trim_start_matches('/').to_owned()).unwrap()
        };
        let layers = [
            layer(&[
                ("/a", file("one")),
                ("/b/c", file("two")),
                ("/bc", file("stays")),
            ]),
            layer(&[("/a", file("three")), ("/.wh.b", file(""))]),
        ];
        let upper = Files::from([("/d".to_owned(), file("four"))]);
        let all = see("/", &upper, &layers).unwrap();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["/a", "/bc", "/d"]);
        assert_eq!(all["/a"], file("three"));
        assert!(see("/b", &upper, &layers).unwrap().is_empty());
    }
}
