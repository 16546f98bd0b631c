//! The commented `policy.yaml` that shows every rule with its default.

use super::{RuleDefault, defaults};
use std::fmt::Write;

/// The text of a sample `policy.yaml`: every rule, commented out, with what it guards.
pub fn sample() -> String {
    let mut text = String::from(
        "# Every rule with its default. Remove the # before a rule to change it; the file is read\n\
         # again when it changes. The language is oslo.policy's.\n",
    );
    for RuleDefault {
        name,
        check,
        about,
        operations,
    } in defaults()
    {
        text.push_str("\n#");
        text.push_str(about.trim_end());
        text.push('\n');
        for operation in *operations {
            let _ = writeln!(text, "# {operation}");
        }
        let _ = writeln!(text, "#{}: {}", quoted(name), quoted(check));
    }
    text
}

/// A JSON string is a YAML string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
