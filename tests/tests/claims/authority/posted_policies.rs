//! Each agency tells its peers by which policy it decides: they keep its word, ask it before they send,
//! and decide nothing by it.

use agreements::policy::Policy;
use audit_log::clock::Clock;
use schemas::entry::EntryKind as Kind;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::posted::PostedPolicy;
use tests::command_line::{CliAgency, STOLEN_VEHICLE};
use tests::federation::owner_and_raw;
use tests::fixtures::{OFFICER, PLATE};

const STATUTE: &str = "california-statute";

/// Adopts the statute's minimum with more, under the agency's own name; the file's text.
fn adopts(agency: &CliAgency, from: &str, to: &str) -> String {
    let text = Policy::builtin_text(STATUTE).expect("a policy").replace(from, to);
    let file = agency.file("mine.toml");
    std::fs::write(&file, &text).expect("a file");
    agency.accord(&["policy", "adopt", &file]).done();
    text
}

#[test]
fn a_policy_reaches_every_peer_and_is_what_explain_judges_by() {
    let (asking, owning) =
        (CliAgency::with_officer("asking-ca-pd"), CliAgency::with_officer("owning-ca-pd"));
    let explain = |more: &[&str]| {
        let explain = ["policy", "explain", "--owner", "owning-ca-pd", "--plate", PLATE];
        asking
            .accord_as(OFFICER, &[&explain[..], &STOLEN_VEHICLE[..4], more].concat())
            .lines()
            .remove(0)
    };
    asking.add_card(&owning);
    // Nobody has told it anything yet.
    let untold = explain(&[]);
    assert_eq!(untold["policy"]["source"], "minimum", "{untold}");
    let none = asking.accord(&["policy", "show", "--peer", "owning-ca-pd"]);
    assert!(none.failed(2).contains("has posted no policy"), "{none:?}");
    owning.add_card(&asking);
    let version = |n: u64| {
        asking.retry_until(&["policy", "show", "--peer", "owning-ca-pd"], |shown| {
            let shown = shown.lines().first().cloned()?;
            (shown["version"] == n).then_some(shown)
        })
    };
    let first = version(1);
    assert_eq!(first["text"], Policy::builtin_text(STATUTE).expect("a policy"));
    let judged = explain(&[]);
    assert_eq!(
        (&judged["policy"]["source"], &judged["policy"]["version"]),
        (&"posted".into(), &1.into())
    );
    let before = Clock::system().now().to_string();

    // The owner now wants a case number by all means; whoever asks hears it before it asks.
    owning.agree_with(&asking);
    let codes = |line: &serde_json::Value| -> Vec<String> {
        let reasons = line["reasons"].as_array().expect("reasons");
        reasons.iter().map(|one| one["code"].as_str().expect("a code").to_owned()).collect()
    };
    let without = explain(&[]);
    assert!(!codes(&without).contains(&"case_required".to_owned()), "{without}");
    let text = adopts(&owning, "demand = \"if_available\"", "demand = \"required\"");
    assert_eq!(version(2)["text"], text);
    let refused = explain(&[]);
    assert_eq!(refused["policy"]["version"], 2, "{refused}");
    assert!(codes(&refused).contains(&"case_required".to_owned()), "{refused}");
    // On that day it was the version before.
    let then = explain(&["--at", &before]);
    assert_eq!(then["policy"]["version"], 1, "{then}");
    let said = asking.accord_text(
        OFFICER,
        &[&["policy", "explain", "--owner", "owning-ca-pd", "--plate", PLATE][..], &STOLEN_VEHICLE]
            .concat(),
    );
    assert!(said.out.contains("by version 2 of the policy of owning-ca-pd"), "{}", said.out);
    // What the peer said is on record with its signature, and the log holds.
    let received = asking.accord(&["audit", "log", "--kind", "policy.received"]).lines();
    assert_eq!(received.len(), 2, "{received:?}");
    asking.accord(&["audit", "verify"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_not_its_senders_own_word_is_not_taken_in() {
    let (owner, raw, _) = owner_and_raw().await;
    let text = Policy::builtin_text(STATUTE).expect("a policy").to_owned();
    let now = owner.now();
    let good =
        PostedPolicy { agency: raw.id().clone(), version: 3, since: now.minus_days(2), text };
    let told = async |posted: &PostedPolicy| {
        let signed = Envelope::sign_json(Signed::Policy, posted, &raw.identity.message_key)
            .expect("an envelope");
        let (reply, _) = raw.say(&owner, FrameKind::Document, signed.as_bytes()).await;
        let reply = reply.expect("a reply");
        match reply.kind {
            FrameKind::DocumentAck => None,
            _ => Some(String::from_utf8_lossy(&reply.body).into_owned()),
        }
    };
    let with = |change: fn(&mut PostedPolicy)| {
        let mut other = good.clone();
        change(&mut other);
        other
    };
    let other = with(|posted| posted.agency = "other-ca-pd".parse().expect("an id"));
    assert!(told(&other).await.is_some(), "it proves nothing");
    let unread = with(|posted| posted.text = "format = 2".into());
    assert!(told(&unread).await.expect("refused").contains("missing"), "says what is wrong");
    let uncounted = with(|posted| posted.version = 0);
    assert!(told(&uncounted).await.is_some(), "versions are counted from 1");
    let mut ahead = good.clone();
    ahead.since = now.plus_days(3);
    assert!(told(&ahead).await.expect("refused").contains("ahead"));
    let foreign = with(|posted| {
        posted.text = Policy::builtin_text("indio-ca-pd").expect("a policy").to_owned();
    });
    assert!(told(&foreign).await.expect("refused").contains("indio-ca-pd"));
    assert_eq!(owner.log().await.count(Kind::PolicyReceived), 0);

    // Its own is taken in once; again is known; an older one, or another of that instant, is refused.
    assert_eq!(told(&good).await, None);
    assert_eq!(told(&good).await, None);
    let older = with(|posted| posted.since = posted.since.minus_days(1));
    assert!(told(&older).await.expect("refused").contains("recorded here"));
    let same = with(|posted| posted.text.push_str("# other\n"));
    assert!(told(&same).await.expect("refused").contains("recorded here"));
    assert_eq!(owner.log().await.count(Kind::PolicyReceived), 1);
    // Whatever a peer says of its own policy, the owner decides by its own.
    assert_eq!(owner.own().registry.state().adopted.as_ref().expect("one").version, 1);
}
