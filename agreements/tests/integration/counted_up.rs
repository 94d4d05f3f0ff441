//! Answers and refusals name the version of the rules, and a log is decided again by that version alone. What a
//! rule reads from files is part of it: whoever changes them counts up.

use agreements::decide::RULES;
use schemas::digest::Digest;

/// The version of the rules, and H of the words and laws that belong to it.
const COUNTED: (u32, &str) =
    (9, "d905ca42d8e71603f7d808757de96973e9e49ee71968c3f8fa7f37b905952e52");

const FILES: [&str; 8] = [
    include_str!("../../words/classes.toml"),
    include_str!("../../words/prohibited.toml"),
    include_str!("../../words/offences/persons.toml"),
    include_str!("../../words/offences/property.toml"),
    include_str!("../../words/offences/vice_and_weapons.toml"),
    include_str!("../../words/offences/traffic.toml"),
    include_str!("../../words/offences/public_order.toml"),
    include_str!("../../laws/california.toml"),
];

#[test]
fn whoever_changes_the_words_or_laws_of_the_rules_counts_up_their_version() {
    let digest = Digest::of(FILES.concat().as_bytes()).to_string();
    assert_eq!(
        (RULES, digest.as_str()),
        COUNTED,
        "words or laws were changed: count up RULES in agreements/src/decide.rs, and put both here"
    );
}
