//! Every sentence of the five policies' texts is accounted for: a value states it, a duty does, or
//! it is outside software for a reason.
//!
//! The texts are not in the repository. The inventory in `policies/coverage` holds of each sentence
//! its section, its first words and a digest; with `ACCORD_POLICY_TEXTS` naming a folder of the
//! texts, the inventory is made again from them and must be the same.

mod sentences;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use agreements::policy::{Cited, Policy, SectionRef};
use schemas::digest::{Digest, hex};
use serde::Deserialize;

use sentences::sentences;

/// Names the folder of the texts.
const TEXTS: &str = "ACCORD_POLICY_TEXTS";
/// How many words `begins` holds at most.
const BEGINS: usize = 6;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    policy: String,
    /// The file of the text.
    text: String,
    /// Lines that are no sentences: the title, and what recurs on pages.
    heads: Vec<String>,
    #[serde(rename = "sentence")]
    sentences: Vec<Sentence>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    at: String,
    n: usize,
    begins: String,
    digest: String,
    #[serde(default)]
    value: Vec<String>,
    #[serde(default)]
    duty: bool,
    #[serde(default)]
    outside: String,
}

impl Sentence {
    fn named(&self) -> String {
        format!("{} sentence {} (`{}`)", self.at, self.n, self.begins)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/coverage")
}

fn coverage(name: &str) -> Coverage {
    let file = folder().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn policy(name: &str) -> Policy {
    let text = Policy::builtin_text(name).unwrap_or_else(|| panic!("no policy `{name}`"));
    Policy::from_toml(name, text).unwrap()
}

/// The built-in policies of agencies: all but the law's minimum.
fn of_agencies() -> Vec<&'static str> {
    Policy::builtin_names().into_iter().filter(|name| policy(name).agency.is_some()).collect()
}

/// Whether one section is the other or stands within it: `461.7(a)1` within `461.7(a)`.
fn within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| match rest.chars().next() {
        None | Some('(' | '.') => true,
        Some(next) => outer.ends_with(')') && next.is_ascii_digit(),
    })
}

fn related(one: &str, other: &str) -> bool {
    within(one, other) || within(other, one)
}

fn own(value: &dyn Cited) -> impl Iterator<Item = &SectionRef> {
    value.sections().iter().filter(|place| place.of.is_none())
}

fn cites(value: &dyn Cited, section: &str) -> bool {
    own(value).any(|place| related(&place.section, section))
}

/// What does not hold between an inventory and its policy.
fn problems(coverage: &Coverage, policy: &Policy) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let values = policy.values();
    let known = |key: &str| values.iter().filter(|(k, _)| k == key).collect::<Vec<_>>();
    for sentence in &coverage.sentences {
        let name = sentence.named();
        let n = counted.entry(&sentence.at).or_default();
        *n += 1;
        if sentence.n != *n {
            wrong.push(format!("{name}: this is sentence {n} of its section"));
        }
        let words = sentence.begins.split_whitespace().count();
        if words == 0 || words > BEGINS {
            wrong.push(format!("{name}: `begins` holds {words} words; expected 1 to {BEGINS}"));
        }
        let digits = sentence.digest.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        if !digits || sentence.digest.len() != 16 {
            wrong.push(format!("{name}: `{}` is no digest of 16 digits", sentence.digest));
        }
        let said = [!sentence.value.is_empty(), sentence.duty, !sentence.outside.trim().is_empty()];
        match said.iter().filter(|said| **said).count() {
            1 => {}
            0 => wrong.push(format!("{name}: neither `value` nor `duty` nor `outside`")),
            _ => wrong.push(format!("{name}: more than one of `value`, `duty` and `outside`")),
        }
        for key in &sentence.value {
            let named = known(key);
            if named.is_empty() || key == "duties" {
                wrong.push(format!("{name}: the policy has no value `{key}`"));
            } else if !named.iter().any(|(_, value)| cites(*value, &sentence.at)) {
                wrong.push(format!("{name}: `{key}` does not cite {}", sentence.at));
            }
        }
        if sentence.duty && !policy.duties.iter().any(|duty| cites(duty, &sentence.at)) {
            wrong.push(format!("{name}: no duty cites {}", sentence.at));
        }
    }
    wrong.extend(unfounded(coverage, policy));
    wrong
}

/// The other way: what the policy cites of its own text without a sentence there.
fn unfounded(coverage: &Coverage, policy: &Policy) -> Vec<String> {
    let sections: BTreeSet<&str> = coverage.sentences.iter().map(|s| s.at.as_str()).collect();
    let mut wrong = Vec::new();
    for (key, value) in policy.values() {
        let missing = own(value).filter(|place| !sections.contains(place.section.as_str()));
        wrong.extend(missing.map(|place| format!("`{key}` cites {place}, where nothing stands")));
    }
    // A value that is no setting stands in the text: a sentence of each section that it cites.
    for (key, places) in demanded(policy) {
        for place in places {
            let stated = coverage
                .sentences
                .iter()
                .any(|s| s.value.contains(&key) && related(&s.at, &place.section));
            if !stated {
                wrong.push(format!("`{key}` cites {place}, but no sentence there is its own"));
            }
        }
    }
    wrong
}

/// The values that the text demands as they are, and where: those without a `setting`.
fn demanded(policy: &Policy) -> Vec<(String, Vec<SectionRef>)> {
    let written: toml::Value = toml::from_str(&toml::to_string(policy).unwrap()).unwrap();
    let chosen = |key: &str| {
        let mut value = &written;
        for part in key.split('.') {
            let Some(inner) = value.get(part) else { return false };
            value = inner;
        }
        value.get("setting").is_some()
    };
    let purpose = |key: &str| {
        let code = key.strip_prefix("purposes.");
        policy.purposes.iter().any(|p| Some(p.code.code()) == code && p.setting.is_some())
    };
    policy
        .values()
        .into_iter()
        .filter(|(key, _)| !matches!(key.as_str(), "duties" | "prohibited"))
        .filter(|(key, _)| !chosen(key) && !purpose(key))
        .map(|(key, value)| (key, own(value).cloned().collect()))
        .collect()
}

#[test]
fn every_sentence_is_accounted_for_and_every_citation_stands() {
    let mut wrong = Vec::new();
    for name in of_agencies() {
        let coverage = coverage(name);
        assert_eq!(coverage.policy, name);
        wrong
            .extend(problems(&coverage, &policy(name)).into_iter().map(|p| format!("{name}: {p}")));
    }
    assert!(wrong.is_empty(), "{} problems\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_policy_of_an_agency_has_an_inventory_and_none_is_without_policy() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let found: BTreeSet<String> =
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(found, of_agencies().into_iter().map(str::to_owned).collect());
}

#[test]
fn each_fault_of_an_inventory_is_found() {
    type Spoil = fn(&mut Vec<Sentence>, usize);
    let faults: [(&str, &str, Spoil); 11] = [
        ("461.2", "this is sentence 3 of its section", |all, i| all[i + 2].n = 6),
        ("461.3", "this is sentence 1 of its section", |all, i| drop(all.remove(i))),
        ("461.1", "`begins` holds 7 words", |all, i| all[i].begins += " provide"),
        ("461.1", "is no digest", |all, i| all[i].digest += "0"),
        ("461.1", "neither `value` nor", |all, i| all[i].outside.clear()),
        ("461.1", "more than one of", |all, i| all[i].duty = true),
        ("461.2", "the policy has no value `people`", |all, i| {
            all[i].value = vec!["people".into()]
        }),
        ("461.2", "`training` does not cite 461.2", |all, i| {
            all[i].value = vec!["training".into()]
        }),
        ("461.1", "no duty cites 461.1", |all, i| all[i].duty = true),
        ("461.3(f)", "`verification` cites 461.3(f), where nothing", |all, i| drop(all.remove(i))),
        ("461.8", "`training` cites 461.8, but no sentence", |all, i| all[i].value.clear()),
    ];
    for (at, expected, spoil) in faults {
        let mut spoilt = coverage("indio-ca-pd");
        let i = spoilt.sentences.iter().position(|s| s.at == at).unwrap();
        spoil(&mut spoilt.sentences, i);
        let found = problems(&spoilt, &policy("indio-ca-pd"));
        assert!(found.iter().any(|p| p.contains(expected)), "`{expected}` is not in {found:#?}");
    }
}

/// As much of a sentence's digest as tells it apart.
fn shortened(sentence: &str) -> String {
    hex(Digest::of(sentence.as_bytes()).as_bytes()).chars().take(16).collect()
}

/// How an inventory differs from the text.
fn differences(coverage: &Coverage, text: &str) -> Vec<String> {
    let found = sentences(text, &coverage.heads);
    let mut wrong = Vec::new();
    if found.len() != coverage.sentences.len() {
        wrong.push(format!(
            "the text has {} sentences, the inventory {}",
            found.len(),
            coverage.sentences.len()
        ));
    }
    for ((at, n, text), sentence) in found.iter().zip(&coverage.sentences) {
        let begins: Vec<&str> = text.split(' ').take(BEGINS).collect();
        let begins = begins.join(" ");
        let digest = shortened(text);
        let name = sentence.named();
        if (at, n) != (&sentence.at, &sentence.n) {
            wrong.push(format!("{name}: the text has {at} sentence {n} here (`{begins}`)"));
            break;
        }
        if begins != sentence.begins {
            wrong.push(format!("{name}: the sentence begins `{begins}`"));
        }
        if digest != sentence.digest {
            wrong.push(format!("{name}: the sentence's digest is {digest}"));
        }
    }
    wrong
}

#[test]
fn the_inventories_are_those_of_the_texts() {
    let Some(texts) = std::env::var_os(TEXTS) else {
        // Written past the harness, which keeps from people what a passing test prints.
        let skipped = "SKIPPED: the inventories were not compared with the policies' texts";
        writeln!(std::io::stderr(), "{skipped}; set {TEXTS} to the folder of the texts").unwrap();
        return;
    };
    let mut wrong = Vec::new();
    for name in of_agencies() {
        let coverage = coverage(name);
        let file = Path::new(&texts).join(&coverage.text);
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        wrong.extend(differences(&coverage, &text).into_iter().map(|d| format!("{name}: {d}")));
    }
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_text_is_split_as_its_reader_would() {
    #[derive(Deserialize)]
    struct Expected {
        heads: Vec<String>,
        sentences: Vec<(String, String)>,
    }
    let text = include_str!("data/sentences.txt");
    let expected: Expected = toml::from_str(include_str!("data/sentences.toml")).unwrap();
    let found = sentences(text, &expected.heads).into_iter().map(|(at, _, text)| (at, text));
    assert_eq!(found.collect::<Vec<_>>(), expected.sentences);
}

#[test]
fn each_departure_from_a_text_is_found() {
    let text = "701.1 USE\nReaders find plates. They find many.\n701.2 DATA\nIt is kept.\n";
    let inventoried = |(at, n, text): (String, usize, String)| Sentence {
        at,
        n,
        digest: shortened(&text),
        begins: text,
        ..Sentence::default()
    };
    let coverage = Coverage {
        sentences: sentences(text, &[]).into_iter().map(inventoried).collect(),
        ..Coverage::default()
    };
    assert_eq!(differences(&coverage, text), [""; 0]);
    for (from, to, expected) in [
        ("find many", "find few", "the sentence begins `They find few.`"),
        ("It is", "It  is", ""),
        ("kept", "Kept", "the sentence's digest is"),
        (" They find many.", "", "the text has 2 sentences, the inventory 3"),
        ("701.2 DATA\n", "", "the text has 701.1 sentence 3 here"),
        ("701.2 DATA", "701.3 DATA", "the text has 701.3 sentence 1 here"),
    ] {
        let found = differences(&coverage, &text.replace(from, to));
        match expected {
            "" => assert_eq!(found, [""; 0]),
            _ => assert!(found.iter().any(|d| d.contains(expected)), "{expected}: {found:?}"),
        }
    }
}
