//! Signed notes: the specification's example, and what is not a note or not to be believed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use schemas::key::SecretKey;
use schemas::note::{LARGEST, MOST_SIGNATURES, Note, NoteError, SignatureLine, Signer, Vkey};

const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
/// Of nobody: a line that is a signature in form only.
const FOREIGN: &str = "— example.net/elsewhere AAAAAAA=";

fn signer(name: &str, seed: u8) -> Signer {
    Signer::new(name.parse().unwrap(), SecretKey::from_seed(&[seed; 32]))
}

fn signed(text: &str) -> Note {
    Note::sign(text.to_owned(), &signer("example.org/a", 1)).unwrap()
}

fn names<'k>(
    note: &Note,
    trusted: impl IntoIterator<Item = &'k Vkey>,
) -> Result<Vec<String>, NoteError> {
    Ok(note.open(trusted)?.iter().map(|verified| verified.key.name().to_string()).collect())
}

/// Another signature of the key that signed `note`: over another text.
fn forged(seed: u8, name: &str) -> SignatureLine {
    let other = Note::sign("another text\n".to_owned(), &signer(name, seed)).unwrap();
    other.signatures().first().unwrap().clone()
}

#[test]
fn the_specifications_example_opens() {
    let key: Vkey = EXAMPLE_KEY.parse().unwrap();
    let note = Note::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(note.unverified_text(), "This is an example message.\n");
    assert_eq!(names(&note, [&key]), Ok(vec!["example.com/foo".to_owned()]));
    assert_eq!(note.to_string(), EXAMPLE);
    let changed = Note::parse(EXAMPLE.replace("example message", "Example message").as_bytes());
    let refused = Err(NoteError::Signature("example.com/foo".parse().unwrap()));
    assert_eq!(names(&changed.unwrap(), [&key]), refused);
}

#[test]
fn the_last_empty_line_divides_the_text_from_the_signatures() {
    let key = signer("example.org/a", 1).vkey();
    for text in ["a\n", "\n", "a\n\nb\n", "a\n\n", "a\n\n\n", "\n\n\n", "— a b\n\n— a b\n"] {
        let note = signed(text);
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(read, note, "{text:?}");
        assert_eq!(read.unverified_text(), text);
        assert!(read.open([&key]).is_ok(), "{text:?}");
    }
}

#[test]
fn what_is_not_a_note_is_refused_with_the_reason() {
    let with = |lines: &str| format!("text\n\n{lines}").into_bytes();
    let line = |name: &str, bytes: usize| format!("— {name} {}\n", BASE64.encode(vec![1; bytes]));
    assert!(Note::parse(&with(&line("a", 5))).is_ok());
    assert!(Note::parse(&with(&format!("{}{FOREIGN}\n", line("a", 5)))).is_ok());
    for (bytes, why) in [
        (vec![], "no empty line"),
        (b"text\n".to_vec(), "no empty line"),
        (line("a", 5).into_bytes(), "no empty line"),
        (format!("\n{}", line("a", 5)).into_bytes(), "no empty line"),
        (with(""), "no line feed at its end"),
        (with(FOREIGN), "no line feed at its end"),
        (with(&format!("{}\n", line("a", 5))), "no line feed at its end"),
        (with(&format!("{}text\n", line("a", 5))), "a signature line"),
        (with(&line("a", 5).replace('—', "-")), "a signature line"),
        (with(&line("a", 5).replace("— ", "—")), "a signature line"),
        (with(&line("a", 5).replace("— ", "—  ")), "a signature line"),
        (with(&line("a", 5).replace("a ", "a  ")), "a signature line"),
        (with(&line("a", 5).replace('\n', " \n")), "a signature line"),
        (with(&line("a", 5).replace('=', "")), "a signature line"),
        // The last character holds bits that no byte has.
        (with(&line("a", 5).replace("QE=", "QF=")), "a signature line"),
        (with(&line("a", 4)), "a signature line"),
        (with("— a \n"), "a signature line"),
        (with("— a\n"), "a signature line"),
        (with(&line("a+b", 5)), "not a key name"),
        (with(&line("a\u{a0}b", 5)), "not a key name"),
        (with(&line("a", 5).replace('\n', "\r\n")), "a control character"),
        ([b"te\txt\n\n", line("a", 5).as_bytes()].concat(), "a control character"),
        ([b"te\0xt\n\n", line("a", 5).as_bytes()].concat(), "a control character"),
        ([b"te\xffxt\n\n", line("a", 5).as_bytes()].concat(), "not UTF-8"),
        (with(&line("a", LARGEST)), "exceeds"),
    ] {
        let error = Note::parse(&bytes).unwrap_err().to_string();
        let shown: String = String::from_utf8_lossy(&bytes).chars().take(60).collect();
        assert!(error.contains(why), "{shown:?}: {error}");
    }
}

#[test]
fn sixteen_signatures_and_more_are_accepted_but_not_any_number() {
    let mut note = signed("text\n");
    for number in 1..MOST_SIGNATURES {
        // As long as a post-quantum signature.
        let bytes = [number.to_be_bytes().as_slice(), &[0; 2_432]].concat();
        note.add(format!("— n{number} {}", BASE64.encode(bytes)).parse().unwrap()).unwrap();
    }
    const { assert!(MOST_SIGNATURES >= 16) };
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read.signatures().len(), MOST_SIGNATURES);
    assert!(read.open([&signer("example.org/a", 1).vkey()]).is_ok());
    let before = note.clone();
    assert_eq!(note.add(FOREIGN.parse().unwrap()), Err(NoteError::TooManySignatures));
    assert_eq!(note, before);
    let many = Note::parse(format!("{note}{FOREIGN}\n").as_bytes());
    assert_eq!(many, Err(NoteError::TooManySignatures));
}

#[test]
fn a_note_that_nobody_would_read_is_not_made() {
    let large = format!("{}\n", "a".repeat(LARGEST));
    let made = Note::sign(large, &signer("a", 1));
    assert!(matches!(made, Err(NoteError::TooLarge(_))));
    let mut note = signed(&format!("{}\n", "a".repeat(LARGEST - 200)));
    let before = note.clone();
    let line = format!("— b {}", BASE64.encode([0; 200])).parse().unwrap();
    assert!(matches!(note.add(line), Err(NoteError::TooLarge(_))));
    assert_eq!(note, before);
    for text in ["", "no line feed", "a\rb\n", "a\tb\n"] {
        let made = Note::sign(text.to_owned(), &signer("a", 1));
        assert!(matches!(made, Err(NoteError::Form(_))), "{text:?}");
    }
}

/// The rules of opening: which lines count, and which make the whole note invalid.
#[test]
fn opening_follows_the_specification() {
    let (a, b, c) =
        (signer("example.org/a", 1), signer("example.org/b", 2), signer("example.org/c", 3));
    let (a_key, b_key, c_key) = (a.vkey(), b.vkey(), c.vkey());
    let name = |key: &Vkey| key.name().to_string();
    let by = |signer: &Signer| {
        let note = Note::sign("text\n".to_owned(), signer).unwrap();
        note.signatures().first().unwrap().clone()
    };
    let foreign: SignatureLine = FOREIGN.parse().unwrap();
    // A key of the same name as a trusted one, which therefore has another id.
    let namesake = by(&signer("example.org/b", 9));
    // The id of a trusted key under another name, signed by nobody.
    let same_id = by(&b).to_string().replace("example.org/b", "example.org/d").parse().unwrap();
    let check = |case: &str, lines: &[&SignatureLine], trusted: &[&Vkey], expected| {
        let mut note = Note::sign("text\n".to_owned(), &a).unwrap();
        lines.iter().for_each(|line| note.add((*line).clone()).unwrap());
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(names(&read, trusted.iter().copied()), expected, "{case}");
    };
    check("nobody is trusted", &[], &[], Err(NoteError::Untrusted));
    check("only others signed", &[&foreign], &[&b_key], Err(NoteError::Untrusted));
    check("one is enough", &[&foreign], &[&b_key, &a_key], Ok(vec![name(&a_key)]));
    check(
        "each that signed is told, in the order of the lines",
        &[&by(&b)],
        &[&c_key, &b_key, &a_key],
        Ok(vec![name(&a_key), name(&b_key)]),
    );
    check("a namesake is ignored", &[&namesake], &[&a_key, &b_key], Ok(vec![name(&a_key)]));
    check("the same id is ignored", &[&same_id], &[&a_key, &b_key], Ok(vec![name(&a_key)]));
    let forged = forged(2, "example.org/b");
    check(
        "a trusted key's bad signature spoils the rest",
        &[&forged],
        &[&a_key, &b_key],
        Err(NoteError::Signature(b_key.name().clone())),
    );
    check(
        "the same bad signature is ignored from a key that is not trusted",
        &[&forged],
        &[&a_key],
        Ok(vec![name(&a_key)]),
    );
    check(
        "a later signature takes the place of the same key's earlier one",
        &[&forged, &by(&b)],
        &[&b_key],
        Ok(vec![name(&b_key)]),
    );
    check("a key listed twice is one key", &[], &[&a_key, &a_key], Ok(vec![name(&a_key)]));
}

/// Ids are short: two keys of one name can have the same one. Nobody trusts both by accident.
#[test]
fn two_trusted_keys_that_share_name_and_id_are_ambiguous() {
    let [a, b] = [20_926_u32, 26_315].map(|number| {
        let mut seed = [0; 32];
        seed.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, value)| *byte = value);
        Signer::new("example.org/a".parse().unwrap(), SecretKey::from_seed(&seed))
    });
    let (a_key, b_key) = (a.vkey(), b.vkey());
    assert!(a_key != b_key && a_key.id() == b_key.id());
    let note = Note::sign("text\n".to_owned(), &a).unwrap();
    let name = || a_key.name().clone();
    assert_eq!(names(&note, [&a_key, &b_key]), Err(NoteError::Ambiguous(name())));
    assert_eq!(names(&note, [&b_key]), Err(NoteError::Signature(name())));
    assert_eq!(names(&note, [&a_key]), Ok(vec![name().to_string()]));
}

/// A note that came with two lines by one key: both count, and the key is told once.
#[test]
fn every_line_by_a_trusted_key_must_hold() {
    let key = signer("example.org/a", 1).vkey();
    let twice = |line: &SignatureLine| {
        Note::parse(format!("{}{line}\n", signed("text\n")).as_bytes()).unwrap()
    };
    let note = signed("text\n");
    let good = twice(note.signatures().first().unwrap());
    assert_eq!(names(&good, [&key]), Ok(vec!["example.org/a".to_owned()]));
    let bad = twice(&forged(1, "example.org/a"));
    let refused = Err(NoteError::Signature(key.name().clone()));
    assert_eq!(names(&bad, [&key]), refused);
}

proptest! {
    #[test]
    fn a_note_has_one_form(text in "[^\u{0}-\u{1f}]{0,20}(\n[^\u{0}-\u{1f}]{0,20}){0,4}\n") {
        let note = signed(&text);
        prop_assert_eq!(Note::parse(note.to_string().as_bytes()), Ok(note));
    }

    #[test]
    fn any_flipped_bit_is_detected(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = signed("some text\nof two lines\n").to_string().into_bytes();
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        let key = signer("example.org/a", 1).vkey();
        prop_assert!(!Note::parse(&bytes).is_ok_and(|note| note.open([&key]).is_ok()));
    }

    #[test]
    fn what_is_read_prints_as_it_was(bytes in "(a|b|\n){0,4}\n\n(— (a|b|/){1,2} [A-Za-z0-9]{8}\n){1,4}") {
        if let Ok(note) = Note::parse(bytes.as_bytes()) {
            prop_assert_eq!(note.to_string(), bytes);
        }
    }
}
