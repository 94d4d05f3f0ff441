//! What a third party shows of a log: held against what is kept of it by the log's keys of now alone,
//! bounded, and no second alarm of what an auditor has resolved.

use node::admin::agreements;
use node::auditing::alarms;
use schemas::alarm::AlarmKind;
use schemas::card::Revocation;
use schemas::checkpoint::SignedCheckpoint;
use schemas::entry::EntryKind as Kind;
use schemas::frame::FrameKind;
use schemas::witness::{HeadsShown, WitnessCode, WitnessReply, WitnessRequest};
use tests::agency::Agency;
use tests::federation::{add_card, known_parties, propose};
use tests::fixtures::{PLATE, agreement, query, words};
use tests::hostile_log::HostileLog;
use tests::identity::Identity;
use tests::raw_peer::RawPeer;

/// An agency with a node, the identity of one whose log it keeps heads of, and a third party that shows it
/// heads of that; all have signed one agreement.
async fn told_by_a_third_party() -> (Agency, RawPeer, RawPeer) {
    let one = Agency::start("one-ca-pd").await;
    let teller = RawPeer::start("third-ca-pd", one.now());
    let subject = RawPeer::start("subject-ca-pd", one.now());
    for of in [&teller, &subject] {
        add_card(&one, &of.identity).await;
    }
    let text = agreement(&[one.id(), teller.id(), subject.id()], one.now());
    propose(&one, &text, None).await;
    let known = known_parties(&one, &text);
    for party in [&teller, &subject] {
        let signed = party.identity.adhere_to_all(&text, &known, one.now()).to_text();
        let taken =
            agreements::import(one.own(), one.store().as_ref(), &one.admin(), &signed).await;
        taken.expect("an adherence");
    }
    (one, teller, subject)
}

/// A log of `identity` with so many entries, unlike any other.
fn log(identity: &Identity, at: &Agency, entries: usize) -> HostileLog {
    let mut log = HostileLog::of(identity);
    for _ in 0..entries {
        let asked = query(&identity.id, at.id(), PLATE, at.now());
        log.write(Kind::QuerySent, at.id(), asked.id, asked.at, &[]);
    }
    log
}

/// The reply of `at` to a request of `subject` to cosign.
async fn cosigned(at: &Agency, subject: &RawPeer, checkpoint: String) -> WitnessReply {
    let request = WitnessRequest { old_size: 0, proof: Vec::new(), checkpoint };
    let body = serde_json::to_vec(&request).expect("JSON");
    let (reply, _) = subject.say(at, FrameKind::Witness, &body).await;
    serde_json::from_slice(&reply.expect("a reply").body).expect("a witness's word")
}

async fn kept(at: &Agency, subject: &RawPeer) -> Option<String> {
    let kept = at.own().log.held_head(subject.id()).await.expect("a store");
    kept.map(|kept| kept.witnessed().checkpoint.clone())
}

/// Shows `at` a head, as one who keeps it.
async fn tells(teller: &RawPeer, at: &Agency, head: String) {
    let body = serde_json::to_vec(&HeadsShown { heads: vec![head] }).expect("JSON");
    let (reply, _) = teller.say(at, FrameKind::Heads, &body).await;
    assert_eq!(reply.expect("a reply").kind, FrameKind::Heads);
}

fn alarmed(at: &Agency) -> Vec<AlarmKind> {
    alarms::list(at.own()).iter().map(|raised| raised.what.kind).collect()
}

/// `head` with so many more lines that other keys have signed.
fn padded(head: &SignedCheckpoint, lines: usize) -> String {
    let mut note = head.to_string();
    for n in 0..lines {
        let other = Identity::new(
            &format!("padding-{n}-ca-pd"),
            Vec::new(),
            "2026-03-01T00:00:00Z".parse().expect("a time"),
        );
        let signed = HostileLog::of(&other).head().to_string();
        note += signed.lines().last().expect("a line");
        note += "\n";
    }
    note
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_kept_with_the_lines_of_its_log_alone_and_a_large_one_is_not_read() {
    let (one, _, subject) = told_by_a_third_party().await;
    let head = log(&subject.identity, &one, 1).head();
    let large = padded(&head, 20);
    assert!(large.len() > 2_048);
    match cosigned(&one, &subject, large).await {
        WitnessReply::Refused { refusal, .. } => assert_eq!(refusal.code, WitnessCode::Signature),
        cosigned => panic!("{cosigned:?}"),
    }
    assert_eq!(kept(&one, &subject).await, None);
    let small = padded(&head, 3);
    assert!(small.len() <= 2_048 && small.len() > head.to_string().len());
    let reply = cosigned(&one, &subject, small).await;
    assert!(matches!(reply, WitnessReply::Cosigned(_)), "{reply:?}");
    assert_eq!(kept(&one, &subject).await, Some(head.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_auditor_resolved_is_raised_by_no_third_party_again() {
    let (one, teller, subject) = told_by_a_third_party().await;
    let (first, second) = (log(&subject.identity, &one, 3), log(&subject.identity, &one, 3));
    drop(cosigned(&one, &subject, first.head().to_string()).await);
    tells(&teller, &one, second.head().to_string()).await;
    assert_eq!(alarmed(&one), [AlarmKind::Fork]);
    let context = one.context();
    let (by, reason) = (one.admin(), words("restored from backup"));
    let resolved = alarms::resolve(&context.agency, &context.observed, &by, 1, &reason).await;
    resolved.expect("a resolution");
    let before = kept(&one, &subject).await;
    // The same under another line, a smaller one of that history, and one of which nothing is kept to hold
    // it against.
    let smaller = log(&subject.identity, &one, 2);
    let larger = log(&subject.identity, &one, 4);
    for head in [padded(&second.head(), 1), smaller.head().to_string(), larger.head().to_string()] {
        tells(&teller, &one, head).await;
        assert!(context.observed.waiting(subject.id()).is_empty());
    }
    // It goes on with the next head that it shows itself; what others kept of before shows nothing new.
    let next = log(&subject.identity, &one, 3);
    let reply = cosigned(&one, &subject, next.head().to_string()).await;
    assert!(matches!(reply, WitnessReply::Cosigned(_)), "{reply:?}");
    assert!(kept(&one, &subject).await != before);
    for head in [second.head().to_string(), smaller.head().to_string()] {
        tells(&teller, &one, head).await;
        assert!(context.observed.waiting(subject.id()).is_empty());
    }
    assert_eq!(alarmed(&one), [AlarmKind::Fork]);
    // What is larger than all that is known does.
    let wide = log(&subject.identity, &one, 4).head();
    drop(cosigned(&one, &subject, wide.to_string()).await);
    tells(&teller, &one, larger.head().to_string()).await;
    assert_eq!(context.observed.waiting(subject.id()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_framed_by_a_key_that_has_ended() {
    let (one, teller, subject) = told_by_a_third_party().await;
    let ended = log(&subject.identity, &one, 3);
    let mut next = subject.identity.clone();
    next.log_key = Identity::new("other-ca-pd", Vec::new(), one.now()).log_key;
    next.card.log_key = next.log_key.public();
    next.card.version = 2;
    next.card.at = one.now();
    let (key, at) = (subject.identity.log_key.public(), one.now());
    next.card.revocations = vec![Revocation { key, at }];
    let card = next.sign_card(&next.card, &[]);
    let (reply, _) = subject.say(&one, FrameKind::Card, card.as_bytes()).await;
    assert_eq!(reply.expect("a reply").kind, FrameKind::Card);
    let present = log(&next, &one, 3);
    let reply = cosigned(&one, &subject, present.head().to_string()).await;
    assert!(matches!(reply, WitnessReply::Cosigned(_)), "{reply:?}");
    tells(&teller, &one, ended.head().to_string()).await;
    assert_eq!(alarmed(&one), []);
    tells(&teller, &one, log(&next, &one, 3).head().to_string()).await;
    assert_eq!(alarmed(&one), [AlarmKind::Fork], "by the key of now it is");
}
