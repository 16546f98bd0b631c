//! What has come of an archive so far: its pieces in order, and its files by name.
//!
//! Memory grows with the number of entries, which is bounded, never with their size: small files and
//! literals lie in a spool file, large files in staged blobs.

use super::recipe::RecipeWriter;
use super::{ArchiveError, Terms, names};
use crate::store::{BlobWriter, Staged};
use crate::{BlobStore, Digest};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::FileExt;

/// Files up to this size are no blobs of their own unless the image needs them.
const SMALL: u64 = 64 * 1024;
/// Links to links.
const LINKS: usize = 8;

enum Piece {
    /// Next in the spool.
    Literal(u64),
    /// A file's content; of small ones next in the spool.
    File(usize),
}

pub(super) enum Content {
    /// In the spool, at.
    Small(u64),
    Large(Staged),
}

pub(super) struct Entry {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) digest: Digest,
    content: Content,
}

enum Node {
    File(usize),
    Link(String),
    Directory,
}

pub(super) struct Contents {
    store: BlobStore,
    spool: BufWriter<File>,
    spooled: u64,
    pieces: Vec<Piece>,
    entries: Vec<Entry>,
    nodes: HashMap<String, Node>,
    large: usize,
}

impl Contents {
    pub(super) fn new(store: &BlobStore) -> Result<Contents, ArchiveError> {
        Ok(Contents {
            store: store.clone(),
            spool: BufWriter::with_capacity(64 * 1024, store.scratch()?),
            spooled: 0,
            pieces: Vec::new(),
            entries: Vec::new(),
            nodes: HashMap::new(),
            large: 0,
        })
    }

    /// Bytes that belong to no file.
    pub(super) fn literal(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        match self.pieces.last_mut() {
            Some(Piece::Literal(len)) => *len += bytes.len() as u64,
            _ => self.pieces.push(Piece::Literal(bytes.len() as u64)),
        }
        self.spool(bytes)
    }

    fn spool(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.spool.write_all(bytes).map_err(ArchiveError::scratch)?;
        self.spooled += bytes.len() as u64;
        Ok(())
    }

    /// Notes a directory; the same may come twice.
    pub(super) fn directory(&mut self, name: String) -> Result<(), ArchiveError> {
        match self.nodes.get(&name) {
            None => {
                self.nodes.insert(name, Node::Directory);
                Ok(())
            }
            Some(Node::Directory) => Ok(()),
            Some(_) => Err(ArchiveError::Duplicate(names::shown(name.as_bytes()))),
        }
    }

    /// Notes a link to another name of the archive, which may come later.
    pub(super) fn link(&mut self, name: String, to: String) -> Result<(), ArchiveError> {
        self.node(name, Node::Link(to))
    }

    fn node(&mut self, name: String, node: Node) -> Result<(), ArchiveError> {
        if self.nodes.contains_key(&name) {
            return Err(ArchiveError::Duplicate(names::shown(name.as_bytes())));
        }
        self.nodes.insert(name, node);
        Ok(())
    }

    /// Begins a file of this size; `None` where it goes to the spool.
    pub(super) fn begin(
        &mut self,
        size: u64,
        terms: &Terms,
    ) -> Result<Option<BlobWriter>, ArchiveError> {
        if size <= SMALL {
            return Ok(None);
        }
        self.large += 1;
        if self.large > terms.blobs {
            return Err(ArchiveError::TooMuch {
                what: "large files",
                limit: terms.blobs as u64,
            });
        }
        Ok(Some(self.store.writer(size)?))
    }

    /// Ends a small file.
    pub(super) fn small(&mut self, name: String, bytes: &[u8]) -> Result<(), ArchiveError> {
        let at = self.spooled;
        self.spool(bytes)?;
        self.file(
            name,
            bytes.len() as u64,
            Digest::of(bytes),
            Content::Small(at),
        )
    }

    /// Ends a large file.
    pub(super) fn large(&mut self, name: String, blob: BlobWriter) -> Result<(), ArchiveError> {
        let staged = blob.seal()?;
        self.file(name, staged.size, staged.digest, Content::Large(staged))
    }

    fn file(
        &mut self,
        name: String,
        size: u64,
        digest: Digest,
        content: Content,
    ) -> Result<(), ArchiveError> {
        if let Some(said) = name.strip_prefix("blobs/sha256/")
            && said != digest.hex()
        {
            let (said, found) = (said.to_owned(), digest.hex());
            return Err(ArchiveError::Lying {
                what: name,
                said,
                found,
            });
        }
        let index = self.entries.len();
        self.node(name.clone(), Node::File(index))?;
        self.pieces.push(Piece::File(index));
        self.entries.push(Entry {
            name,
            size,
            digest,
            content,
        });
        Ok(())
    }

    /// All links lead to something: called when all has come.
    pub(super) fn check_links(&self) -> Result<(), ArchiveError> {
        for (name, node) in &self.nodes {
            if let Node::Link(_) = node
                && self.find(name).is_none()
            {
                return Err(ArchiveError::BadLink(names::shown(name.as_bytes())));
            }
        }
        Ok(())
    }

    /// The file of this name, through links.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let mut name = name;
        for _ in 0..LINKS {
            match self.nodes.get(name)? {
                Node::File(index) => return Some(*index),
                Node::Link(to) => name = to,
                Node::Directory => return None,
            }
        }
        None
    }

    /// Is there a file of this name?
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(super) fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    /// A file's bytes, if they are at most `limit`.
    pub(super) fn read(&mut self, index: usize, limit: u64) -> Result<Vec<u8>, ArchiveError> {
        let entry = &self.entries[index];
        if entry.size > limit {
            return Err(ArchiveError::BadDocument {
                what: names::shown(entry.name.as_bytes()),
                why: format!("it is larger than {limit} bytes"),
            });
        }
        let mut bytes = vec![0; entry.size as usize];
        match &entry.content {
            Content::Small(at) => {
                let at = *at;
                self.spool.flush().map_err(ArchiveError::scratch)?;
                let spool = self.spool.get_ref();
                spool
                    .read_exact_at(&mut bytes, at)
                    .map_err(ArchiveError::scratch)?;
            }
            Content::Large(staged) => {
                staged
                    .open()?
                    .read_exact(&mut bytes)
                    .map_err(ArchiveError::scratch)?;
            }
        }
        Ok(bytes)
    }

    /// Makes the file a blob-to-be, however small, and gives it for reading.
    pub(super) fn promote(&mut self, index: usize) -> Result<&Staged, ArchiveError> {
        if let Content::Small(_) = self.entries[index].content {
            let bytes = self.read(index, SMALL)?;
            let mut blob = self.store.writer(SMALL)?;
            blob.append(&bytes)?;
            // The spool keeps its copy: the recipe passes over it.
            self.entries[index].content = Content::Large(blob.seal()?);
        }
        match &self.entries[index].content {
            Content::Large(staged) => Ok(staged),
            Content::Small(_) => Err(ArchiveError::scratch(std::io::ErrorKind::Other.into())),
        }
    }

    /// Writes the recipe and gives the blobs that it and the image are made of.
    pub(super) fn into_recipe(
        mut self,
        recipe: &mut RecipeWriter,
    ) -> Result<Vec<Staged>, ArchiveError> {
        self.spool.flush().map_err(ArchiveError::scratch)?;
        let spool = self.spool.get_ref();
        let mut buffer = vec![0; 64 * 1024];
        let mut at = 0;
        let mut spooled = |len: u64, recipe: &mut RecipeWriter, wanted: bool| {
            let end = at + len;
            while wanted && at < end {
                let n = (end - at).min(buffer.len() as u64) as usize;
                spool
                    .read_exact_at(&mut buffer[..n], at)
                    .map_err(ArchiveError::scratch)?;
                recipe.literal(&buffer[..n])?;
                at += n as u64;
            }
            at = end;
            Ok::<_, ArchiveError>(())
        };
        for piece in &self.pieces {
            match piece {
                Piece::Literal(len) => spooled(*len, recipe, true)?,
                Piece::File(index) => {
                    let entry = &self.entries[*index];
                    let large = matches!(entry.content, Content::Large(_));
                    if entry.size <= SMALL {
                        spooled(entry.size, recipe, !large)?;
                    }
                    if large {
                        recipe.blob(entry.digest, 0, entry.size)?;
                    }
                }
            }
        }
        Ok(self
            .entries
            .into_iter()
            .filter_map(|entry| match entry.content {
                Content::Large(staged) => Some(staged),
                Content::Small(_) => None,
            })
            .collect())
    }
}
