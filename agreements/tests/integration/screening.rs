//! What must hold of the screening, whatever is written.

use agreements::decide::decline;
use agreements::policy::{OwnOffense, Policy, Prohibition};
use agreements::screening::{Certainty, forbidden_uses, listed_offenses, typed};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use schemas::query::Query;
use schemas::refusal::RefusalCode;
use schemas::text::Text;

use crate::fixtures;
use crate::reasons::{HAND_MADE, given};

fn refused_as(policy: &Policy, query: &Query, code: RefusalCode) -> bool {
    let reasons = decline(policy, query, fixtures::now());
    reasons.is_some_and(|reasons| reasons.as_slice().iter().any(|reason| reason.code == code))
}

/// A query whose offence and number are in order, so that nothing but a forbidden use is in its way.
fn asked(reason: &str) -> Query {
    let id = |text: &str| text.parse().unwrap();
    let mut query = fixtures::query(&id("asking-ca-pd"), &id("owning-ca-pd"));
    query.why.case = "26-001234".parse().unwrap();
    query.why.offenses = vec!["VC 10851".parse().unwrap()];
    query.why.reason = reason.parse().unwrap();
    query
}

fn prohibited(reason: &str) -> bool {
    let policy = fixtures::policy("california-statute");
    refused_as(&policy, &asked(reason), RefusalCode::PurposeProhibited)
}

/// Whether the words that betray a use stand in the text as they are listed: one that is disguised already
/// is not disguised once more.
fn plainly(text: &str) -> bool {
    let small = text.to_lowercase();
    let words: Vec<&str> = small.split([' ', ',', '/', '.', '\'']).collect();
    let betrayed = forbidden_uses(&asked(text).why).unwrap();
    betrayed.iter().flat_map(|found| found.words.split(' ')).all(|word| words.contains(&word))
}

/// Reasons of the hand-made set that are refused as forbidden uses beside an offence in order.
fn refused_reasons() -> Vec<&'static str> {
    let all = given(HAND_MADE).into_iter().filter(|one| one.expected == "prohibited");
    let all = all.map(|one| one.text).filter(|text| prohibited(text) && plainly(text));
    let all: Vec<_> = all.collect();
    assert!(all.len() >= 40, "{}", all.len());
    all
}

/// Reasons that a medium reader accepts.
fn accepted_reasons() -> Vec<&'static str> {
    let all = given(HAND_MADE).into_iter();
    let all = all.filter(|one| one.expected.len() == 3 && one.expected.as_bytes()[1] == b'y');
    all.map(|one| one.text).collect()
}

/// A letter of one long word of a text changed, left out, doubled or swapped with the next.
fn misspelt(text: &str, word: Index, at: Index, how: u8) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let long = |word: &&mut String| word.len() >= 8 && word.bytes().all(|b| b.is_ascii_lowercase());
    let mut all: Vec<&mut String> = words.iter_mut().filter(long).collect();
    if all.is_empty() {
        return text.to_owned();
    }
    let chosen = word.index(all.len());
    let mut letters: Vec<char> = all[chosen].chars().collect();
    // Not the first: a word is known by it.
    let place = 1 + at.index(letters.len() - 2);
    match how {
        0 => letters[place] = 'q',
        1 => drop(letters.remove(place)),
        2 => letters.insert(place, letters[place]),
        _ => letters.swap(place, place + 1),
    }
    *all[chosen] = letters.into_iter().collect();
    words.join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn case_spacing_and_order_never_let_a_forbidden_use_pass(
        text in select(refused_reasons()),
        capitals in any::<u32>(),
        space in any::<Index>(),
        swap in any::<(Index, Index)>(),
    ) {
        let cased: String = text.chars().enumerate().map(|(at, c)| {
            if capitals >> (at % 32) & 1 == 1 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
        }).collect();
        prop_assert!(prohibited(&cased), "{cased}");
        let letters: Vec<char> = text.chars().collect();
        let mut spaced: String = letters.iter().collect();
        let at = space.index(letters.len());
        let within = at > 0
            && letters[at - 1].is_ascii_lowercase()
            && letters[at].is_ascii_lowercase();
        if within {
            spaced.insert(at, ' ');
            prop_assert!(prohibited(&spaced), "{spaced}");
        }
        let mut words: Vec<&str> = text.split(' ').collect();
        let count = words.len();
        words.swap(swap.0.index(count), swap.1.index(count));
        let shuffled = words.join(" ");
        prop_assert!(prohibited(&shuffled), "{shuffled}");
    }

    #[test]
    fn a_mistake_in_a_long_word_never_lets_a_forbidden_use_pass(
        text in select(refused_reasons()),
        word in any::<Index>(),
        at in any::<Index>(),
        how in 0u8..4,
    ) {
        let wrong = misspelt(text, word, at, how);
        prop_assert!(prohibited(&wrong), "{wrong}");
    }

    #[test]
    fn an_offence_more_never_makes_a_reason_vague(
        text in select(accepted_reasons()),
        offence in select(vec!["459 PC", "robbery", "hit and run", "homicide", "10851(a) VC", "stolen vehicle", "DUI", "warrant", "missing person"]),
        first in any::<bool>(),
    ) {
        let policy = fixtures::policy("california-statute");
        let mut query = asked(text);
        query.why.offenses.clear();
        let before = refused_as(&policy, &query, RefusalCode::ReasonVague);
        let more = if first { format!("{offence}, {text}") } else { format!("{text}, {offence}") };
        query.why.reason = more.parse().unwrap();
        let after = refused_as(&policy, &query, RefusalCode::ReasonVague);
        prop_assert!(before || !after, "{more}");
    }

    #[test]
    fn no_text_is_too_odd_to_be_read(text in "\\PC{0,400}", mixed in "[a-z0-9().,/ &@$!ICEé§-]{0,200}") {
        for text in [text, mixed] {
            let Ok(text) = text.parse::<Text>() else { continue };
            let mut query = asked("");
            query.why.reason = text;
            let policy = fixtures::policy("california-statute");
            let first = decline(&policy, &query, fixtures::now());
            prop_assert_eq!(&first, &decline(&policy, &query, fixtures::now()));
            prop_assert!(forbidden_uses(&query.why).is_some());
            let why = typed(&query.why, &policy.reason);
            prop_assert_eq!(&why, &typed(&why, &policy.reason), "what is typed stays");
        }
    }
}

#[test]
fn what_stands_in_the_words_is_typed() {
    let policy = fixtures::policy("california-statute");
    for (offense, reason, offenses, role) in [
        ("", "459 PC, suspect vehicle, case 26-123", vec!["PC 459"], Some("suspect")),
        ("", "hit and run, victim vehicle", vec!["hit_and_run"], Some("victim")),
        ("459/460 PC", "robbery", vec!["PC 459", "PC 460"], None),
        ("", "stolen veh", vec!["stolen_vehicle"], Some("stolen")),
        ("", "10851", vec!["VC 10851"], Some("stolen")),
        ("", "missing juvenile", vec!["missing_person"], Some("missing_person")),
        ("", "245(a)(2)PC w gun", vec!["PC 245(a)(2)"], None),
        ("", "inv", vec![], None),
    ] {
        let mut query = asked(reason);
        query.why.offenses.clear();
        query.why.offense = offense.parse().unwrap();
        let why = typed(&query.why, &policy.reason);
        let found: Vec<_> = why.offenses.iter().map(ToString::to_string).collect();
        assert_eq!(found, offenses, "{offense} {reason}");
        assert_eq!(why.vehicle_role.map(|role| role.to_string()).as_deref(), role, "{reason}");
    }
}

/// What is doubtful of a query, under the statute's minimum.
fn doubtful(query: &Query) -> Vec<String> {
    fixtures::policy("california-statute").doubtful_uses(&query.why, &query.elements)
}

#[test]
fn forbidden_words_are_found_wherever_they_are_written() {
    let policy = fixtures::policy("california-statute");
    let fair = asked("stolen vehicle, taken from a driveway");
    assert!(!refused_as(&policy, &fair, RefusalCode::PurposeProhibited));
    let mut role = fair.clone();
    role.why.vehicle_role = Some("other: driver is an ICE detainer".parse().unwrap());
    let mut code = fair.clone();
    code.why.offenses.push("ice_detainer".parse().unwrap());
    let mut codes = fair;
    codes.why.offenses = vec!["immigration".parse().unwrap(), "own_code".parse().unwrap()];
    for (place, query) in [("role", role), ("code", code), ("codes", codes)] {
        assert!(refused_as(&policy, &query, RefusalCode::PurposeProhibited), "{place}");
    }
}

#[test]
fn codes_of_the_published_list_betray_nothing() {
    for listed in listed_offenses() {
        let mut query = asked("taken from a driveway");
        query.why.offenses = vec![listed.code.parse().unwrap()];
        assert_eq!(forbidden_uses(&query.why), Some(Vec::new()), "{}", listed.code);
    }
}

#[test]
fn a_section_of_no_list_excuses_nothing() {
    // The same words beside an offence that is listed, and beside one that nobody wrote into law.
    for (reason, clear) in [
        ("immigrant, robbery", false),
        ("immigrant, 9999 PC", true),
        ("immigrant 98765(z) BP", true),
        ("the protest, robbery", false),
    ] {
        assert_eq!(prohibited(reason), clear, "{reason}");
    }
    let mut mentioned = asked("the protest, robbery");
    mentioned.why.offenses.clear();
    assert_eq!(doubtful(&mentioned), Vec::<String>::new());
    mentioned.why.reason = "the protest, 9999 PC".parse().unwrap();
    assert!(doubtful(&mentioned).concat().contains("protest"), "{:?}", doubtful(&mentioned));
}

#[test]
fn a_section_of_no_list_leaves_traffic_enforcement_doubtful() {
    let found = |reason: &str| {
        let mut query = asked(reason);
        query.why.offenses.clear();
        let found = forbidden_uses(&query.why).unwrap();
        let traffic = Prohibition::TrafficEnforcement;
        found.into_iter().find(|found| found.prohibition == traffic).map(|found| found.certainty)
    };
    assert_eq!(found("speeding"), Some(Certainty::Clear));
    assert_eq!(found("speeding, 9999 PC"), Some(Certainty::Doubtful));
    assert_eq!(found("speeding, robbery"), None);
}

#[test]
fn letters_that_are_read_as_no_plain_ones_leave_it_doubtful() {
    assert!(prohibited("ɪᴄᴇ ᴅᴇᴛᴀɪɴᴇʀ") && prohibited("ⅰce detainer") && prohibited("🅸🅲🅴 hold"));
    for (reason, looked_at) in [
        ("stolen from José’s garage — ﬁrearm inside", true),
        ("stolen from a garage 車", false),
        ("stolen from a garage, ждж", false),
    ] {
        assert_eq!(doubtful(&asked(reason)).is_empty(), looked_at, "{reason}");
    }
}

#[test]
fn an_agencys_own_words_are_split_as_a_reason_is() {
    for (own, reason) in [
        ("H&R", "suspect h & r"),
        ("S.W.A.T.", "suspect SWAT"),
        ("Señal Uno", "suspect senal uno"),
        ("2-Adam", "suspect 2 adam"),
    ] {
        let mut policy = fixtures::policy("california-statute");
        policy.reason.offenses.push(OwnOffense {
            code: "own_code".parse().unwrap(),
            name: "Ours".parse().unwrap(),
            words: vec![own.parse().unwrap()],
        });
        let mut query = asked(reason);
        query.why.offenses.clear();
        let found = typed(&query.why, &policy.reason).offenses;
        assert!(found.iter().any(|code| code.as_str() == "own_code"), "{own}: {found:?}");
    }
}
