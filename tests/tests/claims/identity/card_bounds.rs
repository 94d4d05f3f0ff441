//! What a peer can leave behind by its card alone: few versions a day, none larger than a card has to
//! be, one alarm about one fact. Whatever it shows, the log is verified and exported.

use audit_log::entries::audit::alarm_raised;
use registry::Alarm;
use schemas::alarm::AlarmKind;
use schemas::card::{Card, Revocation};
use schemas::entry::EntryKind as Kind;
use schemas::envelope::Envelope;
use schemas::frame::FrameKind;
use schemas::time::DAY_MS;
use tests::agency::{Agency, Plan};
use tests::auditor::{Auditor, problems};
use tests::federation::{add_card, owner_and_raw, owner_and_raw_of};
use tests::fixtures::words;
use tests::identity::Identity;
use tests::raw_peer::RawPeer;

/// Shows a card; the code and sentence with which it is refused.
async fn show(raw: &RawPeer, at: &Agency, card: &Envelope) -> Result<(), String> {
    let (reply, _) = raw.say(at, FrameKind::Card, card.as_bytes()).await;
    match reply {
        Some(frame) if frame.kind == FrameKind::Card => Ok(()),
        Some(frame) => Err(String::from_utf8_lossy(&frame.body).into_owned()),
        None => Err("the substream ended".into()),
    }
}

fn version(at: &Agency, of: &RawPeer) -> u32 {
    at.context().agency.registry.state().peers[of.id()].card.value.version
}

/// A card of another version, as large as may be.
fn large(raw: &RawPeer, version: u32) -> Card {
    let mut card = Card { version, ..raw.identity.card.clone() };
    card.contact = words(&"\\".repeat(400));
    card.addresses = vec![words("/ip6/2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/tcp/65535"); 16];
    card
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_versions_are_refused_and_the_log_is_verified_and_exported_all_the_same() {
    let plan = Plan::of("owning-ca-pd").bounds(|bounds| bounds.refusals_per_minute = 100_000);
    let (owner, raw, _) = owner_and_raw_of(plan).await;
    for n in 2..=305 {
        let shown = show(&raw, &owner, &raw.identity.sign_card(&large(&raw, n), &[])).await;
        match shown {
            Ok(()) => assert!(n <= 9, "version {n} is taken in"),
            Err(said) => {
                assert!(n > 9, "version {n}: {said}");
                assert!(said.contains("too_many") && said.contains("within a day"), "{said}");
            }
        }
    }
    assert_eq!((version(&owner, &raw), owner.log().await.count(Kind::CardUpdated)), (9, 8));
    owner
        .wait_for_log("it is counted", |log| {
            let rejected = log.all(Kind::PeerRejected);
            rejected.iter().any(|entry| entry.detail("cause") == "too_many").then_some(())
        })
        .await;
    let report = owner.accord(&["audit", "verify"]).done();
    assert_eq!(report["ok"], true, "{report}");
    let auditor = Auditor::default();
    for scope in [&[][..], &["--peer", "hostile-ca-pd"]] {
        auditor.receive("owning", &owner, scope);
        // Whose keys those of the peer are, this auditor does not know.
        let (_, report) = auditor.verify("owning", &[&owner]);
        assert_eq!(problems(&report), [(None, "unpinned".into())], "{scope:?}");
    }
    // A bundle holds what entries are checked by: the keys are those of version 1 throughout.
    let bundle = std::fs::read_to_string(auditor.file("owning")).expect("a bundle");
    let cards = bundle.lines().filter(|line| line.starts_with("{\"card\":")).count();
    assert_eq!(cards, 3, "the owner's own, and the peer's first and latest");

    // On the next day the latest is taken in.
    owner.clock.shift(DAY_MS + 1);
    let latest = Card { at: owner.now(), ..large(&raw, 306) };
    assert_eq!(show(&raw, &owner, &raw.identity.sign_card(&latest, &[])).await, Ok(()));
    assert_eq!(version(&owner, &raw), 306);
}

/// What makes a card one that nobody takes.
type Spoils<'a> = dyn Fn(&mut Card) + 'a;

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_too_large_or_reaches_too_far_is_not_taken() {
    let (owner, raw, _) = owner_and_raw().await;
    let key = raw.identity.message_key.public();
    let spoilt: [(&str, &Spoils<'_>); 6] = [
        ("a name of 57 kB", &|card| card.name = words(&"x".repeat(2_000))),
        ("a contact", &|card| card.contact = words(&"x".repeat(401))),
        ("an address that is none", &|card| card.addresses = vec![words("call us")]),
        ("an address that no node speaks", &|card| {
            card.addresses = vec![words("/ip4/127.0.0.1/udp/7420/quic-v1")];
        }),
        ("a key that ends in 2099", &|card| {
            let at = "2099-01-01T00:00:00Z".parse().expect("a time");
            card.revocations = vec![Revocation { key, at }];
        }),
        ("signed in 2099, so that a key may end there", &|card| {
            card.at = "2099-01-01T00:00:00Z".parse().expect("a time");
            card.revocations = vec![Revocation { key, at: card.at.plus_days(1) }];
        }),
    ];
    for (what, change) in spoilt {
        let mut card = Card { version: 2, ..raw.identity.card.clone() };
        change(&mut card);
        let keys = [&raw.identity.node_key, &raw.identity.message_key];
        let keys = keys.into_iter().chain([&raw.identity.log_key, &raw.identity.cosigner_key]);
        card.possession = card.prove(&keys.cloned().collect::<Vec<_>>()).expect("its keys");
        let said = show(&raw, &owner, &raw.identity.claim_card(&card)).await.expect_err(what);
        assert!(said.contains("unverifiable"), "{what}: {said}");
    }
    assert_eq!(version(&owner, &raw), 1);
}

fn alarms(at: &Agency) -> Vec<(u64, bool)> {
    let state = at.context().agency.registry.state();
    state.alarms.values().map(|raised| (raised.alarm, raised.resolved.is_some())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_cards_of_one_version_are_one_alarm_until_it_is_resolved() {
    let (owner, raw, _) = owner_and_raw().await;
    let other = |n: u32| {
        let contact = words(&format!("+1 555 01{n:03}"));
        raw.identity.sign_card(&Card { contact, ..raw.identity.card.clone() }, &[])
    };
    for n in 0..150 {
        assert_eq!(show(&raw, &owner, &other(n)).await, Ok(()));
    }
    assert_eq!(alarms(&owner), [(1, false)]);
    assert_eq!(owner.log().await.count(Kind::AlarmRaised), 1);
    let resolve = |alarm: &'static str| {
        owner.accord(&["audit", "resolve", alarm, "--reason", "Its clerk signed it twice"]).done()
    };
    drop(resolve("1"));
    // What the auditor has looked at is no news; anything else is.
    assert_eq!(show(&raw, &owner, &other(0)).await, Ok(()));
    assert_eq!(alarms(&owner), [(1, true)]);
    for n in 1..20 {
        assert_eq!(show(&raw, &owner, &other(n)).await, Ok(()));
    }
    assert_eq!(alarms(&owner), [(1, true), (2, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_alarms_about_one_peer_hide_none_about_another() {
    let owner = Agency::start("owning-ca-pd").await;
    let [first, second] =
        ["first-ca-pd", "second-ca-pd"].map(|id| Identity::new(id, Vec::new(), owner.now()));
    for peer in [&first, &second] {
        add_card(&owner, peer).await;
    }
    let own = owner.own();
    for peer in std::iter::repeat_n(&first, 40).chain([&second]) {
        let alarm = Alarm {
            peer: peer.id.clone(),
            kind: AlarmKind::Proof,
            evidence: vec!["x".repeat(8_000)],
            at: owner.now(),
        };
        let entry = alarm_raised(&own.registry.state(), own.node_actor(), alarm);
        drop(own.log.append(entry).await.expect("an alarm"));
    }
    // A command that names the second one says so, and the list holds all.
    let listed = owner.accord(&["audit", "log", "--peer", "second-ca-pd"]);
    assert!(listed.err.contains("alarm 41 about `second-ca-pd` is open"), "{}", listed.err);
    assert!(!listed.err.contains("first-ca-pd"), "{}", listed.err);
    let all = owner.accord(&["audit", "alarms"]);
    assert_eq!((all.code, all.lines().len()), (1, 41));
    let doctor = owner.accord(&["doctor"]).check("alarms");
    assert!(!doctor.0 && doctor.1.contains("41 about second-ca-pd"), "{}", doctor.1);
}
