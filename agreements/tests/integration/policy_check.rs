//! `policy check` tells every fault in the order of the file, `policy diff` every value that differs, and
//! the text to fill in is a policy once it is filled in.

use agreements::policy::{Fault, Policy};

const TEXT: &str = include_str!("data/seventh-policy.toml");

fn keys(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.key.as_str()).collect()
}

#[test]
fn nothing_is_wrong_with_a_policy_that_is_adopted() {
    assert_eq!(Policy::check(TEXT), []);
    for name in Policy::builtin_names() {
        assert_eq!(Policy::check(Policy::builtin_text(name).unwrap()), [], "{name}");
    }
}

#[test]
fn every_fault_is_told_in_the_order_of_the_file() {
    let wrong = TEXT
        .replace("state = \"CA\"", "state = \"QQ\"")
        .replace("telling_words = 3", "telling_words = 0")
        .replace("most = 25", "most = 1000000000")
        .replace("means = [\"image\", \"status\"]", "means = []");
    let faults = Policy::check(&wrong);
    assert_eq!(
        keys(&faults),
        ["state", "reason.telling_words", "row_limit.most", "verification.means"]
    );
    assert!(faults.is_sorted_by_key(|fault| fault.line));
    assert!(faults.iter().all(|fault| fault.line.is_some()));
    let error = Policy::from_toml("mine.toml", &wrong).unwrap_err().to_string();
    assert!(error.contains("and 3 more; `accord policy check` tells them all"), "{error}");
}

#[test]
fn what_does_not_read_hides_nothing_else_that_does_not() {
    let wrong = TEXT
        .replace("demand = \"required\"", "demand = \"always\"")
        .replace("telling_words = 3", "telling_words = \"many\"")
        .replace("code = \"missing_person\"", "code = \"lost_person\"")
        .replace("[row_limit]", "[row_limits]");
    let faults = Policy::check(&wrong);
    let mut found = keys(&faults);
    found.sort_unstable();
    assert_eq!(found, ["case_number", "purposes", "reason", "row_limit", "row_limits"]);
    let expected = faults.iter().find(|fault| fault.key == "case_number").unwrap();
    assert!(expected.what.contains("`required`, `if_available`, `no`"), "{}", expected.what);
}

#[test]
fn a_change_is_told_value_by_value() {
    let before = Policy::from_toml("before", TEXT).unwrap();
    assert_eq!(before.differences(&before).unwrap(), []);
    let after = TEXT
        .replace("most = 25", "most = 50")
        .replace("every_days = 180", "every_years = 1")
        .replace("words = \"persons overboard or missing\"", "words = \"missing persons\"");
    let after = Policy::from_toml("after", &after).unwrap();
    let differing = before.differences(&after).unwrap();
    let told: Vec<_> = differing
        .iter()
        .map(|one| (one.key.as_str(), one.before.as_deref(), one.after.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "purposes.missing_person.words",
                Some("\"persons overboard or missing\""),
                Some("\"missing persons\"")
            ),
            ("row_limit.most", Some("25"), Some("50")),
            ("training.every_days", Some("180"), None),
            ("training.every_years", None, Some("1")),
        ]
    );
}

#[test]
fn the_text_to_fill_in_is_a_policy_once_it_is_filled_in() {
    let template = Policy::template();
    assert_ne!(Policy::check(template), []);
    let filled = template
        .replace("«your agency's id»", "harbor-ca-pd")
        .replace("[\"«1»\", \"«2»\"]", "[\"9\"]")
        .replace("«section»", "9.1");
    assert_eq!(Policy::check(&filled), []);
}

#[test]
fn what_may_not_be_meant_is_warned_of() {
    let warned = |text: &str| Policy::from_toml("mine", text).unwrap().warnings().join("\n");
    assert!(warned(TEXT).contains("release none; sign ones with `images = true`"));
    let escondido = warned(Policy::builtin_text("escondido-ca-pd").unwrap());
    assert!(escondido.contains("nobody is suspected where a child is missing"), "{escondido}");
}
