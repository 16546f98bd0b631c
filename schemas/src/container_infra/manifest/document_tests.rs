use super::*;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

fn told(text: &str) -> String {
    match read::<Pod>(text) {
        Err(Error::BadRequest(told)) => told,
        other => {
            let start: String = text.chars().take(80).collect();
            panic!("{start}: {other:?}")
        }
    }
}

#[test]
fn json_and_yaml_say_the_same() {
    let json = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"b","image":"c"}]}}"#;
    let yaml = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: b\n    image: c\n";
    let one = read::<Pod>(json).unwrap().0;
    assert_eq!(one, read::<Pod>(yaml).unwrap().0);
    assert_eq!(one, read::<Pod>(&format!("\u{feff}\n {json}")).unwrap().0);
    assert_eq!(one.metadata.name.as_deref(), Some("a"));
}

#[test]
fn an_alias_is_what_it_names() {
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - &b {name: b, image: c}\n  - *b\n";
    assert_eq!(
        read::<Pod>(yaml).unwrap().0.spec.unwrap().containers.len(),
        2
    );
}

#[test]
fn what_is_no_manifest_is_told_where_and_why() {
    let pod = |rest: &str| format!("apiVersion: v1\nkind: Pod\n{rest}");
    for (text, word) in [
        (String::new(), "map"),
        ("web".into(), "map"),
        ("[]".into(), "map"),
        ("null".into(), "map"),
        ("{".into(), "no JSON"),
        ("{}x".into(), "no JSON"),
        ("a: b: c".into(), "no YAML"),
        ("%YAML 9.9\n---\na".into(), "no YAML"),
        ("a: !thing b".into(), "no YAML"),
        ("a: .inf".into(), "infinite"),
        ("{\"a\":1,\"a\":2}".into(), "twice"),
        ("a: 1\na: 2".into(), "twice"),
        ("kind: Pod".into(), "apiVersion"),
        ("apiVersion: v1".into(), "kind"),
        ("apiVersion: apps/v1\nkind: Pod".into(), "apiVersion"),
        ("apiVersion: v1\nkind: Service".into(), "kind"),
        (
            "id: web\nkind: Pod\napiVersion: v1beta1".into(),
            "flat form",
        ),
        (pod("metadata: []"), "metadata"),
        (pod("metadata: {name: [a]}"), "metadata.name"),
        (pod("metadata: {labels: {a: 1}}"), "metadata.labels.a"),
        (pod("spec: {containers: {}}"), "spec.containers"),
        (
            pod("spec: {containers: [{ports: [{containerPort: x}]}]}"),
            "spec.containers[0].ports[0]",
        ),
        (
            pod("spec: {containers: [{imagee: x}]}"),
            "spec.containers[0].imagee: there is no such field",
        ),
        (pod("metadata: {Name: x}"), "metadata.Name"),
        (pod("color: blue"), "color"),
        (pod("---\nkind: Pod"), "documents[1].apiVersion"),
    ] {
        let told = told(&text);
        assert!(told.contains(word), "{text}: {told}");
    }
}

#[test]
fn words_about_a_text_are_shorter_than_the_text() {
    let long = "x".repeat(100_000);
    for text in [
        format!("apiVersion: v1\nkind: {long}"),
        format!("apiVersion: v1\nkind: Pod\n{long}: 1"),
        format!("apiVersion: v1\nkind: Pod\nmetadata: {long}"),
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":\"{long}\"}}"),
    ] {
        assert!(told(&text).len() < 1500);
    }
}

#[test]
fn what_grows_when_it_is_read_is_refused() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let same = vec![format!("*a{}", n - 1); 10].join(", ");
        laughs.push_str(&format!("a{n}: &a{n} [{same}]\n"));
    }
    let long = format!(
        "a: &a {}\n{}",
        "x".repeat(100_000),
        "b: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]"
    );
    let itself = "a: &a [*a]".to_owned();
    for text in [laughs, long, itself] {
        told(&text);
    }
}

#[test]
fn what_is_deep_or_wide_beyond_any_manifest_is_refused() {
    let size = LONGEST - 100;
    for text in [
        "[".repeat(size),
        "{".repeat(size),
        "- ".repeat(size / 2),
        "? ".repeat(size / 2),
        "a: [".repeat(2000),
        format!("{{\"a\":{}", "[".repeat(size - 10)),
        format!("{{\"a\":[{}1]}}", "1,".repeat(size / 2 - 10)),
        format!("[{}]", "a,".repeat(size / 2 - 10)),
        "a\n".repeat(size / 2),
        "&a ".repeat(size / 3),
        "\"".repeat(size),
        "x".repeat(LONGEST + 1),
        format!("a: {}", "{a: ".repeat(9000)),
    ] {
        told(&text);
    }
}

#[test]
fn nothing_that_was_sent_gets_lost() {
    let unknown = |sent, known| unknown("", &sent, &known);
    assert!(
        unknown(
            json!({ "a": [{ "b": 1 }] }),
            json!({ "a": [{ "b": 1, "c": 2 }] })
        )
        .is_ok()
    );
    assert!(unknown(json!({ "a": null }), json!({})).is_ok());
    assert!(unknown(json!({ "a": {} }), json!({})).is_err());
    assert!(unknown(json!({ "a": [{ "b": 1 }] }), json!({ "a": [{}] })).is_err());
}
