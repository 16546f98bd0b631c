//! Texts that were reviewed once and are compared ever after.

use std::collections::BTreeSet;
use std::path::Path;

/// Compares with the file `tests/golden/{name}`; `UPDATE_GOLDEN=1` writes it instead.
///
/// # Panics
/// When they differ, with the lines that do.
pub fn compare(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    if golden == text {
        return;
    }
    let lines = |text: &str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let (old, new) = (lines(&golden), lines(text));
    let mut told = String::new();
    for (sign, line) in old
        .difference(&new)
        .map(|line| ('-', line))
        .chain(new.difference(&old).map(|line| ('+', line)))
    {
        told.push_str(&format!("{sign} {line}\n"));
    }
    panic!(
        "{} does not tell what the API does. Review each line; when it is meant, run again with \
         UPDATE_GOLDEN=1.\n{told}",
        file.display()
    );
}
