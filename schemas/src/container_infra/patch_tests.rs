use super::*;
use serde_json::json;

const RULES: Rules = Rules {
    mandatory: &["coe"],
    protected: &["stack_id"],
    legacy: false,
    members: &["member_ids"],
};

fn document() -> Map<String, Value> {
    let document = json!({
        "name": "n", "coe": "docker", "flavor_id": null, "size": 3,
        "labels": { "a": "1", "b": "2" }, "none": null, "list": ["x", "y"],
    });
    document.as_object().unwrap().clone()
}

fn patched(body: Value) -> Result<Value> {
    let mut changed = document();
    apply(&mut changed, &parse(&body, &RULES)?)?;
    Ok(changed.into())
}

fn op(op: &str, path: &str, value: Value) -> Value {
    json!([{ "op": op, "path": path, "value": value }])
}

#[test]
fn fields_are_added_replaced_and_removed() {
    let all = json!([
        { "op": "add", "path": "/flavor_id", "value": "small" },
        { "op": "replace", "path": "/name", "value": "m" },
        { "op": "replace", "path": "/none", "value": true },
        { "op": "remove", "path": "/size" },
    ]);
    let changed = patched(all).unwrap();
    assert_eq!(
        (&changed["flavor_id"], &changed["name"], &changed["none"]),
        (&json!("small"), &json!("m"), &json!(true))
    );
    assert!(changed.get("size").is_none(), "removed is not null");
}

#[test]
fn nothing_changes_by_an_empty_list() {
    assert_eq!(patched(json!([])).unwrap(), Value::from(document()));
}

#[test]
fn labels_are_changed_one_by_one() {
    let all = json!([
        { "op": "add", "path": "/labels/c-d", "value": 3 },
        { "op": "add", "path": "/labels/a", "value": "one" },
        { "op": "replace", "path": "/labels/b", "value": "two" },
    ]);
    let changed = patched(all).unwrap();
    assert_eq!(
        changed["labels"],
        json!({ "a": "one", "b": "two", "c-d": 3 })
    );
    let gone = patched(json!([{ "op": "remove", "path": "/labels/a" }])).unwrap();
    assert_eq!(gone["labels"], json!({ "b": "2" }));
}

#[test]
fn a_whole_map_is_a_text_in_pythons_notation_or_json() {
    for text in ["{'x': 'y'}", r#"{"x": "y"}"#, "{u'x': u'y'}"] {
        let changed = patched(op("replace", "/labels", json!(text))).unwrap();
        assert_eq!(changed["labels"], json!({ "x": "y" }), "{text}");
    }
    for text in ["x=y", "", "7", "'x'", "{'x': }", "{'x': 'y'"] {
        assert!(
            patched(op("replace", "/labels", json!(text))).is_err(),
            "{text}"
        );
    }
    // Elsewhere such a text is a text.
    let named = patched(op("replace", "/name", json!("{'x': 'y'}"))).unwrap();
    assert_eq!(named["name"], "{'x': 'y'}");
}

#[test]
fn what_a_body_may_not_be_is_told_without_a_document() {
    for body in [
        json!({}),
        json!("x"),
        json!(null),
        json!([1]),
        json!([[]]),
        json!([{}]),
        json!([{ "op": "add" }]),
        json!([{ "path": "/name" }]),
        json!([{ "op": 1, "path": "/name", "value": "x" }]),
        json!([{ "op": "add", "path": 1, "value": "x" }]),
        json!([{ "op": "add", "path": "/name", "value": "x", "from": "/a" }]),
        op("move", "/name", json!("x")),
        op("test", "/name", json!("n")),
        op("ADD", "/name", json!("n")),
        op("replace", "name", json!("x")),
        op("replace", "", json!("x")),
        op("replace", "/", json!("x")),
        op("replace", "//name", json!("x")),
        op("replace", "/name/", json!("x")),
        op("replace", "/na me", json!("x")),
        op("replace", "/labels/a.b", json!("x")),
        op("replace", "/labels/a~1b", json!("x")),
        op("replace", "/name", json!({})),
        op("replace", "/name", json!(["x"])),
        op("replace", "/name", json!(1.5)),
        op("replace", "/name", json!(null)),
        op("add", "/flavor_id", json!(null)),
        json!([{ "op": "replace", "path": "/name" }]),
        op("remove", "/coe", json!(null)),
        op("replace", "/stack_id", json!("x")),
    ] {
        let refused = parse(&body, &RULES);
        assert!(matches!(refused, Err(Error::BadRequest(_))), "{body}");
    }
}

#[test]
fn what_the_server_writes_is_no_clients_to_change() {
    for field in PROTECTED {
        for how in ["add", "replace", "remove"] {
            for path in [format!("/{field}"), format!("/{field}/0")] {
                assert!(
                    parse(&op(how, &path, json!("x")), &RULES).is_err(),
                    "{path}"
                );
            }
        }
    }
}

#[test]
fn what_does_not_fit_the_document_is_refused_and_nothing_is_changed() {
    for body in [
        op("add", "/unknown", json!("x")),
        op("add", "/name", json!("x")),
        op("add", "/labels", json!("{'x': 'y'}")),
        op("replace", "/unknown", json!("x")),
        json!([{ "op": "remove", "path": "/unknown" }]),
        op("replace", "/labels/c", json!("x")),
        json!([{ "op": "remove", "path": "/labels/c" }]),
        op("add", "/none/a", json!("x")),
        op("add", "/name/a", json!("x")),
        op("replace", "/labels/a/b", json!("x")),
        op("add", "/unknown/a", json!("x")),
        op("add", "/list/3", json!("x")),
        op("add", "/list/01", json!("x")),
        op("replace", "/list/2", json!("x")),
        op("replace", "/list/-", json!("x")),
        json!([{ "op": "remove", "path": "/list/2" }]),
        json!([{ "op": "remove", "path": "/size" }, { "op": "remove", "path": "/size" }]),
        json!([{ "op": "remove", "path": "/name" }, { "op": "add", "path": "/name", "value": "x" }]),
    ] {
        let mut changed = document();
        let done = parse(&body, &RULES).and_then(|changes| apply(&mut changed, &changes));
        assert!(matches!(done, Err(Error::BadRequest(_))), "{body}");
        assert_eq!(changed, document(), "{body}");
    }
}

#[test]
fn lists_are_changed_by_place() {
    let all = json!([
        { "op": "add", "path": "/list/-", "value": "z" },
        { "op": "add", "path": "/list/0", "value": "w" },
        { "op": "remove", "path": "/list/1" },
        { "op": "replace", "path": "/list/1", "value": 7 },
    ]);
    assert_eq!(patched(all).unwrap()["list"], json!(["w", 7, "z"]));
}

#[test]
fn the_servers_of_2015_took_nothing_for_no_value() {
    let legacy = Rules {
        legacy: true,
        ..RULES
    };
    for value in [json!(0), json!(false), json!("")] {
        let body = op("replace", "/name", value);
        assert!(parse(&body, &RULES).is_ok(), "{body}");
        assert!(parse(&body, &legacy).is_err(), "{body}");
    }
}

#[test]
fn a_removal_keeps_its_value_only_where_it_names_a_member() {
    let value_of = |field: &str| {
        let body = op("remove", &format!("/{field}"), json!("x"));
        parse(&body, &RULES).unwrap()[0].value.clone()
    };
    assert_eq!(value_of("member_ids"), Some(json!("x")));
    assert_eq!(value_of("name"), None);
}
