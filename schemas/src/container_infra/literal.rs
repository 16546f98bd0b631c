//! Values in Python's own notation, as the present clients send maps within a PATCH (contract
//! `magnum-v1.md` §6): `{'a': 'b'}`. JSON of the same shape is read too.
//!
//! Total: any text is either a value or `None`; depth and length are bounded.

use serde_json::{Map, Number, Value};
use std::iter::Peekable;
use std::str::Chars;

/// Deepest nesting read.
const DEPTH: usize = 8;

/// The value the text denotes; `None` when it is none.
pub fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader(text.chars().peekable());
    let value = reader.value(DEPTH)?;
    reader.space();
    match reader.0.next() {
        None => Some(value),
        Some(_) => None,
    }
}

struct Reader<'a>(Peekable<Chars<'a>>);

impl Reader<'_> {
    fn space(&mut self) {
        while self.0.next_if(|letter| letter.is_whitespace()).is_some() {}
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.space();
        match *self.0.peek()? {
            '{' => self.map(depth.checked_sub(1)?),
            '[' => self.list(depth.checked_sub(1)?, ']'),
            '(' => self.list(depth.checked_sub(1)?, ')'),
            '\'' | '"' => self.text().map(Value::String),
            '-' | '+' | '.' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    /// Comma-separated items up to `end`; a comma may stand before it.
    fn items(&mut self, end: char, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.0.next()?;
        loop {
            self.space();
            if self.0.next_if_eq(&end).is_some() {
                return Some(());
            }
            item(self)?;
            self.space();
            if self.0.next_if_eq(&',').is_none() && self.0.peek() != Some(&end) {
                return None;
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        self.items('}', |reader| {
            let key = match reader.value(0)? {
                Value::String(key) => key,
                Value::Number(key) => key.to_string(),
                _ => return None,
            };
            reader.space();
            reader.0.next_if_eq(&':')?;
            map.insert(key, reader.value(depth)?);
            Some(())
        })?;
        Some(Value::Object(map))
    }

    fn list(&mut self, depth: usize, end: char) -> Option<Value> {
        let mut list = Vec::new();
        self.items(end, |reader| {
            list.push(reader.value(depth)?);
            Some(())
        })?;
        Some(Value::Array(list))
    }

    fn text(&mut self) -> Option<String> {
        let quote = self.0.next()?;
        let mut text = String::new();
        loop {
            match self.0.next()? {
                letter if letter == quote => return Some(text),
                '\\' => self.escape(&mut text)?,
                '\n' => return None,
                letter => text.push(letter),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Option<()> {
        let letter = match self.0.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '\n' => return Some(()),
            'x' => self.code(2)?,
            'u' => match self.hex(4)? {
                // JSON writes what lies beyond 16 bits as two halves.
                high @ 0xd800..=0xdbff => {
                    self.0.next_if_eq(&'\\')?;
                    self.0.next_if_eq(&'u')?;
                    let low = self
                        .hex(4)?
                        .checked_sub(0xdc00)
                        .filter(|low| *low < 0x400)?;
                    char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)?
                }
                code => char::from_u32(code)?,
            },
            'U' => self.code(8)?,
            plain @ ('\\' | '\'' | '"' | '/') => plain,
            // Python keeps the sign before what is no escape.
            other => {
                text.push('\\');
                other
            }
        };
        text.push(letter);
        Some(())
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        char::from_u32(self.hex(digits)?)
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let mut code = 0u32;
        for _ in 0..digits {
            code = code
                .checked_mul(16)?
                .checked_add(self.0.next()?.to_digit(16)?)?;
        }
        Some(code)
    }

    fn number(&mut self) -> Option<Value> {
        let mut text = String::new();
        let part = |letter: &char| letter.is_ascii_alphanumeric() || "+-._".contains(*letter);
        while let Some(letter) = self.0.next_if(part) {
            text.push(letter);
        }
        let plain = text.strip_prefix('+').unwrap_or(&text);
        if let Ok(number) = plain.parse::<i64>() {
            return Some(number.into());
        }
        let float: f64 = plain
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())?;
        Number::from_f64(float).map(Value::Number)
    }

    fn word(&mut self) -> Option<Value> {
        let mut word = String::new();
        while let Some(letter) = self.0.next_if(|letter| letter.is_ascii_alphanumeric()) {
            word.push(letter);
            // `u'…'`, as Python 2 wrote texts.
            if matches!(word.as_str(), "u" | "U") && matches!(self.0.peek(), Some('\'' | '"')) {
                return self.text().map(Value::String);
            }
        }
        match word.as_str() {
            "True" | "true" => Some(true.into()),
            "False" | "false" => Some(false.into()),
            "None" | "null" => Some(Value::Null),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_lists_and_leaves_are_read_in_both_notations() {
        for (text, value) in [
            ("{}", json!({})),
            ("{'a': 'b'}", json!({ "a": "b" })),
            ("{u'a': u\"b\"}", json!({ "a": "b" })),
            (r#"{"a": "b", "c": null}"#, json!({ "a": "b", "c": null })),
            (
                " { 'a' : 1 , 'b': 1.5, 'c': True, 'd': None, } ",
                json!({ "a": 1, "b": 1.5, "c": true, "d": null }),
            ),
            ("{1: 'x'}", json!({ "1": "x" })),
            (
                "[{'key': 'k', 'effect': 'NoSchedule'}]",
                json!([{ "key": "k", "effect": "NoSchedule" }]),
            ),
            ("('a', 'b')", json!(["a", "b"])),
            (r"'it\'s'", json!("it's")),
            (r#""say \"a\"""#, json!("say \"a\"")),
            (r"'\x41\u00e9\U0001f9e8\n\d'", json!("Aé🧨\n\\d")),
            (r#""\ud83e\udde8""#, json!("🧨")),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("1e3", json!(1000.0)),
            ("'a, }'", json!("a, }")),
        ] {
            assert_eq!(parse(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_is_none() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "{'a'}",
            "{'a':}",
            "{'a': 'b'",
            "{'a': 'b'} x",
            "{,}",
            "{'a' 'b'}",
            "{'a': 'b' 'c': 'd'}",
            "{{}: 'a'}",
            "{[]: 1}",
            "'a",
            "\"a'",
            "'\\",
            "'\\x4'",
            "'\\ud800'",
            "'\\uD83E\\u0041'",
            "'\\UFFFFFFFF'",
            "[1, 2",
            "a=b",
            "None None",
            "nan",
            "1_0x",
            "--1",
            "1e999",
            "__import__('os')",
            "'a' + 'b'",
            "'a\nb'",
            "lambda: 1",
            "{'a': set()}",
            "u",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(&nested(DEPTH)).is_some());
        for deep in [DEPTH + 1, 100_000] {
            assert_eq!(parse(&nested(deep)), None);
            assert_eq!(parse(&"{'a':".repeat(deep)), None);
        }
    }
}
