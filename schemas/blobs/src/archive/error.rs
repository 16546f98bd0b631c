//! Why an archive is refused, in words for the tenant who uploaded it.

use crate::StoreError;
use crate::archive::Format;
use std::io;

/// The archive is refused (or could not be read or stored); nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It ends before it is complete.
    #[error("The archive ends in the middle; upload the whole file again.")]
    Truncated,
    /// Not a tar, or a damaged one.
    #[error(
        "The data is not a readable tar archive ({0}); check that the file is what container_format says."
    )]
    NotTar(String),
    /// Data after the end marker.
    #[error("The archive has data after its end; write it again with one tool.")]
    DataAfterEnd,
    /// Compressed in a way that is not understood.
    #[error(
        "The archive is compressed with {0}; decompress it, or use gzip or zstd, and upload it again."
    )]
    UnknownCompression(&'static str),
    /// The compressed stream is damaged.
    #[error("The compressed data is damaged ({0}); compress it again and upload it again.")]
    BadCompression(String),
    /// It is another kind of archive than announced.
    #[error("This is not a '{said}' archive: {why}. {remedy}")]
    WrongFormat {
        /// The announced format.
        said: Format,
        /// What is missing.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// A name that leads out of the archive, or is none.
    #[error(
        "The archive's entry '{0}' has a name that is absolute, leads outside or is not text; archive it again with plain relative names."
    )]
    BadName(String),
    /// A link that leads out, or to nothing, or round in a circle.
    #[error(
        "The archive's link '{0}' does not lead to a file of the archive; only links between layers are allowed."
    )]
    BadLink(String),
    /// A hard link, device, FIFO or sparse file.
    #[error(
        "The archive's entry '{0}' is neither a file, a directory nor a symbolic link; write the archive with 'docker save' or a tool for OCI layouts."
    )]
    BadType(String),
    /// The same name twice.
    #[error("The archive has two entries named '{0}'; write it again.")]
    Duplicate(String),
    /// A file that the archive refers to is not in it.
    #[error(
        "The archive refers to '{0}', which is not in it; save the image completely and upload it again."
    )]
    Missing(String),
    /// Content that is not what its name or descriptor says.
    #[error(
        "'{what}' has digest {found}, but the archive says {said}; the file was changed or damaged: save the image again."
    )]
    Lying {
        /// The file.
        what: String,
        /// What the archive says.
        said: String,
        /// What it is.
        found: String,
    },
    /// A document that cannot be understood.
    #[error("'{what}' cannot be understood ({why}); save the image again with a current tool.")]
    BadDocument {
        /// The file.
        what: String,
        /// What is wrong in it.
        why: String,
    },
    /// No image at all.
    #[error("The archive holds no image; save one by its name and upload that.")]
    NoImage,
    /// More than one image.
    #[error("The archive holds {0} images; save and upload one image at a time.")]
    ManyImages(usize),
    /// No manifest fits.
    #[error(
        "The archive holds no image for linux/{wanted}, only for {found}; upload one for this cloud's hosts."
    )]
    NoSuchPlatform {
        /// The architecture wanted.
        wanted: String,
        /// The platforms of the archive.
        found: String,
    },
    /// Not for linux.
    #[error("The image is for '{0}'; only images for linux can run here.")]
    NotLinux(String),
    /// A kind of layer that is not here or cannot be used.
    #[error(
        "A layer has the type '{0}', which cannot be stored: it lives elsewhere or is encrypted; save the image with all its layers."
    )]
    ForeignLayer(String),
    /// A layer that no engine could unpack.
    #[error("The layer '{what}' is not a readable tar archive ({why}); build the image again.")]
    BadLayer {
        /// The file.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// Some bound of [`crate::archive::Terms`].
    #[error(
        "The archive has more than the {limit} {what} allowed; make the image smaller, or ask the operator for a larger limit."
    )]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// Data that swells beyond reason.
    #[error(
        "The compressed data grows to more than {0} times its size; that is taken for an attack. Upload it uncompressed if it is not."
    )]
    Bomb(u64),
    /// The sender failed.
    #[error("The upload broke off ({0}); send it again.")]
    Upload(#[source] io::Error),
    /// Our disk failed.
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
}

impl ArchiveError {
    /// Carried through an `io::Error` by our own readers, or a plain one of the scratch file.
    pub(super) fn from_io(e: io::Error, otherwise: impl FnOnce(io::Error) -> Self) -> Self {
        match e.downcast::<ArchiveError>() {
            Ok(ours) => ours,
            Err(other) => otherwise(other),
        }
    }

    /// What the parser says, without the bytes of the data that it says it of.
    pub(super) fn not_tar(why: &str) -> Self {
        ArchiveError::NotTar(why.split(':').next().unwrap_or_default().to_owned())
    }

    /// A fault of our own scratch file.
    pub(super) fn scratch(source: io::Error) -> Self {
        ArchiveError::Store(StoreError::Io {
            doing: "use",
            path: "tmp".into(),
            source,
        })
    }
}

impl From<ArchiveError> for schemas::Error {
    fn from(e: ArchiveError) -> Self {
        match e {
            ArchiveError::TooMuch { .. } | ArchiveError::Bomb(_) => {
                schemas::Error::TooLarge(e.to_string())
            }
            ArchiveError::Store(e) => e.into(),
            other => schemas::Error::BadRequest(other.to_string()),
        }
    }
}
