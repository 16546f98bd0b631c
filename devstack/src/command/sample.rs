//! `jeroboam settings sample` and `jeroboam policy sample`.

use crate::settings::Settings;
use crate::terminal;
use schemas::Result;
use std::process::ExitCode;

const HEAD: &str = "\
# Settings of Jeroboam. What is commented out is the default.
#
# Any of them can be given by the environment instead: JEROBOAM__DATABASE__URL=… is `url` in the
# section `database`. A value given there wins over this file.
";

/// Prints every setting with its meaning and default.
pub fn settings() -> Result<ExitCode> {
    let sample = process::settings::sample::sample::<Settings>()?;
    terminal::result(format!("{HEAD}\n{}", sample.trim_end()));
    Ok(ExitCode::SUCCESS)
}

/// Prints every rule with its default and meaning.
pub fn policy() -> Result<ExitCode> {
    terminal::result(api::policy::sample().trim_end());
    Ok(ExitCode::SUCCESS)
}
