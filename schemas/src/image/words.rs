//! The closed vocabularies.

macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $what:literal])+ $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $what])+ $variant),+ }

        impl $name {
            /// Every one.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// The word in the API and in rows.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// The one with this word.
            pub fn parse(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

words! {
    /// Where an image is in its life.
    Status {
        /// Known, without data.
        Queued = "queued",
        /// Data is coming in.
        Saving = "saving",
        /// Data for an import is coming in, or waits.
        Uploading = "uploading",
        /// An import is at work.
        Importing = "importing",
        /// Ready.
        Active = "active",
        /// Has data, which only administrators may fetch.
        Deactivated = "deactivated",
        /// Failed for good.
        Killed = "killed",
    }
}

impl Status {
    /// May formats still change? (Data is understood by them.)
    pub fn takes_data(self) -> bool {
        self == Status::Queued
    }
}

words! {
    /// Who may see an image.
    Visibility {
        /// Everybody.
        Public = "public",
        /// Its project.
        Private = "private",
        /// Its project and its members.
        Shared = "shared",
        /// Everybody who knows or looks for it.
        Community = "community",
    }
}

/// How data is packed. `bare` looks into it: what `docker save` writes, an OCI layout, or a root
/// filesystem. The others are known names that no container engine runs.
pub const CONTAINER_FORMATS: [&str; 9] = [
    "bare",
    "docker",
    "oci",
    "ami",
    "ari",
    "aki",
    "ova",
    "ovf",
    "compressed",
];

/// Disk formats by name; only `raw` is what an archive is.
pub const DISK_FORMATS: [&str; 11] = [
    "raw", "qcow2", "iso", "vhd", "vhdx", "vmdk", "vdi", "ploop", "ami", "ari", "aki",
];
