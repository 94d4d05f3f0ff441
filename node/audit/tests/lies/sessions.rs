//! What a query says of how its person had signed in, held against the sessions that the log tells of.

use schemas::authenticator::SessionEnd;
use schemas::body::Actor;
use schemas::bundle::Scope;
use schemas::device::{Device, DeviceClass};
use schemas::digest::Digest;
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::sign_in::{SessionEnded, SignInSucceeded};
use schemas::session::{RequesterSession, SessionId, SignInWay};

use crate::fabricated::{Log, Pair, at, query, sent};

fn session() -> SessionId {
    "7f3a00112233aabb".parse().unwrap()
}

fn opened(device: Option<Device>, again: bool) -> Event {
    Event::SignInSucceeded(SignInSucceeded {
        session: session(),
        way: SignInWay::SecurityKey,
        authenticators: Vec::new(),
        provider: None,
        device,
        approved_in: None,
        client: "console, 10.1.2.3".parse().unwrap(),
        again,
        until: at(720),
    })
}

fn device() -> Device {
    Device { name: "mdt-12".into(), class: DeviceClass::Office, key: Digest::of(b"key") }
}

/// The requester's log with what comes before a query of minute 50 that names the session.
fn asked(before: impl Fn(&mut Log, &Pair), again: bool) -> (Pair, Log) {
    let pair = Pair::honest();
    let (covina, port) = (&pair.covina, &pair.port);
    let mut log = Log::new(covina, &[port]);
    before(&mut log, &pair);
    let mut query = query(9, covina, port, 50);
    let (id, way) = (session(), SignInWay::SecurityKey);
    query.requester.session = Some(RequesterSession { id, way, proved_at: at(40) });
    let signed = covina.sign(Kind::Query, &query);
    let auth = format!("session {id}, security key, console, 10.1.2.3");
    let actor = Actor { auth, ..covina.officer() };
    log.write(50, Some(port), actor.clone(), sent(&query, signed.digest(), false), &[&signed]);
    if again {
        // Sent once more by somebody else, when the session is long over.
        let actor = Actor { auth: "node".into(), ..actor };
        log.write(90, Some(port), actor, sent(&query, signed.digest(), true), &[&signed]);
    }
    (pair, log)
}

fn told(pair: &Pair, log: &Log) -> Vec<(Option<u64>, String)> {
    let problems = log.verified(&[&pair.covina, &pair.port]).problems;
    let of = problems.into_iter().filter(|one| one.code == "session");
    of.map(|one| (one.index, one.message)).collect()
}

#[test]
fn a_query_names_a_session_that_the_log_tells_of() {
    type Before = fn(&mut Log, &Pair);
    let table: [(&str, Before); 6] = [
        ("", |log, pair| {
            log.write(40, None, pair.covina.officer(), opened(None, false), &[]);
        }),
        ("of which the log tells nothing", |_, _| {}),
        // Who proves anew who she is opens no session by that.
        ("of which the log tells nothing", |log, pair| {
            log.write(40, None, pair.covina.officer(), opened(None, true), &[]);
        }),
        ("which had ended at", |log, pair| {
            log.write(40, None, pair.covina.officer(), opened(None, false), &[]);
            let user = pair.covina.officer().user.unwrap();
            let ended = SessionEnded { session: session(), user, why: SessionEnd::SignedOut };
            log.write(45, None, pair.covina.officer(), Event::SessionEnded(ended), &[]);
        }),
        ("it is of `other`", |log, pair| {
            let other = Actor { user: "other".parse().ok(), ..pair.covina.officer() };
            log.write(40, None, other, opened(None, false), &[]);
        }),
        // What is destroyed accuses nobody.
        ("", |log, pair| {
            log.write(40, None, pair.covina.officer(), opened(None, false), &[]);
            log.entries[0].destroyed = true;
        }),
    ];
    for (what, before) in table {
        let (pair, log) = asked(before, true);
        let found = told(&pair, &log);
        assert_eq!(found.is_empty(), what.is_empty(), "{what}: {found:?}");
        let place = log.place("query.sent") as u64;
        let of = found.iter().all(|(index, said)| *index == Some(place) && said.contains(what));
        assert!(of && found.len() < 2, "{what}: {found:?}");
    }
    // Some entries of a log tell nothing of sessions.
    let (pair, log) = asked(|_, _| {}, false);
    let scope = Scope { peer: Some(pair.port.id.clone()), ..Scope::default() };
    let report = log.extract(600, &scope).verified(&[&pair.covina, &pair.port]);
    assert!(report.ok, "{:?}", report.problems);
}

#[test]
fn a_session_is_opened_from_a_device_that_is_enrolled() {
    use schemas::event::people::DeviceChanged;

    for (added, revoked, found) in [(true, false, false), (true, true, true), (false, false, true)]
    {
        let before = |log: &mut Log, pair: &Pair| {
            let officer = || pair.covina.officer();
            if added {
                let event = Event::DeviceAdded(DeviceChanged { device: device(), reason: None });
                log.write(30, None, officer(), event, &[]);
            }
            if revoked {
                let event = Event::DeviceRevoked(DeviceChanged { device: device(), reason: None });
                log.write(31, None, officer(), event, &[]);
            }
            log.write(40, None, officer(), opened(Some(device()), false), &[]);
        };
        let (pair, log) = asked(before, false);
        let told = told(&pair, &log);
        let place = Some(log.place("sign_in.succeeded") as u64);
        let of = told.iter().any(|(at, said)| *at == place && said.contains("enrolled so then"));
        assert_eq!((of, told.is_empty()), (found, !found), "{told:?}");
    }
}
