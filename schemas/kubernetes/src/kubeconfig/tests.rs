//! What of a kubeconfig is kept, in whichever form it comes. What is refused is in the API's tests.

use super::*;

const YAML: &str = "
apiVersion: v1
kind: Config
current-context: main
preferences: {}
clusters:
- name: k
  cluster: {server: 'https://k.example:6443'}
- name: other
  cluster: {server: 'https://other.example', certificate-authority: /etc/shadow}
users:
- name: me
  user: {token: s3cret}
- name: other
  user: {exec: {apiVersion: v1, command: id}}
contexts:
- name: main
  context: {cluster: k, user: me, namespace: web}
";

#[test]
fn yaml_json_and_base64_of_them_mean_the_same() {
    let plain = Kubeconfig::parse(YAML).unwrap();
    assert_eq!(plain.server().as_str(), "https://k.example:6443/");
    assert_eq!((plain.namespace(), plain.ca_pem()), ("web", None));
    let value: serde_json::Value = {
        let whole = config::Kubeconfig::from_yaml(YAML).unwrap();
        serde_json::to_value(whole).unwrap()
    };
    let encoded = STANDARD.encode(YAML);
    let (head, tail) = encoded.split_at(70);
    for text in [
        value.to_string(),
        encoded.clone(),
        format!("{head}\n{tail}\n"),
        STANDARD.encode(value.to_string()),
    ] {
        let other = Kubeconfig::parse(&text).unwrap();
        assert_eq!(other.fingerprint(), plain.fingerprint());
    }
    let another = Kubeconfig::parse(&YAML.replace("s3cret", "s3cret2")).unwrap();
    assert_ne!(another.fingerprint(), plain.fingerprint());
}

#[test]
fn of_several_users_and_clusters_only_the_chosen_are_kept_and_none_is_shown() {
    let known = Kubeconfig::parse(YAML).unwrap();
    let text = known.reveal();
    assert!(text.contains("s3cret") && text.contains("k.example"));
    for gone in ["other", "shadow", "exec", "command"] {
        assert!(!text.contains(gone), "{text}");
    }
    for shown in [format!("{known:?}"), known.fingerprint()] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    let again = Kubeconfig::open(text).unwrap();
    assert_eq!(again.fingerprint(), known.fingerprint());
    assert!(Kubeconfig::open("{}").is_err());
}
