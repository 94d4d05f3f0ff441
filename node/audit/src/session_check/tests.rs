use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + minutes * MINUTE_MS).unwrap()
}

fn id() -> SessionId {
    "7f3a00112233aabb".parse().unwrap()
}

/// A log that told of a session of `a` by a security key, which ended after ten minutes.
fn check() -> SessionCheck {
    let told =
        Told { user: "a".parse().unwrap(), way: SignInWay::SecurityKey, ended: Some(at(10)) };
    SessionCheck { whole: true, sessions: [(id(), told)].into(), ..SessionCheck::default() }
}

#[test]
fn a_word_on_a_session_is_held_against_what_the_log_tells_of_it() {
    let here = format!("session {}, security key, console, 10.1.2.3", id());
    let other: SessionId = "0000000000000001".parse().unwrap();
    let elsewhere = format!("session {other}, security key, console, 10.1.2.3");
    let table = [
        ("as it was", "a", SignInWay::SecurityKey, id(), 5, here.as_str(), None),
        ("under way when it ended", "a", SignInWay::SecurityKey, id(), 11, &here, None),
        ("after it had ended", "a", SignInWay::SecurityKey, id(), 12, &here, Some("had ended")),
        (
            "run again later",
            "a",
            SignInWay::SecurityKey,
            id(),
            900,
            "node, rerun of 1 under 2",
            None,
        ),
        ("another's", "b", SignInWay::SecurityKey, id(), 5, &here, Some("it is of `a`")),
        (
            "weaker than said",
            "a",
            SignInWay::PasswordAndCode,
            id(),
            5,
            &here,
            Some("it was by security key"),
        ),
        ("made up", "a", SignInWay::SecurityKey, other, 5, &elsewhere, Some("tells nothing")),
        (
            "of another session",
            "a",
            SignInWay::SecurityKey,
            id(),
            5,
            &elsewhere,
            Some("the entry says"),
        ),
    ];
    for (what, user, way, id, minute, auth, expected) in table {
        let said = RequesterSession { id, way, proved_at: at(0) };
        let found = check().wrong((&user.parse().unwrap(), at(minute)), &said, auth);
        match expected {
            None => assert_eq!(found, None, "{what}"),
            Some(part) => {
                assert!(found.as_ref().is_some_and(|why| why.contains(part)), "{what}: {found:?}")
            }
        }
    }
    let said = RequesterSession { id: other, way: SignInWay::SecurityKey, proved_at: at(0) };
    let destroyed = SessionCheck { destroyed: true, ..check() };
    let found = destroyed.wrong((&"a".parse().unwrap(), at(5)), &said, &elsewhere);
    assert_eq!(found, None, "what is destroyed accuses nobody");
}

#[test]
fn a_word_on_the_program_that_named_a_person_is_held_against_the_entry_and_what_was_added() {
    let mut check = check();
    check.programs.insert("cad-1".into());
    let user = "mreyes".parse().unwrap();
    let rerun = "node, rerun of 00 under asking-ca-pd/26-1";
    let table = [
        ("nobody was named", None, "session 00, password", None),
        ("both say it", Some("cad-1"), "named by program cad-1", None),
        ("an approved request runs for her", Some("cad-1"), rerun, None),
        ("no such program", Some("cad-2"), "named by program cad-2", Some("that it was added")),
        ("another is said", Some("cad-1"), "named by program cad-2", Some("the entry says")),
        ("she was signed in", Some("cad-1"), "session 00, password", Some("the entry says")),
        ("it is kept from the owner", None, "named by program cad-1", Some("says nothing of it")),
    ];
    for (what, said, auth, expected) in table {
        let found = check.misnamed(&user, said, auth);
        match (&found, expected) {
            (None, None) => {}
            (Some(why), Some(words)) => assert!(why.contains(words), "{what}: {why}"),
            _ => panic!("{what}: {found:?}"),
        }
    }
}

#[test]
fn a_session_from_a_device_that_was_not_enrolled_so_is_found() {
    use schemas::device::DeviceClass;
    use schemas::digest::Digest;

    let device = |class, key: &[u8]| Device { name: "mdt-12".into(), class, key: Digest::of(key) };
    let enrolled = device(DeviceClass::Office, b"key");
    let devices = [(enrolled.name.clone(), enrolled.clone())].into();
    let check = SessionCheck { devices, ..check() };
    let opened = |device: Option<Device>| SignInSucceeded {
        session: id(),
        way: SignInWay::SecurityKey,
        authenticators: Vec::new(),
        provider: None,
        device,
        approved_in: None,
        client: "console, 10.1.2.3".parse().unwrap(),
        again: false,
        until: at(720),
    };
    let other_name = Device { name: "mdt-13".into(), ..enrolled.clone() };
    for (device, found) in [
        (None, false),
        (Some(enrolled), false),
        (Some(device(DeviceClass::Dispatch, b"key")), true),
        (Some(device(DeviceClass::Office, b"another key")), true),
        (Some(other_name), true),
    ] {
        let why = check.not_enrolled(&opened(device.clone()));
        assert_eq!(why.is_some(), found, "{device:?}: {why:?}");
    }
}
