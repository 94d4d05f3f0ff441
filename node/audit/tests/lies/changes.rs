//! What changes who may see what: each change stands in a whole log as its entry names it, and every entry
//! names the last one.

use schemas::bundle::{Item, Scope};
use schemas::digest::Digest;

use crate::decided::agreed;
use crate::fabricated::{Extract, Pair, Spoil, at};

fn told(extract: &Extract, pair: &Pair) -> Vec<(Option<u64>, String)> {
    let problems = extract.verified(&[&pair.covina, &pair.port]).problems;
    let of = problems.into_iter().filter(|one| one.code == "registry");
    of.map(|one| (one.index, one.message)).collect()
}

fn body(body: fn(&mut schemas::body::Body)) -> Spoil {
    Spoil { body, ..Spoil::default() }
}

/// The log of an owner with an agreement in force, and an exchange behind it.
fn pair() -> Pair {
    let mut pair = agreed();
    pair.answered(9, 50);
    pair
}

#[test]
fn each_change_of_a_whole_log_is_the_one_that_its_entry_made() {
    type Change = fn(&mut Item);
    let keep: Change = |_| {};
    let table: [(&str, Spoil, Change, &str); 10] = [
        ("policy.adopted", Spoil::default(), keep, ""),
        ("policy.adopted", Spoil::default(), |item| item.change = None, "is missing"),
        (
            "card.added",
            Spoil::default(),
            |item| item.change = Some("{}".into()),
            "the one beside it is",
        ),
        (
            "card.added",
            body(|body| body.change = Some(Digest::of(b"{}"))),
            |item| item.change = Some("{}".into()),
            "cannot be read",
        ),
        (
            "query.answered",
            Spoil::default(),
            |item| item.change = Some("{}".into()),
            "it changed nothing",
        ),
        (
            "policy.adopted",
            body(|body| body.change = None),
            |item| item.change = None,
            "makes no change",
        ),
        (
            "query.answered",
            body(|body| body.change = Some(Digest::of(b"{}"))),
            keep,
            "changes no registry",
        ),
        ("query.answered", body(|body| body.registry = None), keep, "it names none as the last"),
        (
            "query.answered",
            body(|body| body.registry = Some(1)),
            keep,
            "it names entry 1 as the last",
        ),
        (
            "policy.adopted",
            Spoil { stored: |entry| (entry.salt, entry.body) = (None, None), ..Spoil::default() },
            keep,
            "no body binds it",
        ),
    ];
    for (kind, spoil, change, what) in table {
        let mut pair = pair();
        let place = pair.owning.place(kind);
        pair.owning.spoilt.push((place, spoil));
        let mut whole = pair.owning.extract(600, &Scope::default());
        change(&mut whole.items[place]);
        let found = told(&whole, &pair);
        let of = found.iter().any(|(at, said)| *at == Some(place as u64) && said.contains(what));
        assert_eq!(of, !what.is_empty(), "{kind} {what}: {found:?}");
        assert_eq!(found.is_empty(), what.is_empty(), "{kind} {what}: {found:?}");
    }
}

/// Between the entries of an extract others may have changed it; never after an entry, nor before the last
/// one that is told.
#[test]
fn an_extract_names_a_change_that_can_have_been() {
    let table: [(&str, Spoil, bool); 6] = [
        ("query.answered", Spoil::default(), true),
        ("query.answered", body(|body| body.registry = Some(5)), true),
        ("query.answered", body(|body| body.registry = Some(1)), false),
        ("query.answered", body(|body| body.registry = None), false),
        ("query.answered", body(|body| body.registry = Some(6)), false),
        ("query.answered", body(|body| body.registry = Some(7)), false),
    ];
    for (kind, spoil, right) in table {
        let mut pair = pair();
        let place = pair.owning.place(kind);
        assert_eq!(place, 6);
        pair.owning.spoilt.push((place, spoil));
        let scope = Scope { from: Some(at(1)), ..Scope::default() };
        let found = told(&pair.owning.extract(600, &scope), &pair);
        let of = found.iter().any(|(at, _)| *at == Some(place as u64));
        assert_eq!(!of, right, "{found:?}");
    }
    // A change that is no more than a document is that of the document beside the entry.
    let mut pair = pair();
    let place = pair.owning.place("agreement.received");
    pair.owning.spoilt.push((place, body(|body| body.change = Some(Digest::of(b"{}")))));
    let scope = Scope { from: Some(at(1)), ..Scope::default() };
    let found = told(&pair.owning.extract(600, &scope), &pair);
    let said = "is not that of the document beside it";
    let of = |(at, what): &(Option<u64>, String)| *at == Some(place as u64) && what.contains(said);
    assert_eq!((found.len(), found.iter().any(of)), (1, true), "{found:?}");
}
