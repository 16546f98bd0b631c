//! Bodies: each leaf of a well-formed document replaced by each thing it should not be, keys lost,
//! doubled and added, and documents that are none.

use serde_json::{Map, Value, json};

/// What stands in the place of a leaf, as JSON text.
fn wrong() -> Vec<String> {
    let mut wrong: Vec<String> = [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e400",
        "-1e308",
        "2147483648",
        "-9223372036854775809",
        "9223372036854775807",
        "18446744073709551616",
        "\"\"",
        "\" \"",
        "\"NaN\"",
        "NaN",
        "[]",
        "{}",
        "[null]",
        "[[[]]]",
        "{\"a\":{\"b\":null}}",
        "[\"a\",1,null,{}]",
        r#""a\u0000b""#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#"{"\u0000":1}"#,
        "\"\u{202e}gnp.exe\u{200b}\"",
        "\"\u{1f9e8}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f466}\"",
        r#""'; DROP TABLE users; --""#,
        r#""\" OR 1=1 /*""#,
        r#""%' OR '%'='""#,
        r#""../../../../etc/passwd""#,
        r#""/etc/passwd\n\r""#,
        r#""%00%2e%2e%2f""#,
        r#""${jndi:ldap://x}{{7*7}}%(user_id)s""#,
        r#""file:///etc/passwd""#,
        r#""9999-99-99T99:99:99Z""#,
        r#""-262143-01-01T00:00:00Z""#,
    ]
    .map(str::to_owned)
    .into();
    wrong.push(format!("\"{}\"", "x".repeat(64 * 1024)));
    wrong.push(format!("\"{}\"", "\u{1f9e8}".repeat(300)));
    wrong.push(format!("[{}1]", "1,".repeat(5000)));
    wrong.push("9".repeat(400));
    wrong.push(format!("{}1{}", "[".repeat(120), "]".repeat(120)));
    wrong
}

type Spot = Vec<String>;

/// Every place in the document, inner nodes included.
fn spots(value: &Value, at: &Spot, found: &mut Vec<Spot>) {
    found.push(at.clone());
    let mut below = |key: String, value: &Value| {
        let mut at = at.clone();
        at.push(key);
        spots(value, &at, found);
    };
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| below(key.clone(), value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, value)| below(n.to_string(), value)),
        _ => {}
    }
}

/// The document's text with `text` at that place.
fn with(value: &Value, spot: &[String], text: &str) -> String {
    let Some((key, rest)) = spot.split_first() else {
        return text.to_owned();
    };
    match value {
        Value::Object(map) => {
            let parts: Vec<String> = map
                .iter()
                .map(|(name, value)| {
                    let value = if name == key {
                        with(value, rest, text)
                    } else {
                        value.to_string()
                    };
                    format!("{}:{value}", json!(name))
                })
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            let parts: Vec<String> = items
                .iter()
                .enumerate()
                .map(|(n, value)| {
                    if n.to_string() == *key {
                        with(value, rest, text)
                    } else {
                        value.to_string()
                    }
                })
                .collect();
            format!("[{}]", parts.join(","))
        }
        other => other.to_string(),
    }
}

/// Each object with one key lost, one doubled, one added.
fn keys(whole: &Value, spot: &Spot, map: &Map<String, Value>, found: &mut Vec<Vec<u8>>) {
    for key in map.keys() {
        let mut less = map.clone();
        less.remove(key);
        found.push(with(whole, spot, &Value::Object(less).to_string()).into());
        let twice = format!(
            "{{{}:1,{}",
            json!(key),
            &Value::Object(map.clone()).to_string()[1..]
        );
        found.push(with(whole, spot, &twice).into());
    }
    for key in [
        "unknown",
        "id",
        "",
        "__proto__",
        "links",
        "a\u{202e}b",
        "\u{1f9e8}",
    ] {
        let mut more = map.clone();
        more.insert(key.into(), json!("x"));
        found.push(with(whole, spot, &Value::Object(more).to_string()).into());
    }
}

/// Every hostile body made from this document.
pub fn from(good: &Value) -> Vec<Vec<u8>> {
    let mut found = documents(good);
    let mut places = Vec::new();
    spots(good, &Vec::new(), &mut places);
    let wrong = wrong();
    for spot in &places {
        found.extend(wrong.iter().map(|text| with(good, spot, text).into()));
        let pointer: String = spot.iter().map(|key| format!("/{key}")).collect();
        if let Some(Value::Object(map)) = good.pointer(&pointer) {
            keys(good, spot, map, &mut found);
        }
    }
    found
}

/// Documents that are none, or none of use.
fn documents(good: &Value) -> Vec<Vec<u8>> {
    let text = good.to_string();
    let mut found: Vec<Vec<u8>> = vec![
        Vec::new(),
        b" ".to_vec(),
        b"{".to_vec(),
        b"}".to_vec(),
        b"nul".to_vec(),
        b"\xff\xfe{\x00}\x00".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"a\":\"\xc3\x28\"}".to_vec(),
        b"<?xml version=\"1.0\"?><server/>".to_vec(),
        b"a=1&b=2".to_vec(),
        "[".repeat(100_000).into(),
        "{\"a\":".repeat(100_000).into(),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).into(),
        format!("[{text}]").into(),
        format!("{text}{text}").into(),
        format!("{text},").into(),
        text.replace('"', "'").into(),
        text.replace('}', ",}").into(),
    ];
    for part in 1..4 {
        found.push(text.as_bytes()[..text.len() * part / 4].to_vec());
    }
    let mut bytes = text.into_bytes();
    let middle = bytes.len() / 2;
    bytes[middle] = 0xff;
    found.push(bytes);
    found
}
