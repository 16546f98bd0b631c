use super::*;
use crate::auth::{Named, Person, Project, TokenScope};
use serde_json::json;

fn domain(id: &str) -> Named {
    Named {
        id: id.into(),
        name: id.into(),
    }
}

fn auth(scope: TokenScope, roles: &[&str]) -> Auth {
    let user = Person {
        id: "u1".into(),
        name: "ann".into(),
        domain: domain("d1"),
        password_expires_at: None,
    };
    Auth::new(user, scope, roles.iter().map(|role| domain(role)).collect())
}

fn in_project(roles: &[&str]) -> Auth {
    let project = Project {
        id: "p1".into(),
        name: "one".into(),
        domain: domain("d1"),
    };
    auth(TokenScope::Project(project), roles)
}

fn allows(check: &str, auth: &Auth, target: &Target<'_>) -> bool {
    let overrides = BTreeMap::from([("test".to_owned(), Value::from(check))]);
    Rules::new(&overrides).unwrap().allows("test", auth, target)
}

#[test]
fn the_defaults_compile_and_the_sample_reads_as_them() {
    Rules::new(&BTreeMap::new()).unwrap();
    let live: String = sample()
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|rest| rest.starts_with('"')))
        .map(|line| format!("{line}\n"))
        .collect();
    let read: BTreeMap<String, Value> = serde_norway::from_str(&live).unwrap();
    assert_eq!(read.len(), defaults().len());
    Rules::new(&read).unwrap();
}

#[test]
fn roles_are_compared_without_case_and_names_with() {
    let ann = in_project(&["Admin"]);
    assert!(allows("role:admin", &ann, &Target::new()));
    assert!(allows("role:ADMIN", &ann, &Target::new()));
    assert!(allows("user_id:u1", &ann, &Target::new()));
    assert!(!allows("user_id:U1", &ann, &Target::new()));
}

#[test]
fn a_target_without_the_attribute_is_refused() {
    let ann = in_project(&["member"]);
    let own = Target::project("p1");
    assert!(allows("project_id:%(project_id)s", &ann, &own));
    assert!(!allows(
        "project_id:%(project_id)s",
        &ann,
        &Target::project("p2")
    ));
    assert!(!allows("project_id:%(project_id)s", &ann, &Target::new()));
    let unscoped = auth(TokenScope::Unscoped, &[]);
    let none = Target::new().with("project_id", None::<&str>);
    assert!(!allows("project_id:%(project_id)s", &unscoped, &none));
}

#[test]
fn literals_compare_with_the_target() {
    let ann = in_project(&[]);
    let target = Target::new()
        .with("target.role.domain_id", None::<&str>)
        .with("shared", true);
    assert!(allows("None:%(target.role.domain_id)s", &ann, &target));
    assert!(allows(
        "'True':%(shared)s and True:%(shared)s",
        &ann,
        &target
    ));
    assert!(!allows("False:%(shared)s", &ann, &target));
    assert!(!allows("is_admin:True", &ann, &target));
    assert!(allows("is_admin:False", &ann, &target));
}

#[test]
fn scopes_are_told_apart() {
    let system = auth(TokenScope::System, &["reader"]);
    assert!(allows(
        "role:reader and system_scope:all",
        &system,
        &Target::new()
    ));
    assert!(!allows(
        "system_scope:all",
        &in_project(&["reader"]),
        &Target::new()
    ));
    let domain = auth(TokenScope::Domain(domain("d1")), &["manager"]);
    let target = Target::new().with("target.user.domain_id", "d1");
    assert!(allows(
        "token.domain.id:%(target.user.domain_id)s",
        &domain,
        &target
    ));
    assert!(!allows(
        "domain_id:%(target.user.domain_id)s",
        &in_project(&[]),
        &target
    ));
}

#[test]
fn none_in_a_rule_means_that_the_token_lacks_it_and_in_a_target_nothing() {
    let rule = "role:manager and not domain_id:None";
    let in_domain = auth(TokenScope::Domain(domain("d1")), &["manager"]);
    assert!(allows(rule, &in_domain, &Target::new()));
    assert!(!allows(rule, &in_project(&["manager"]), &Target::new()));
    let sly = Target::new().with("target.domain_id", "None");
    assert!(!allows(
        "domain_id:%(target.domain_id)s",
        &in_project(&["manager"]),
        &sly
    ));
}

#[test]
fn mistakes_are_named() {
    for (rules, part) in [
        (json!({ "a": "rule:nowhere" }), "no rule \"nowhere\""),
        (
            json!({ "a": "rule:b", "b": "not rule:c", "c": "role:x or rule:a" }),
            "circle: a -> b",
        ),
        (json!({ "a": "rule:a" }), "circle: a -> a"),
        (json!({ "a": "colour:red" }), "colour"),
        (
            json!({ "a": "http://policy.example.org/" }),
            "not supported",
        ),
        (json!({ "identity:create_user": "role:" }), ""),
    ] {
        let overrides: BTreeMap<String, Value> = serde_json::from_value(rules).unwrap();
        let error = Rules::new(&overrides).err().unwrap_or_default();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_changed_file_is_read_and_a_broken_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.yaml");
    let policy = Policy::load(Some(file.clone())).unwrap();
    let ann = in_project(&["member"]);
    let may = || {
        policy
            .rules()
            .allows("context_is_admin", &ann, &Target::new())
    };
    assert!(!may());
    std::fs::write(&file, "context_is_admin: role:member\n").unwrap();
    policy.refresh();
    assert!(may());
    std::fs::write(&file, "context_is_admin: role:nobody and\n").unwrap();
    policy.refresh();
    assert!(may(), "the rules that worked stay");
    assert!(
        Policy::load(Some(file.clone())).is_err(),
        "but a new process does not start"
    );
    std::fs::remove_file(&file).unwrap();
    policy.refresh();
    assert!(!may());
}
