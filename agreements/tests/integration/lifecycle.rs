//! What is recorded of agreements: nothing that does not fit, and each as it stands.

use crate::fixtures::{self, now};
use agreements::agreement::{Act, Adherence, Notice, Person};
use agreements::decide::{Decision, Refused, decide};
use agreements::lifecycle::AgreementRecord;
use agreements::policy::Reliance;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::text::Text;

fn id(name: &str) -> AgencyId {
    name.parse().unwrap()
}

fn text(text: &str) -> Text {
    text.parse().unwrap()
}

type Spoilt<T> = (&'static str, fn(&mut T));

/// An agreement of three.
fn of_three() -> AgreementRecord {
    fixtures::drafted(
        "lasd",
        "maker-ca-pd/lasd-1",
        ["ann-ca-pd", "bob-ca-pd", "cat-ca-pd"].map(id).to_vec(),
        &[],
    )
}

fn sign(recorded: &mut AgreementRecord, agency: &str, with: &[&str]) {
    let with = with.iter().map(|with| id(with)).collect();
    let adherence = fixtures::adherence(recorded, &id(agency), with);
    recorded.adhere(adherence).unwrap();
}

fn notice(recorded: &AgreementRecord, agency: &str, act: Act) -> Notice {
    Notice {
        agreement: recorded.agreement.id.clone(),
        version: recorded.agreement.version,
        text: recorded.text,
        agency: id(agency),
        act,
        reason: text("under review"),
        at: now(),
        by: Person { user: "chief".parse().unwrap(), full_name: text("A Chief") },
    }
}

#[test]
fn an_adherence_is_to_this_text_alone() {
    let spoilt: [Spoilt<Adherence>; 6] = [
        ("another agreement", |a| a.agreement = "maker-ca-pd/lasd-2".parse().unwrap()),
        ("another version", |a| a.version = 2),
        ("another text", |a| a.text = Digest::of(b"other")),
        ("a stranger", |a| a.agency = id("dan-ca-pd")),
        ("with oneself", |a| a.shares_with.push(id("ann-ca-pd"))),
        ("by nobody", |a| a.signatory.name = Text::default()),
    ];
    for (what, spoil) in spoilt {
        let mut recorded = of_three();
        let mut adherence = fixtures::adherence(&recorded, &id("ann-ca-pd"), vec![id("bob-ca-pd")]);
        spoil(&mut adherence);
        assert!(recorded.adhere(adherence).is_err(), "{what}");
        assert!(recorded.adherences.is_empty(), "{what}");
    }
}

#[test]
fn a_notice_changes_how_ones_own_side_stands_or_is_not_recorded() {
    use Act::{Resume, Suspend, Withdraw};
    let spoilt: [Spoilt<Notice>; 4] = [
        ("another agreement", |notice| notice.agreement = "maker-ca-pd/lasd-2".parse().unwrap()),
        ("another version", |notice| notice.version = 2),
        ("another text", |notice| notice.text = Digest::of(b"other")),
        ("of who has not signed", |notice| notice.agency = id("bob-ca-pd")),
    ];
    for (what, spoil) in spoilt {
        let mut recorded = of_three();
        sign(&mut recorded, "ann-ca-pd", &["bob-ca-pd"]);
        let mut notice = notice(&recorded, "ann-ca-pd", Suspend);
        spoil(&mut notice);
        assert!(recorded.notice(notice).is_err(), "{what}");
    }
    let sequences: [(&[Act], bool); 9] = [
        (&[Suspend], true),
        (&[Withdraw], true),
        (&[Resume], false),
        (&[Suspend, Suspend], false),
        (&[Suspend, Resume], true),
        (&[Suspend, Resume, Resume], false),
        (&[Suspend, Resume, Suspend], true),
        (&[Suspend, Withdraw], true),
        (&[Withdraw, Suspend], false),
    ];
    for (acts, fits) in sequences {
        let mut recorded = of_three();
        sign(&mut recorded, "ann-ca-pd", &["bob-ca-pd"]);
        let given: Vec<_> = acts
            .iter()
            .map(|act| recorded.notice(notice(&recorded, "ann-ca-pd", *act)).is_ok())
            .collect();
        assert_eq!(given.last(), Some(&fits), "{acts:?}");
        assert!(given.iter().rev().skip(1).all(|recorded| *recorded), "{acts:?}");
    }
}

#[test]
fn how_an_agreement_stands_for_one_party_has_a_word() {
    let word = |recorded: &AgreementRecord| recorded.state(&id("ann-ca-pd"), now());
    let mut recorded = of_three();
    assert_eq!(word(&recorded), "proposed");
    sign(&mut recorded, "ann-ca-pd", &["bob-ca-pd", "cat-ca-pd"]);
    assert_eq!(word(&recorded), "waiting");
    let mut unshared = recorded.clone();
    sign(&mut unshared, "bob-ca-pd", &["cat-ca-pd"]);
    assert_eq!(word(&unshared), "waiting", "bob does not share with ann");
    sign(&mut recorded, "cat-ca-pd", &["ann-ca-pd"]);
    assert_eq!(word(&recorded), "in_force", "with one of two is enough");
    let mut to_come = recorded.clone();
    to_come.agreement.effective = now().plus_millis(1);
    assert_eq!(word(&to_come), "not_yet_effective");
    let mut over = recorded.clone();
    over.agreement.expires = now();
    assert_eq!(word(&over), "expired");
    recorded.notice(notice(&recorded, "ann-ca-pd", Act::Suspend)).unwrap();
    assert_eq!(word(&recorded), "suspended");
    recorded.notice(notice(&recorded, "ann-ca-pd", Act::Resume)).unwrap();
    assert_eq!(word(&recorded), "in_force");
    recorded.notice(notice(&recorded, "ann-ca-pd", Act::Withdraw)).unwrap();
    assert_eq!(word(&recorded), "withdrawn");
}

#[test]
fn an_official_acts_by_their_own_title_or_by_one_delegated() {
    let requests = fixtures::policy("indio-ca-pd").approval.requests;
    let (chief, clerk) =
        (text("Investigative Support Services Division Chief"), text("Records Clerk"));
    assert_eq!(requests.relied_on(&chief, []), Some((&chief, Reliance::Own)));
    assert_eq!(requests.relied_on(&clerk, []), None);
    assert_eq!(requests.relied_on(&clerk, [&clerk, &chief]), Some((&chief, Reliance::Delegated)));
    assert_eq!(requests.relied_on(&clerk, [&clerk]), None, "a delegation of another title");
    let mut undelegated = requests.clone();
    undelegated.designee = false;
    assert_eq!(undelegated.relied_on(&clerk, [&chief]), None);
    let anyone = fixtures::policy("california-statute").approval.requests;
    assert_eq!(anyone.relied_on(&clerk, []), Some((&clerk, Reliance::Own)));
}

#[test]
fn reasons_are_handed_over_as_they_stand() {
    let policy = fixtures::policy("indio-ca-pd");
    let (me, peer) = (fixtures::agency_of(&policy), id("asking-ca-pd"));
    assert_eq!(policy.request_section(), "Indio Police Department Policy 461.7(a)");
    let facts = agreements::decide::PeerFacts {
        id: peer.clone(),
        kind: policy.kind,
        state: policy.state,
        blocked: None,
        agency_key: None,
    };
    let Decision::Refuse(Refused { reasons, .. }) =
        decide(&policy, &me, &facts, &[], &fixtures::query(&peer, &me), now())
    else {
        panic!("permitted on nothing")
    };
    assert_eq!(reasons.as_slice().len(), 1);
    assert_eq!(reasons.clone().into_vec(), reasons.as_slice());
}
