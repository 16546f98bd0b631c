//! `$(NAME)` in commands, arguments and variables, as Kubernetes has it: the variable's value, if there
//! is one, else what was written; `$$` is a dollar that begins nothing.

use std::collections::BTreeMap;

/// Longest text that a program can be given (Linux's `MAX_ARG_STRLEN`).
pub(super) const LONGEST: usize = (128 << 10) - 1;

/// The text with what it refers to; `None` when that is longer than a program can be given.
pub(super) fn expand(text: &str, variables: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let after = tail.get(1..).unwrap_or("");
        rest = if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            after
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|s| s.split_once(')'))
        {
            match variables.get(name) {
                Some(value) => out.push_str(value),
                None => out.push_str(&format!("$({name})")),
            }
            after
        } else {
            out.push('$');
            after
        };
        if out.len() > LONGEST {
            return None;
        }
    }
    out.push_str(rest);
    (out.len() <= LONGEST).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_put_in_and_the_rest_stays() {
        let variables = BTreeMap::from([
            ("A".to_owned(), "1".to_owned()),
            ("B".into(), "$(A)".into()),
        ]);
        for (text, expected) in [
            ("x", "x"),
            ("$(A)", "1"),
            ("a$(A)b$(A)", "a1b1"),
            ("$(B)", "$(A)"),
            ("$(C)", "$(C)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$A ${A} $", "$A ${A} $"),
            ("$(A", "$(A"),
            ("$()", "$()"),
            ("é$(A)é", "é1é"),
        ] {
            assert_eq!(
                expand(text, &variables).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_grows_beyond_any_program_is_nothing() {
        let long = BTreeMap::from([("A".to_owned(), "x".repeat(100 << 10))]);
        assert!(expand("$(A)", &long).is_some());
        assert!(expand(&"$(A)".repeat(10_000), &long).is_none());
        assert!(expand(&"y".repeat(LONGEST + 1), &long).is_none());
    }
}
