//! Who may propose what under which id.

use schemas::digest::Digest;

use super::*;
use crate::agreement::{Act, Adherence, KnownParty, Notice, Person, Signatory};
use crate::template;

const ID: &str = "ann-ca-pd/lasd-1";

fn id(name: &str) -> AgencyId {
    format!("{name}-ca-pd").parse().unwrap()
}

fn text(version: u32, supersedes: Option<&str>, parties: &[&str]) -> Agreement {
    let mut settings = vec![("version".to_owned(), version.to_string())];
    settings.extend(supersedes.map(|before| ("supersedes".to_owned(), digest(before).to_string())));
    template::draft(
        template::builtin("lasd").unwrap(),
        &ID.parse().unwrap(),
        parties.iter().map(|name| id(name)).collect(),
        "2026-01-01T00:00:00Z".parse().unwrap(),
        &settings,
    )
    .unwrap()
}

fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// A text that goes by `name`, proposed by `by` and signed by these.
fn recorded(
    by: &str,
    name: &str,
    version: u32,
    supersedes: Option<&str>,
    signed: &[&str],
) -> (AgencyId, AgreementRecord) {
    let mut of = AgreementRecord::new(text(version, supersedes, &["ann", "bob"]), digest(name));
    for agency in signed {
        let fingerprint = schemas::key::SecretKey::from_seed(&[1; 32]).public().fingerprint();
        of.adhere(Adherence {
            agreement: ID.parse().unwrap(),
            version,
            text: digest(name),
            agency: id(agency),
            shares_with: Vec::new(),
            original: None,
            at: "2026-01-02T00:00:00Z".parse().unwrap(),
            signatory: Signatory {
                name: "A Chief".parse().unwrap(),
                title: "Chief".parse().unwrap(),
                delegation: None,
            },
            parties: vec![KnownParty { agency: id(agency), fingerprint }],
        })
        .unwrap();
    }
    (id(by), of)
}

fn withdrawn(mut of: (AgencyId, AgreementRecord), by: &str) -> (AgencyId, AgreementRecord) {
    let notice = Notice {
        agreement: ID.parse().unwrap(),
        version: of.1.agreement.version,
        text: of.1.text,
        agency: id(by),
        act: Act::Withdraw,
        reason: "enough".parse().unwrap(),
        at: "2026-01-03T00:00:00Z".parse().unwrap(),
        by: Person { user: "chief".parse().unwrap(), full_name: "A Chief".parse().unwrap() },
    };
    of.1.notice(notice).unwrap();
    of
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Placed,
    Refused(&'static str),
    NotYet(&'static str),
}

/// What it is a case of, what is recorded, who proposes what, and what becomes of it.
type Case = (&'static str, Vec<(AgencyId, AgreementRecord)>, &'static str, Agreement, Verdict);

fn both() -> (AgencyId, AgreementRecord) {
    recorded("ann", "one", 1, None, &["ann", "bob"])
}

/// By whose name a text carries and what it supersedes.
fn whose_name() -> Vec<Case> {
    use Verdict::{NotYet, Placed, Refused};
    vec![
        ("the first, under one's own name", vec![], "ann", text(1, None, &["ann", "bob"]), Placed),
        (
            "the first, under another's",
            vec![],
            "mallory",
            text(1, None, &["mallory", "bob"]),
            Refused("carries the name of `ann-ca-pd`"),
        ),
        (
            "another first",
            vec![both()],
            "ann",
            text(1, None, &["ann", "bob"]),
            Refused("is recorded as version 1"),
        ),
        (
            "another's first, where there is one",
            vec![both()],
            "mallory",
            text(1, None, &["mallory", "bob"]),
            Refused("carries the name of `ann-ca-pd`"),
        ),
        (
            "the next, of the proposer",
            vec![both()],
            "ann",
            text(2, Some("one"), &["ann", "bob"]),
            Placed,
        ),
        (
            "the next, of a party",
            vec![both()],
            "bob",
            text(2, Some("one"), &["ann", "bob"]),
            Placed,
        ),
        (
            "the next, of a stranger who names itself",
            vec![both()],
            "mallory",
            text(2, Some("one"), &["ann", "bob", "mallory"]),
            Refused("`mallory-ca-pd` is no party of version 1"),
        ),
        (
            "of a stranger, after what nobody knows",
            vec![both()],
            "mallory",
            text(2, Some("other"), &["ann", "mallory"]),
            Refused("supersedes a text that is not recorded here"),
        ),
        (
            "of a party, after another first",
            vec![both()],
            "bob",
            text(2, Some("other"), &["ann", "bob"]),
            Refused("supersedes a text that is not recorded here"),
        ),
        (
            "one left out",
            vec![both()],
            "bob",
            text(3, Some("one"), &["ann", "bob"]),
            Refused("versions go up by one"),
        ),
        (
            "after one that may be under way",
            vec![both()],
            "bob",
            text(3, Some("two"), &["ann", "bob"]),
            NotYet("supersedes a text that is not recorded here"),
        ),
    ]
}

/// By who stands in the text that it supersedes.
fn who_stands() -> Vec<Case> {
    use Verdict::{NotYet, Placed, Refused};
    vec![
        (
            "of a party that has not signed",
            vec![recorded("ann", "one", 1, None, &["ann"])],
            "bob",
            text(2, Some("one"), &["ann", "bob"]),
            NotYet("has not signed version 1"),
        ),
        (
            "of a party that has withdrawn",
            vec![withdrawn(both(), "bob")],
            "bob",
            text(2, Some("one"), &["ann", "bob"]),
            Refused("has withdrawn from version 1"),
        ),
        (
            "of the proposer that has withdrawn",
            vec![withdrawn(both(), "ann")],
            "ann",
            text(2, Some("one"), &["ann", "bob"]),
            Refused("has withdrawn from version 1"),
        ),
        (
            "beside another party's of the same version",
            vec![both(), recorded("bob", "two", 2, Some("one"), &["bob"])],
            "ann",
            text(2, Some("one"), &["ann", "bob"]),
            Placed,
        ),
        (
            "a second one of the same party",
            vec![both(), recorded("bob", "two", 2, Some("one"), &["bob"])],
            "bob",
            text(2, Some("one"), &["ann", "bob"]),
            Refused("is recorded as version 2"),
        ),
        (
            "to a new party, of the proposer",
            vec![],
            "ann",
            text(2, Some("one"), &["ann", "cat"]),
            Placed,
        ),
        (
            "to a new party, of anybody else",
            vec![],
            "bob",
            text(2, Some("one"), &["bob", "cat"]),
            NotYet("supersedes a text that is not recorded here"),
        ),
    ]
}

#[test]
fn a_text_comes_from_whose_name_it_carries_or_from_who_stands_in_the_one_before() {
    use Verdict::{NotYet, Placed, Refused};
    for (what, known, by, proposed, expected) in whose_name().into_iter().chain(who_stands()) {
        let known: Vec<_> = known.iter().map(|(by, of)| (by, of)).collect();
        let judged = may_follow(known.iter().copied(), &id(by), &proposed);
        let fits = match (&judged, &expected) {
            (Ok(()), Placed) => true,
            (Err(Misplaced::Refused(why)), Refused(part))
            | (Err(Misplaced::NotYet(why)), NotYet(part)) => why.contains(part),
            _ => false,
        };
        assert!(fits, "{what}: {judged:?}, expected {expected:?}");
    }
}
