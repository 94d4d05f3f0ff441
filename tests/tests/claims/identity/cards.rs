//! One's own card in later versions, and what it may say of where a node is reached.

use std::time::{Duration, Instant};

use node::admin::cards::{self, Reissued};
use schemas::agency::AgencyKind;
use schemas::card::Card;
use schemas::entry::EntryKind as Kind;
use schemas::key::SecretKey;
use serde_json::Value;
use tests::agency::{Agency, free_address};
use tests::command_line::{CliAgency, CommandOutput};
use tests::federation::sharing_pair;
use tests::fixtures::{OFFICER, PLATE, words};
use tests::wait::{LONGEST, eventually};

/// The next version of the card of `agency`, changed.
fn next(agency: &Agency, change: impl FnOnce(&mut Card)) -> Reissued {
    next_with(agency, &[], change)
}

/// As [`next`], proven with more keys than are in the home.
fn next_with(agency: &Agency, more: &[SecretKey], change: impl FnOnce(&mut Card)) -> Reissued {
    let mut card = Card { version: 2, at: agency.now(), ..agency.identity.card.clone() };
    change(&mut card);
    let envelope = agency.identity.sign_card(&card, more).to_text();
    Reissued { envelope, ..Reissued::default() }
}

fn version(at: &Agency, of: &Agency) -> u32 {
    at.context().agency.registry.state().peers[of.id()].card.value.version
}

fn init(agency: &CliAgency, more: &[&str]) -> CommandOutput {
    let given = ["init", "--id", &agency.id, "--name", "A", "--policy", "california-statute"];
    let admin = ["--admin", "admin", "--kind", "police"];
    agency.accord(&[&given, admin.as_slice(), more].concat())
}

#[test]
fn a_card_names_no_address_that_nobody_can_dial() {
    let agency = CliAgency::without_home("asking-ca-pd");
    for address in ["/ip4/0.0.0.0/tcp/7420", "/ip6/::/tcp/7420", "/ip4/10.0.0.1/tcp/0", "10.0.0.1"]
    {
        assert!(init(&agency, &["--address", address]).failed(2).contains(&format!("`{address}`")));
    }
    let made = init(&agency, &[]);
    assert!(made.err.contains("card reissue --address"), "{made:?}");
    drop(made.done());
    assert_eq!(agency.accord(&["card", "show"]).done()["addresses"], Value::Array(Vec::new()));
    let config =
        std::fs::read_to_string(agency.home().join("accord.toml")).expect("a configuration");
    assert!(config.contains("/ip4/0.0.0.0/tcp/7420"), "it listens all the same: {config}");

    let agency = CliAgency::without_home("asking-ca-pd");
    let made =
        init(&agency, &["--listen", "/ip4/0.0.0.0/tcp/7420", "--address", "/ip4/10.0.0.1/tcp/9"]);
    assert_eq!(made.err, "");
    assert_eq!(agency.accord(&["card", "show"]).done()["addresses"][0], "/ip4/10.0.0.1/tcp/9");
}

#[test]
fn a_node_is_told_to_listen_on_nothing_that_it_does_not_speak() {
    let agency = CliAgency::without_home("asking-ca-pd");
    for address in ["/ip4/127.0.0.1/udp/7420/quic-v1", "/ip4/127.0.0.1/tcp/7420/ws"] {
        for (option, why) in [("--listen", "a node speaks"), ("--address", "peers can dial")] {
            let ended = init(&agency, &[option, address]);
            assert!(ended.failed(2).contains(&format!("`{address}` is nothing that {why}")));
        }
    }
}

#[test]
fn an_agency_that_moves_says_so() {
    let (asking, mut owning) =
        (CliAgency::with_officer("asking-ca-pd"), CliAgency::with_officer("owning-ca-pd"));
    asking.introduce(&owning);
    assert_eq!(owning.stop(), 0);
    let (path, new) = (owning.home().join("accord.toml"), free_address());
    let before = owning.accord(&["card", "show"]).done()["addresses"][0].clone();
    let config = std::fs::read_to_string(&path).expect("a configuration");
    let moved = config.replace(before.as_str().expect("an address"), new.as_str());
    assert_ne!(moved, config);
    std::fs::write(&path, moved).expect("a configuration");
    owning.start();

    assert!(owning.accord(&["card", "reissue"]).failed(2).contains("--address"));
    let unspecified = ["card", "reissue", "--address", "/ip4/0.0.0.0/tcp/7420"];
    assert!(owning.accord(&unspecified).failed(2).contains("0.0.0.0"));
    let reissue = ["card", "reissue", "--address", new.as_str(), "--contact", "626 555 0100"];
    assert!(owning.accord_as(OFFICER, &reissue).failed(1).contains(OFFICER));
    let issued = owning.accord(&reissue).done();
    assert_eq!((&issued["version"], &issued["addresses"][0]), (&2.into(), &new.as_str().into()));
    assert_eq!(
        owning.accord(&["card", "show"]).done()["version"],
        2,
        "the file of the home follows"
    );

    let end = Instant::now() + LONGEST;
    loop {
        let known = asking.accord(&["card", "list"]).done();
        if known["version"] == 2 {
            assert_eq!(known["addresses"], issued["addresses"]);
            break;
        }
        assert!(Instant::now() < end, "{known}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let ask = ["query", "--to", "owning-ca-pd", "--plate", PLATE, "--purpose", "stolen_vehicle"];
    let why = ["--case", "26-004711", "--reason", "Stolen vehicle reported by its owner"];
    let heard = asking.accord_as(OFFICER, &[&ask, why.as_slice()].concat());
    assert_eq!(heard.lines()[0]["outcome"], "refused", "it is heard at its new address: {heard:?}");
    let count =
        |agency: &CliAgency, kind| agency.accord(&["audit", "log", "--kind", kind]).lines().len();
    assert_eq!((count(&owning, "card.issued"), count(&asking, "card.updated")), (2, 1));
    assert_eq!(owning.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_was_down_gets_the_new_card_when_both_are_up_again() {
    let (mut asking, mut owning, _) = sharing_pair().await;
    asking.stop().await;
    let card = next(&owning, |card| card.contact = words("626 555 0100"));
    assert_eq!(
        cards::reissue(owning.own(), owning.keys(), &owning.admin(), &card).await.expect("a card"),
        2
    );
    owning.node().app.card_issued().await.expect("a written card");
    owning.restart().await;
    asking.run().await;
    eventually("the new card", async || (version(&asking, &owning) == 2).then_some(())).await;
    asking.log().await.one(Kind::CardUpdated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_version_changes_nothing_that_people_confirmed() {
    let owning = Agency::start("owning-ca-pd").await;
    let other = Agency::start("other-ca-pd").await;
    let (context, admin) = (owning.context(), owning.admin());
    let revoked =
        schemas::card::Revocation { key: owning.identity.card.message_key, at: owning.now() };
    let table: [(&str, Reissued); 7] = [
        ("changes more", next(&owning, |card| card.revocations.push(revoked))),
        ("changes more", next(&owning, |card| card.kind = AgencyKind::Sheriff)),
        ("changes more", next(&owning, |card| card.state = "AZ".parse().expect("a state"))),
        (
            "not in the home",
            next_with(&owning, std::slice::from_ref(&other.identity.message_key), |card| {
                card.message_key = other.identity.card.message_key;
            }),
        ),
        ("does not vouch", next(&other, |_| {})),
        ("version 3", next(&owning, |card| card.version = 3)),
        ("version 1", next(&owning, |card| card.version = 1)),
    ];
    for (why, card) in table {
        let refused = cards::reissue(&context.agency, &context.keys, &admin, &card)
            .await
            .expect_err("no card");
        assert!(refused.to_string().contains(why), "{refused}");
    }
    owning.log().await.one(Kind::CardIssued);
    let renamed = next(&owning, |card| card.name = words("Owning Police"));
    assert_eq!(
        cards::reissue(&context.agency, &context.keys, &admin, &renamed).await.expect("a card"),
        2
    );
    let own = context.agency.registry.state().own.clone().expect("a card");
    assert_eq!(own.value.name, words("Owning Police"));
}
