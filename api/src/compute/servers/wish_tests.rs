//! What is taken and what is refused.

use super::*;
use serde_json::json;

fn wish(more: Value, minor: u16) -> Result<Wish> {
    let mut server = json!({ "name": "n", "imageRef": "i", "flavorRef": "1", "networks": [] });
    if let (Value::Object(server), Value::Object(more)) = (&mut server, more) {
        server.extend(more);
    }
    parse(
        serde_json::from_value(json!({ "server": server })).unwrap(),
        minor,
    )
}

#[test]
fn exactly_one_block_device_is_taken_the_image_itself() {
    let device = json!({
        "uuid": "i", "source_type": "image", "destination_type": "local",
        "boot_index": 0, "delete_on_termination": true,
    });
    let taken = wish(json!({ "block_device_mapping_v2": [device] }), 96).unwrap();
    assert_eq!(taken.image, "i");
    let mut other = device.clone();
    other["uuid"] = "j".into();
    assert!(wish(json!({ "block_device_mapping_v2": [other] }), 96).is_err());
    for (field, value) in [
        ("source_type", json!("volume")),
        ("destination_type", json!("volume")),
        ("boot_index", json!(1)),
    ] {
        let mut other = device.clone();
        other[field] = value;
        let refused = wish(json!({ "block_device_mapping_v2": [other] }), 96).unwrap_err();
        assert!(refused.to_string().contains("no volumes"), "{refused}");
    }
    let two = json!({ "block_device_mapping_v2": [device.clone(), device] });
    assert!(wish(two, 96).is_err());
    assert!(wish(json!({ "imageRef": "" }), 96).is_err());
}

#[test]
fn networks_are_none_the_own_or_refused_in_words() {
    let choice = |networks: Value, minor| {
        wish(json!({ "networks": networks }), minor).map(|wish| wish.network)
    };
    assert_eq!(choice(json!("none"), 37), Ok(NetworkChoice::None));
    assert_eq!(choice(json!("auto"), 96), Ok(NetworkChoice::Own));
    assert_eq!(choice(json!([]), 1), Ok(NetworkChoice::Own));
    let named = NetworkChoice::Named("u".into());
    assert_eq!(choice(json!([{ "uuid": "u" }]), 1), Ok(named));
    assert!(choice(json!("auto"), 36).is_err());
    assert!(choice(Value::Null, 37).is_err());
    let refused = choice(json!([{ "port": "p" }]), 96).unwrap_err();
    assert!(
        refused.to_string().contains("no network service"),
        "{refused}"
    );
}

#[test]
fn fields_are_taken_since_their_microversion_and_until_their_last() {
    for (field, value, since) in [
        ("description", json!("d"), 19),
        ("tags", json!(["t"]), 52),
        ("host", json!("h"), 74),
        ("hostname", json!("h"), 90),
    ] {
        assert!(wish(json!({ field: value }), since).is_ok(), "{field}");
        assert!(wish(json!({ field: value }), since - 1).is_err(), "{field}");
    }
    let file = json!({ "personality": [{ "path": "/etc/motd", "contents": "aGk=" }] });
    assert_eq!(wish(file.clone(), 56).unwrap().files.len(), 1);
    assert!(wish(file, 57).is_err());
}

#[test]
fn counts_zones_hints_and_data_are_read() {
    let taken = wish(json!({ "min_count": "2", "max_count": 3 }), 1).unwrap();
    assert_eq!((taken.min_count, taken.max_count), (2, 3));
    assert!(wish(json!({ "min_count": 3, "max_count": 2 }), 1).is_err());
    assert!(wish(json!({ "min_count": 0 }), 1).is_err());
    let taken = wish(json!({ "availability_zone": "nova:host-1" }), 1).unwrap();
    assert_eq!(taken.zone.as_deref(), Some("nova"));
    assert_eq!(taken.forced_host.as_deref(), Some("host-1"));
    assert!(wish(json!({ "user_data": "not base64!" }), 1).is_err());
    assert!(wish(json!({ "user_data": "aG\nk=" }), 1).is_ok());
    assert!(
        wish(json!({ "config_drive": "True" }), 1)
            .unwrap()
            .config_drive
    );
    assert!(!wish(json!({ "config_drive": "" }), 1).unwrap().config_drive);
}

#[test]
fn a_command_line_is_a_json_list_or_words() {
    let words = |text| command_line(text).map(Option::unwrap_or_default);
    assert_eq!(
        words(r#"sh -c "sleep 1""#).unwrap(),
        ["sh", "-c", "sleep 1"]
    );
    assert_eq!(
        words(r#"["sh", "-c", "x y"]"#).unwrap(),
        ["sh", "-c", "x y"]
    );
    assert!(words("").unwrap().is_empty());
    assert!(words("sh 'open").is_err() && words("[1]").is_err());
}
