//! Names: any Unicode, neither blank nor longer than their column upstream.

use serde::{Deserialize, Serialize};

/// A name of at most `MOST` characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name<const MOST: usize>(String);

impl<const MOST: usize> TryFrom<String> for Name<MOST> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let length = text.chars().count();
        if text.trim().is_empty() {
            return Err("a name must not be blank".into());
        }
        if length > MOST {
            return Err(format!(
                "a name of {length} characters is longer than {MOST}"
            ));
        }
        Ok(Name(text))
    }
}

impl<const MOST: usize> From<Name<MOST>> for String {
    fn from(name: Name<MOST>) -> String {
        name.0
    }
}

impl<const MOST: usize> Name<MOST> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
