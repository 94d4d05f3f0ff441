//! Which keys count, and until when: those that cards of pinned agencies name, as the log took them in.

use agreements::recorded::{self, Whose};
use audit::two_bundles::reconcile;
use schemas::body::Actor;
use schemas::card::Revocation;
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::cards::CardUpdated;

use crate::fabricated::{Agency, Log, Pair, at, pins};
use crate::papers::agreement;

/// The owner's log takes in cards of `covina`, the first confirmed by a person.
fn takes_in(pair: &mut Pair, cards: &[(i64, &Agency)]) {
    let (covina, port) = (pair.covina.clone(), pair.port.clone());
    for (nth, (minute, of)) in cards.iter().enumerate() {
        let version = of.card_said().version;
        let (event, actor) = match nth {
            0 => (of.confirmed(), port.officer()),
            _ => (Event::CardUpdated(CardUpdated { version }), Actor::peer(&covina.id)),
        };
        pair.owning.write(*minute, Some(&covina), actor, event, &[&of.card()]);
        pair.owning.cards.push(of.card());
    }
}

fn ended(log: &Log, pinned: &[&Agency]) -> Option<String> {
    let problems = log.verified(pinned).problems;
    let found = problems.into_iter().find(|one| one.code == "signed_with_ended_key");
    found.map(|one| one.message)
}

fn empty() -> Pair {
    let mut pair = Pair::honest();
    pair.owning.entries.clear();
    pair
}

/// What it is about, the cards after the first, who signs the query of minute 50, and which end of the key the
/// log had recorded by then: the instant that the card said, and the entry.
type Row<'a> = (&'a str, Vec<(i64, Agency)>, &'a Agency, Option<(i64, u64)>);

#[test]
fn a_key_ends_as_the_log_took_it_in() {
    let covina = Agency::new("west-covina-ca-pd", 1);
    let end = |minute| Revocation { key: covina.card_said().message_key, at: at(minute) };
    let next = covina.with_key(2, 201);
    let ends_at = |of: &Agency, version, minute| {
        of.with_card(version, |card| card.revocations = vec![end(minute)])
    };
    let third = next.with_key(3, 202);
    let again = covina.with_card(3, |_| {});
    let table: [Row<'_>; 10] = [
        ("one that stands", vec![], &covina, None),
        ("the one that came after it", vec![(5, ends_at(&next, 2, 5))], &next, None),
        ("one that ended", vec![(5, ends_at(&next, 2, 5))], &covina, Some((5, 1))),
        ("one that ends later", vec![(5, ends_at(&next, 2, 60))], &covina, None),
        // Left behind without a word.
        ("one that no card names any more", vec![(5, next.clone())], &covina, Some((5, 1))),
        (
            "one whose end was said twice",
            vec![(5, ends_at(&next, 2, 5)), (6, ends_at(&next, 3, 5))],
            &covina,
            Some((5, 1)),
        ),
        (
            "one whose end was said otherwise",
            vec![(5, ends_at(&next, 2, 5)), (6, ends_at(&next, 3, 6))],
            &covina,
            Some((6, 2)),
        ),
        (
            "one whose end a later card has no room for",
            vec![(5, ends_at(&next, 2, 5)), (6, third)],
            &covina,
            Some((5, 1)),
        ),
        ("one that is named again", vec![(5, ends_at(&next, 2, 5)), (6, again)], &covina, None),
        (
            "the one in between, which is left behind",
            vec![(5, ends_at(&next, 2, 5)), (6, covina.with_card(3, |_| {}))],
            &next,
            Some((6, 2)),
        ),
    ];
    for (what, cards, by, expected) in table {
        let mut pair = empty();
        let mut all = vec![(1, &covina)];
        all.extend(cards.iter().map(|(minute, of)| (*minute, of)));
        takes_in(&mut pair, &all);
        pair.answers(by, 50);
        let found = ended(&pair.owning, &[&covina, &pair.port]);
        let told = expected.map(|(minute, entry)| {
            let (key, agency) = (by.message_key(), &covina.id);
            let at = at(minute);
            format!("the key {key} of `{agency}`, whose end at {at} entry {entry} of this log")
        });
        assert_eq!(found.is_some(), told.is_some(), "{what}: {found:?}");
        if let Some(told) = told {
            assert!(found.as_ref().is_some_and(|said| said.contains(&told)), "{what}: {found:?}");
        }
    }
}

/// A message that was under way when its key ended counts for five minutes.
#[test]
fn what_is_under_way_when_its_key_ends_counts() {
    for (minute, over) in [(14, false), (15, false), (16, true)] {
        let mut pair = empty();
        let covina = pair.covina.clone();
        takes_in(&mut pair, &[(1, &covina), (5, &covina.with_ended_message_key(10))]);
        pair.answers(&covina, minute);
        assert_eq!(ended(&pair.owning, &[&covina, &pair.port]).is_some(), over, "{minute}");
    }
}

/// A card that the pinned key did not sign ends nothing, and neither does one that waits for a person.
#[test]
fn no_card_of_another_key_ends_one() {
    let mut pair = empty();
    let covina = pair.covina.clone();
    let false_one = Agency::new("west-covina-ca-pd", 77).with_foreign_end(&covina, 5);
    takes_in(&mut pair, &[(1, &covina), (5, &false_one)]);
    pair.owning.cards.pop();
    pair.answers(&covina, 50);
    assert_eq!(ended(&pair.owning, &[&covina, &pair.port]), None);
    let mut pair = empty();
    takes_in(&mut pair, &[(1, &covina)]);
    let waiting = covina.with_ended_message_key(5);
    let held = schemas::event::cards::CardHeld { version: 2, why: "its name is another".into() };
    let actor = Actor::peer(&covina.id);
    pair.owning.write(5, Some(&covina), actor, Event::CardHeld(held), &[&waiting.card()]);
    pair.answers(&covina, 50);
    assert_eq!(ended(&pair.owning, &[&covina, &pair.port]), None);
}

/// What an agency key signed stands when another one comes in its place; and of cards it is told where keys
/// are, not here.
#[test]
fn documents_of_an_agency_key_that_was_replaced_stand() {
    let covina = Agency::new("west-covina-ca-pd", 1);
    let next = covina.with_key(0, 203);
    let end = Revocation { key: covina.card_said().agency_key, at: at(5) };
    let ended_by = next.with_card(2, |card| card.revocations = vec![end]);
    for second in [next.clone(), ended_by] {
        let mut pair = empty();
        if second.card_said().revocations.is_empty() {
            takes_in(&mut pair, &[(1, &covina), (5, &second)]);
            let agreement = agreement(&pair);
            let signed = covina.sign_as_agency(Kind::Agreement, agreement.to_toml().unwrap());
            let event = recorded::of_agreement(&agreement, Whose::Peer);
            pair.owning.write(51, Some(&covina), Actor::peer(&covina.id), event, &[&signed]);
        } else {
            takes_in(&mut pair, &[(1, &covina), (5, &second), (50, &covina)]);
        }
        let fingerprints =
            [&covina, &next].map(|one| one.card_said().agency_key.fingerprint()).to_vec();
        let mut pinned = pins(&[&pair.port]);
        pinned.insert(covina.id.clone(), fingerprints);
        let report = pair.owning.file().check(&pinned, |_, _, _, _| {}).unwrap();
        let found = report.problems.iter().find(|one| one.code == "signed_with_ended_key");
        assert_eq!(found, None);
    }
}

/// Each message key that a card names counts, and without a card of a pinned agency none of it does.
#[test]
fn an_agency_signs_by_the_keys_that_its_cards_name() {
    let covina = Agency::new("west-covina-ca-pd", 1);
    let next = covina.with_key(2, 201);
    for (named, by, counts) in [
        (vec![&covina], &covina, true),
        (vec![&covina, &next], &next, true),
        (vec![], &covina, false),
    ] {
        let mut pair = empty();
        pair.owning.cards.truncate(1);
        pair.owning.cards.extend(named.iter().map(|of| of.card()));
        pair.answers(by, 50);
        let report = pair.owning.verified(&[&covina, &pair.port]);
        let unsigned = report.problems.iter().any(|one| {
            one.code == "signature"
                && one.message.starts_with("the query beside it has to be signed")
        });
        assert_eq!((report.ok, unsigned), (counts, !counts), "{:?}", report.problems);
        assert!(report.unpinned.is_empty());
    }
    // Nor does a log whose own card is not there.
    let mut pair = empty();
    pair.owning.cards.remove(0);
    let report = pair.owning.verified(&[&covina, &pair.port]);
    let told = report.problems.iter().any(|one| one.message.contains("there is no card of"));
    assert!(told, "{:?}", report.problems);
}

/// A head that the other side keeps tells against an agency, although its own bundle no longer shows the card
/// of the key that signed that head, whichever bundle is named first.
#[test]
fn the_cards_of_both_bundles_count_for_both() {
    use audit::reconcile::Class;

    let mut pair = Pair::honest();
    let next = pair.covina.with_key(3, 202);
    pair.asking.entries.clear();
    pair.asking.of = next.clone();
    pair.asking.cards[0] = next.card();
    let pinned = pins(&[&pair.covina, &pair.port]);
    for turned in [false, true] {
        let mut logs = [&pair.asking, &pair.owning];
        if turned {
            logs.reverse();
        }
        let report = reconcile(&mut logs.map(Log::file), &pinned, 0).unwrap().report;
        let found = report.findings.iter().find(|one| one.class == Class::Omitted);
        let found = found.unwrap_or_else(|| panic!("{turned}: {report:#?}"));
        assert_eq!(found.agency.as_ref(), Some(&pair.covina.id));
    }
}
