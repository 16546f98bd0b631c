//! What is signed here, read by others: the verifier that rustls uses.

use super::*;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage as Usage, anchor_from_trusted_cert};
use x509_cert::der::DecodePem;

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn authority(name: &str) -> (Authority, String) {
    let pair = Authority::create(name, NOW).unwrap();
    let opened = Authority::open(&pair.certificate, &pair.key).unwrap();
    (opened, pair.certificate)
}

/// Does a peer that trusts `ca` take this certificate for `usage`, at this time?
fn trusted(pem: &str, ca: &str, usage: Usage, at: Timestamp) -> bool {
    trusted_with(pem, &[], ca, usage, at)
}

/// The same, when these certificates are shown beside it.
fn trusted_with(pem: &str, beside: &[&str], ca: &str, usage: Usage, at: Timestamp) -> bool {
    let beside = beside
        .iter()
        .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap());
    let beside: Vec<CertificateDer<'_>> = beside.collect();
    let ca = CertificateDer::from_pem_slice(ca.as_bytes()).unwrap();
    let anchor = anchor_from_trusted_cert(&ca).unwrap();
    let own = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let own = EndEntityCert::try_from(&own).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_micros(at.0 as u64));
    own.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &[anchor],
        &beside,
        at,
        usage,
        None,
        None,
    )
    .is_ok()
}

fn serves(pem: &str, name: &str) -> bool {
    let own = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let own = EndEntityCert::try_from(&own).unwrap();
    own.verify_is_valid_for_subject_name(&ServerName::try_from(name).unwrap())
        .is_ok()
}

fn read(pem: &str) -> x509_cert::certificate::TbsCertificate {
    Certificate::from_pem(pem).unwrap().tbs_certificate
}

#[test]
fn a_nodes_certificate_is_trusted_for_its_names_and_its_time_by_its_own_cluster_only() {
    let (one, ca) = authority("bay one");
    let (_, other) = authority("bay one");
    let names = Names {
        common: "bay-one-default-master-0".into(),
        organization: None,
        hosts: vec!["bay-one-default-master-0".into(), "localhost".into()],
        addresses: vec!["192.0.2.7".parse().unwrap(), "127.0.0.1".parse().unwrap()],
    };
    let node = one.node(&names, NOW).unwrap();
    for usage in [Usage::server_auth(), Usage::client_auth()] {
        assert!(trusted(&node.certificate, &ca, usage, NOW));
    }
    assert!(!trusted(
        &node.certificate,
        &other,
        Usage::server_auth(),
        NOW
    ));
    for name in ["192.0.2.7", "127.0.0.1", "localhost"] {
        assert!(serves(&node.certificate, name), "{name}");
    }
    assert!(!serves(&node.certificate, "192.0.2.8"));
    assert_eq!(node.until, NOW + CERTIFICATE_LIFE);
    for (at, valid) in [
        (NOW - Duration::from_secs(23 * 3600), true),
        (NOW - Duration::from_secs(25 * 3600), false),
        (NOW + 4 * YEAR, true),
        (NOW + 6 * YEAR, false),
    ] {
        assert_eq!(
            trusted(&node.certificate, &ca, Usage::server_auth(), at),
            valid
        );
    }
    let pem = node.key.reveal();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"), "PKCS #8");
}

#[test]
fn nothing_outlives_its_authority() {
    let (one, _) = authority("c");
    let late = NOW + 8 * YEAR;
    let names = Names {
        common: "n".into(),
        organization: None,
        hosts: vec![],
        addresses: vec![],
    };
    let node = one.node(&names, late).unwrap();
    assert_eq!(node.until, NOW + AUTHORITY_LIFE);
}

#[test]
fn a_request_keeps_its_subject_and_its_key_and_gets_the_cluster_for_its_issuer() {
    let (one, ca) = authority("my bay");
    let requests = [
        include_str!("test_requests/rsa.pem"),
        include_str!("test_requests/newhdr.pem"),
        include_str!("test_requests/p256.pem"),
        include_str!("test_requests/p384.pem"),
        include_str!("test_requests/ed25519.pem"),
    ];
    for request in requests {
        let pem = one.sign(request, NOW).unwrap();
        assert!(trusted(&pem, &ca, Usage::client_auth(), NOW), "{request}");
        let signed = read(&pem);
        // Both organisations are there: what a group of users is to Kubernetes.
        assert_eq!(
            signed.subject.to_string(),
            "CN=admin,O=people,O=system:masters"
        );
        assert_eq!(signed.issuer.to_string(), "CN=my bay");
        let extensions = signed.extensions.unwrap();
        let known = |oid| extensions.iter().filter(|one| one.extn_id == oid).count();
        assert_eq!(known(db::rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER), 1);
    }
}

#[test]
fn allowed_extensions_are_taken_over_as_they_are_and_unknown_ones_left_out() {
    let (one, ca) = authority("c");
    let pem = one
        .sign(include_str!("test_requests/good.pem"), NOW)
        .unwrap();
    assert!(trusted(&pem, &ca, Usage::client_auth(), NOW));
    assert!(!trusted(&pem, &ca, Usage::server_auth(), NOW));
    assert!(serves(&pem, "a.example") && serves(&pem, "10.0.0.1"));
    let extensions = read(&pem).extensions.unwrap();
    let found: Vec<_> = extensions
        .iter()
        .map(|one| (one.extn_id, one.critical))
        .collect();
    assert_eq!(
        found,
        [
            (db::rfc5280::ID_CE_KEY_USAGE, true),
            (db::rfc5280::ID_CE_EXT_KEY_USAGE, false),
            (db::rfc5280::ID_CE_SUBJECT_ALT_NAME, false),
            (db::rfc5280::ID_CE_BASIC_CONSTRAINTS, true),
            (db::rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, false),
            (db::rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, false),
        ]
    );
}

#[test]
fn what_may_not_be_signed_is_refused_with_the_reason() {
    let (one, _) = authority("c");
    let refused = [
        (include_str!("test_requests/ca.pem"), "CA:TRUE"),
        (include_str!("test_requests/usage.pem"), "keyUsage"),
        (include_str!("test_requests/critical.pem"), "1.2.3.4.5"),
        (include_str!("test_requests/sha1.pem"), "not known here"),
        (include_str!("test_requests/rsa1024.pem"), "2048"),
        ("", "cannot be read"),
        ("hello", "cannot be read"),
        (
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
            "cannot be read",
        ),
    ];
    for (request, why) in refused {
        match one.sign(request, NOW) {
            Err(Error::BadRequest(text)) => assert!(text.contains(why), "{text} for {request}"),
            other => panic!("{other:?} for {request}"),
        }
    }
    let long = "x".repeat(100_000);
    assert!(matches!(one.sign(&long, NOW), Err(Error::BadRequest(_))));
}

#[test]
fn a_request_signed_with_another_key_is_refused() {
    let (one, _) = authority("c");
    use x509_cert::der::EncodePem;
    let request = |pem: &str| x509_cert::request::CertReq::from_pem(pem.as_bytes()).unwrap();
    let mut stolen = request(include_str!("test_requests/good.pem"));
    stolen.signature = request(include_str!("test_requests/p256.pem")).signature;
    let pem = stolen.to_pem(p256::pkcs8::LineEnding::LF).unwrap();
    match one.sign(&pem, NOW) {
        Err(Error::BadRequest(text)) => assert!(text.contains("not signed with the key"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cluster_may_have_a_name_that_is_no_plain_text() {
    let (one, ca) = authority("Büro 3");
    let pem = one
        .sign(include_str!("test_requests/p256.pem"), NOW)
        .unwrap();
    assert!(trusted(&pem, &ca, Usage::client_auth(), NOW));
    assert_eq!(read(&pem).issuer.to_string(), "CN=Büro 3");
}

#[test]
fn a_node_of_kubernetes_is_a_user_of_its_group_and_serves_by_all_its_names() {
    let (one, ca) = authority("c");
    let names = Names {
        common: "system:node:bay-default-master-0-1".into(),
        organization: Some("system:nodes".into()),
        hosts: vec![
            "bay-default-master-0-1".into(),
            "kubernetes.default.svc.cluster.local".into(),
        ],
        addresses: vec!["10.254.0.1".parse().unwrap()],
    };
    let node = one.node(&names, NOW).unwrap().certificate;
    let subject = read(&node).subject;
    assert_eq!(
        subject.to_string(),
        "CN=system:node:bay-default-master-0-1,O=system:nodes"
    );
    assert_eq!(subject.0.len(), 2, "two parts, and none of two values");
    for usage in [Usage::server_auth(), Usage::client_auth()] {
        assert!(trusted(&node, &ca, usage, NOW));
    }
    for name in ["kubernetes.default.svc.cluster.local", "10.254.0.1"] {
        assert!(serves(&node, name), "{name}");
    }
}

#[test]
fn a_clients_certificate_serves_nothing() {
    let (one, ca) = authority("c");
    let client = one.client("jeroboam", "system:masters", NOW).unwrap();
    let pem = &client.certificate;
    assert_eq!(
        read(pem).subject.to_string(),
        "CN=jeroboam,O=system:masters"
    );
    assert!(trusted(pem, &ca, Usage::client_auth(), NOW));
    assert!(!trusted(pem, &ca, Usage::server_auth(), NOW));
    assert_eq!(client.until, NOW + CERTIFICATE_LIFE);
}

#[test]
fn keys_that_sign_by_themselves_are_pkcs_8_and_each_another() {
    let [one, other] = [0, 1].map(|_| crate::signing_key().unwrap());
    assert!(one.reveal().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_ne!(one, other);
}

#[test]
fn a_key_that_signs_by_itself_has_both_halves() {
    let key = crate::signing_key().unwrap();
    let key = key.reveal();
    let public = &key[key.find("-----BEGIN PUBLIC KEY").unwrap()..];
    let public = p256::PublicKey::from_public_key_pem(public).unwrap();
    let private =
        p256::SecretKey::from_pkcs8_pem(&key[..key.find("-----BEGIN PUBLIC KEY").unwrap()]);
    assert!(private.unwrap().public_key() == public);
}

#[test]
fn who_trusts_an_authority_trusts_the_one_that_follows_it_when_it_is_shown_that() {
    let (old, old_ca) = authority("c");
    let (new, new_ca) = authority("c");
    let (_, foreign_ca) = authority("c");
    let names = Names {
        common: "n".into(),
        organization: None,
        hosts: vec!["n".into()],
        addresses: vec![],
    };
    let node = new.node(&names, NOW).unwrap();
    let endorsed = old.endorse(&new_ca, NOW).unwrap();
    for usage in [Usage::server_auth(), Usage::client_auth()] {
        let taken =
            |beside: &[&str], ca: &str| trusted_with(&node.certificate, beside, ca, usage, NOW);
        assert!(!taken(&[], &old_ca), "nothing leads there");
        assert!(taken(&[&endorsed], &old_ca));
        assert!(taken(&[&endorsed], &new_ca) && taken(&[], &new_ca));
        assert!(!taken(&[&endorsed], &foreign_ca));
    }
    // Whoever signs after that is out of reach.
    let (last, last_ca) = authority("c");
    let further = new.endorse(&last_ca, NOW).unwrap();
    let late = last.node(&names, NOW).unwrap();
    assert!(!trusted_with(
        &late.certificate,
        &[&further, &endorsed],
        &old_ca,
        Usage::server_auth(),
        NOW
    ));
    assert!(trusted_with(
        &late.certificate,
        &[&further],
        &new_ca,
        Usage::server_auth(),
        NOW
    ));
}
