//! Extracts of a log: an entry that is left out, added or put on another side of the period is told by
//! the numbers, and each stands under the signed head.

use agreements::policy::Policy;
use schemas::bundle::{Item, Scope};
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::event::people::PolicyAdopted;

use crate::fabricated::{Extract, Pair, at, header};

/// An honest pair whose owner has adopted a policy, which concerns that agency alone.
fn pair() -> Pair {
    let mut pair = Pair::honest();
    let text = Policy::builtin_text("california-statute").unwrap().to_owned();
    let port = pair.port.clone();
    let digest = Digest::of(text.as_bytes());
    let adopted = Event::PolicyAdopted(PolicyAdopted { name: "a policy".into(), digest });
    pair.owning.policies.push(text);
    for minute in [0, 15, 45] {
        pair.owning.write(minute, Some(&port), port.officer(), adopted.clone(), &[]);
    }
    // In the order of their times; what each keeps of the other log stays true.
    pair.owning.entries.sort_by_key(|entry| entry.at);
    pair
}

fn scope(peer: bool, from: Option<i64>, until: Option<i64>) -> Scope {
    let peer = peer.then(|| "west-covina-ca-pd".parse().unwrap());
    Scope { peer, from: from.map(at), until: until.map(at) }
}

/// Each sort of extract: of a peer, of a period, of both, with entries before and behind it.
fn scopes() -> [Scope; 6] {
    [
        scope(true, None, None),
        scope(false, Some(20), None),
        scope(false, None, Some(20)),
        scope(false, Some(15), Some(41)),
        scope(true, Some(11), Some(40)),
        scope(true, Some(20), None),
    ]
}

fn told(extract: &Extract, pair: &Pair) -> Vec<(&'static str, String)> {
    let problems = extract.verified(&[&pair.covina, &pair.port]).problems;
    problems.into_iter().map(|one| (one.code, one.message)).collect()
}

#[test]
fn honest_extracts_hold() {
    let pair = pair();
    for scope in scopes() {
        let extract = pair.owning.extract(600, &scope);
        let report = extract.verified(&[&pair.covina, &pair.port]);
        assert!(report.ok, "{scope:?}: {:?}", report.problems);
        let own = extract.items.iter().filter(|item| !item.border && !item.judges).count();
        assert_eq!((report.entries, report.redacted), (own as u64, 0), "{scope:?}");
        let borders = extract.items.iter().filter(|item| item.border).count();
        assert_eq!(borders, usize::from(scope.from.is_some()) + usize::from(scope.until.is_some()));
        assert!(extract.items.iter().any(|item| item.judges) || scope.from.is_none());
    }
}

/// Whichever entry is left out: all but the header of one that is behind the period, without which nothing
/// behind it is known.
#[test]
fn no_entry_of_an_extract_is_left_out_unnoticed() {
    let pair = pair();
    for scope in scopes() {
        let honest = pair.owning.extract(600, &scope);
        for place in 0..honest.items.len() {
            let mut extract = honest.clone();
            let gone = extract.items.remove(place);
            let found = told(&extract, &pair);
            let last = place + 1 == honest.items.len();
            let expected = if last { "end" } else { "missing" };
            let told = found.iter().any(|(code, _)| *code == expected);
            assert!(told, "{scope:?} without {place}: {found:?}");
            if gone.judges {
                let own = found.iter().any(|(_, what)| what.contains("concern"));
                assert!(own, "{scope:?} without {place}: {found:?}");
            }
        }
    }
}

#[test]
fn no_entry_of_an_extract_stands_twice() {
    let pair = pair();
    for scope in scopes() {
        let honest = pair.owning.extract(600, &scope);
        for place in 0..honest.items.len() {
            let mut extract = honest.clone();
            extract.items.insert(place, honest.items[place].clone());
            let found = told(&extract, &pair);
            assert!(found.iter().any(|(code, _)| *code == "order"), "{place}: {found:?}");
            let numbered = !honest.items[place].judges || honest.items[place].border;
            let twice = found.iter().any(|(_, what)| what.contains("stands here twice"));
            let behind = found.iter().any(|(_, what)| what.contains("after the entry of"));
            assert_eq!(twice || behind, numbered, "{scope:?} {place}: {found:?}");
        }
    }
}

#[test]
fn an_extract_holds_what_is_of_its_scope_and_nothing_else() {
    let pair = pair();
    type Change = fn(&mut Extract, &[Item]);
    let of_peer = scope(true, Some(11), Some(40));
    let of_period = scope(false, Some(15), Some(41));
    let table: [(&Scope, &str, &str, Change); 15] = [
        (&of_peer, "scope", "only its header is here", |of, _| {
            let place = of.items.iter().position(|item| !item.border && !item.judges).unwrap();
            let item = &mut of.items[place];
            (item.border, item.entry.salt) = (true, None);
            (item.entry.body, item.entry.envelope) = (None, None);
        }),
        (&of_peer, "scope", "is not of the period", |of, all| {
            let place = of.items.iter().position(|item| item.border).unwrap();
            let index = header(&of.items[place]).index;
            of.items[place].entry = all[usize::try_from(index).unwrap()].entry.clone();
            of.items[place].border = false;
        }),
        (&of_peer, "scope", "is not of the period", |of, all| {
            let place = of.items.iter().rposition(|item| item.border).unwrap();
            let index = header(&of.items[place]).index;
            of.items[place].entry = all[usize::try_from(index).unwrap()].entry.clone();
            of.items[place].border = false;
        }),
        (&of_peer, "scope", "does not concern the agency itself", |of, _| {
            of.items.iter_mut().find(|item| !item.border && !item.judges).unwrap().judges = true;
        }),
        (&of_peer, "scope", "does not concern `west-covina-ca-pd`", |of, _| {
            of.items.iter_mut().find(|item| item.judges).unwrap().judges = false;
        }),
        (&of_period, "missing", "was left out", |of, _| {
            of.items.iter_mut().find(|item| item.judges).unwrap().judges = false;
        }),
        (&of_peer, "scope", "of an export of this scope", |of, _| of.head.at = at(601)),
        (&of_peer, "scope", "of an export of this scope", |of, _| {
            of.head.scope.from = Some(at(12));
        }),
        (&of_peer, "end", "the end was cut off", |of, _| of.head.entry += 1),
        (&of_peer, "scope", "stands after the entry of the export", |of, _| {
            of.head.entry -= 2;
            let last = of.items.pop().unwrap();
            let index = header(&last).index;
            of.items.push(last);
            of.head.entry = index;
            let again = of.items[of.items.len() - 1].clone();
            of.items.push(again);
        }),
        (&of_peer, "proof", "has no proof of its place", |of, _| of.items[1].inclusion = None),
        (&of_peer, "proof", "is not proven", |of, _| {
            of.items[1].inclusion.as_mut().unwrap()[0] = Digest::of(b"another");
        }),
        (&of_period, "proof", "is not proven", |of, _| {
            of.items[2].inclusion = of.items[1].inclusion.clone();
        }),
        // What comes before the period may have any number, and what comes in it may not.
        (&of_peer, "missing", "was left out", |of, _| drop(of.items.drain(..2))),
        (&of_period, "missing", "was left out", |of, _| {
            let first = of.items.iter().position(|item| item.border).unwrap();
            drop(of.items.drain(first..first + 2));
        }),
    ];
    for (n, (scope, code, what, change)) in table.into_iter().enumerate() {
        let mut extract = pair.owning.extract(600, scope);
        let all = pair.owning.extract(600, &Scope::default()).items;
        change(&mut extract, &all);
        let found = told(&extract, &pair);
        let told = found.iter().any(|(of, said)| *of == code && said.contains(what));
        assert!(told, "{n}, {code} {what}: {found:?}");
    }
}

/// A whole log has no borders, and nothing beside its entries.
#[test]
fn a_whole_log_holds_every_entry_as_one_of_its_own() {
    let pair = pair();
    let whole = pair.owning.extract(600, &Scope::default());
    assert_eq!(told(&whole, &pair), []);
    for change in [
        (|item: &mut Item| item.judges = true) as fn(&mut Item),
        (|item: &mut Item| (item.border, item.judges) = (true, true)) as fn(&mut Item),
    ] {
        let mut extract = whole.clone();
        change(&mut extract.items[0]);
        let found = told(&extract, &pair);
        assert!(found.iter().any(|(_, what)| what.contains("has no borders")), "{found:?}");
    }
    for (what, said, change) in [
        ("cut", "does not hold entry", (|of| drop(of.items.pop())) as fn(&mut Extract)),
        ("cut", "its signed head is of", |of| drop(of.items.pop())),
        ("one is gone", "it is missing: entry 3 stands in", |of| drop(of.items.remove(2))),
        ("two are gone", "entries 2 to 3 are missing: entry 4", |of| {
            drop(of.items.drain(2..4));
        }),
        ("another export", "of an export of this scope", |of| of.head.entry -= 1),
    ] {
        let mut extract = whole.clone();
        change(&mut extract);
        let found = told(&extract, &pair);
        assert!(found.iter().any(|(_, what)| what.contains(said)), "{what}: {found:?}");
        let report = extract.verified(&[&pair.covina, &pair.port]);
        assert_eq!(report.tree_holds(), what == "another export", "{what}");
    }
}

/// What an extract does not hold is counted, and called neither right nor wrong.
#[test]
fn what_repeats_an_entry_before_the_period_is_not_compared() {
    let pair = pair();
    let both = [&pair.covina, &pair.port];
    for (minute, expected) in
        [(None, 0), (Some(11), 1), (Some(12), 0), (Some(31), 1), (Some(41), 1)]
    {
        let scope = Scope { peer: Some(pair.port.id.clone()), from: minute.map(at), until: None };
        let report = pair.asking.extract(600, &scope).verified(&both);
        assert!(report.ok, "{minute:?}: {:?}", report.problems);
        assert_eq!(report.not_compared, expected, "from {minute:?}");
    }
    let scope = Scope { peer: Some(pair.covina.id.clone()), from: Some(at(41)), until: None };
    let report = pair.owning.extract(600, &scope).verified(&both);
    assert_eq!((report.ok, report.not_compared), (true, 1), "{:?}", report.problems);
}
