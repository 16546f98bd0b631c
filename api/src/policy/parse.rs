//! Reads policy rules as oslo.policy writes them: the text form, and the old list form.
//!
//! ```text
//! rule  := or
//! or    := and ("or" and)*
//! and   := not ("and" not)*
//! not   := "not" not | "(" or ")" | "@" | "!" | kind ":" match
//! ```
//!
//! An empty rule allows. Where oslo.policy silently makes a rule that fails to parse refuse
//! everything, this says what is wrong and where.

use serde_json::Value;

/// A rule as written; references are not resolved yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// `@` or the empty rule.
    True,
    /// `!`.
    False,
    /// All of them.
    And(Vec<Expr>),
    /// Any of them.
    Or(Vec<Expr>),
    /// The opposite.
    Not(Box<Expr>),
    /// `kind:match`.
    Check {
        /// Before the colon: `role`, `rule`, a credential, or a literal.
        kind: String,
        /// After the colon; may hold `%(name)s`.
        matched: String,
    },
}

/// Deep nesting is refused before it can exhaust the stack.
const MAX_DEPTH: usize = 64;

/// Parses a rule's value in `policy.yaml`.
pub fn value(value: &Value) -> Result<Expr, String> {
    match value {
        Value::String(text) => parse(text),
        Value::Array(alternatives) => list(alternatives),
        Value::Null => Ok(Expr::True),
        other => Err(format!("a rule is a string or a list, not {other}")),
    }
}

/// The old form: a list of alternatives, each a check or a list of checks that must all hold.
fn list(alternatives: &[Value]) -> Result<Expr, String> {
    if alternatives.is_empty() {
        return Ok(Expr::True);
    }
    let mut any = Vec::new();
    for alternative in alternatives {
        let all = match alternative {
            Value::String(text) => vec![check(text)?],
            Value::Array(checks) if checks.is_empty() => continue,
            Value::Array(checks) => checks
                .iter()
                .map(|text| check(text.as_str().ok_or("a check in a list is a string")?))
                .collect::<Result<_, String>>()?,
            other => return Err(format!("a check in a list is a string, not {other}")),
        };
        any.push(joined(all, Expr::And));
    }
    Ok(if any.is_empty() {
        Expr::False
    } else {
        joined(any, Expr::Or)
    })
}

/// Parses the text form.
pub fn parse(text: &str) -> Result<Expr, String> {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return Ok(Expr::True);
    }
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(Token::Close) => Err("a ) too many".into()),
        Some(token) => Err(format!("expected `and`, `or` or the end before {token:?}")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Check(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let inner = word.trim_start_matches('(');
        tokens.extend(std::iter::repeat_n(Token::Open, word.len() - inner.len()));
        let bare = inner.trim_end_matches(')');
        match bare.to_ascii_lowercase().as_str() {
            "" => {}
            "and" => tokens.push(Token::And),
            "or" => tokens.push(Token::Or),
            "not" => tokens.push(Token::Not),
            _ => tokens.push(Token::Check(bare.to_owned())),
        }
        tokens.extend(std::iter::repeat_n(Token::Close, inner.len() - bare.len()));
    }
    tokens
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn eat(&mut self, token: &Token) -> bool {
        let hit = self.peek() == Some(token);
        self.at += usize::from(hit);
        hit
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut parts = vec![self.and()?];
        while self.eat(&Token::Or) {
            parts.push(self.and()?);
        }
        Ok(joined(parts, Expr::Or))
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut parts = vec![self.not()?];
        while self.eat(&Token::And) {
            parts.push(self.not()?);
        }
        Ok(joined(parts, Expr::And))
    }

    fn not(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let token = self.peek().ok_or("ends where a check was expected")?;
        self.at += 1;
        let expr = match token {
            Token::Not => Expr::Not(Box::new(self.not()?)),
            Token::Open => {
                let expr = self.or()?;
                if !self.eat(&Token::Close) {
                    return Err("a ( without its )".into());
                }
                expr
            }
            Token::Check(text) => check(text)?,
            other => return Err(format!("expected a check, found {other:?}")),
        };
        self.depth -= 1;
        Ok(expr)
    }
}

fn check(text: &str) -> Result<Expr, String> {
    match text {
        "@" => return Ok(Expr::True),
        "!" => return Ok(Expr::False),
        _ => {}
    }
    let (kind, matched) = text
        .split_once(':')
        .ok_or_else(|| format!("{text:?} is no check: kind:match expected"))?;
    Ok(Expr::Check {
        kind: kind.to_owned(),
        matched: matched.to_owned(),
    })
}

fn joined(mut parts: Vec<Expr>, join: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => join(parts),
    }
}

impl std::fmt::Display for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |f: &mut std::fmt::Formatter<'_>, parts: &[Expr], word: &str| {
            f.write_str("(")?;
            for (n, part) in parts.iter().enumerate() {
                if n > 0 {
                    write!(f, " {word} ")?;
                }
                part.fmt(f)?;
            }
            f.write_str(")")
        };
        match self {
            Expr::True => f.write_str("@"),
            Expr::False => f.write_str("!"),
            Expr::And(parts) => list(f, parts, "and"),
            Expr::Or(parts) => list(f, parts, "or"),
            Expr::Not(inner) => write!(f, "not {inner}"),
            Expr::Check { kind, matched } => write!(f, "{kind}:{matched}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn written(text: &str) -> String {
        parse(text)
            .map(|expr| expr.to_string())
            .unwrap_or_else(|error| format!("error: {error}"))
    }

    #[test]
    fn and_binds_tighter_than_or_and_not_tightest() {
        assert_eq!(
            written("role:a or role:b and role:c"),
            "(role:a or (role:b and role:c))"
        );
        assert_eq!(written("not role:a and role:b"), "(not role:a and role:b)");
        assert_eq!(
            written("(role:a OR role:b) AND role:c"),
            "((role:a or role:b) and role:c)"
        );
        assert_eq!(written("not (role:a)"), "not role:a");
        assert_eq!(written(" "), "@");
    }

    #[test]
    fn a_substitution_keeps_its_own_parentheses() {
        assert_eq!(
            written("(role:admin and project_id:%(project_id)s)"),
            "(role:admin and project_id:%(project_id)s)"
        );
    }

    #[test]
    fn the_list_form_is_an_or_of_ands() {
        let list = json!([["role:a", "role:b"], "role:c", []]);
        assert_eq!(
            value(&list).unwrap().to_string(),
            "((role:a and role:b) or role:c)"
        );
        assert_eq!(value(&json!([])).unwrap(), Expr::True);
        assert_eq!(value(&json!([[]])).unwrap(), Expr::False);
        assert!(value(&json!(7)).is_err());
    }

    #[test]
    fn a_broken_rule_says_what_is_wrong() {
        for (text, part) in [
            ("role:a and", "ends where"),
            ("(role:a", "without its )"),
            ("role:a)", "too many"),
            ("role:a role:b", "expected `and`"),
            ("admin", "kind:match"),
            ("or role:a", "expected a check"),
        ] {
            assert!(written(text).contains(part), "{text} -> {}", written(text));
        }
        assert!(written(&"(".repeat(10_000)).contains("deeper"));
        assert!(written(&"not ".repeat(10_000)).contains("deeper"));
    }

    fn expressions() -> impl Strategy<Value = Expr> {
        let check = ("[a-z_.]{1,8}", "[a-z0-9_%.]{1,8}")
            .prop_map(|(kind, matched)| Expr::Check { kind, matched });
        let leaf = prop_oneof![Just(Expr::True), Just(Expr::False), check];
        leaf.prop_recursive(6, 64, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
                inner.prop_map(|expr| Expr::Not(Box::new(expr))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(expr in expressions()) {
            prop_assert_eq!(parse(&expr.to_string()).unwrap(), expr);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[ ()@!:a-d%]{0,60}|\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
