//! Looks at the log, held against the audits that the log says were open, and against who audited them.

use agreements::policy::Policy;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::event::audit::{AuditRecorded, AuditReported, AuditSampled, AuditViewed, Viewed};
use schemas::event::occasion::{AuditClosed, AuditOpened, OccasionKind};
use schemas::event::people::PolicyAdopted;

use crate::fabricated::{Agency, Log, words};

/// Minutes of a day.
const DAY: i64 = 24 * 60;

fn auditor(of: &Agency, name: &str) -> Actor {
    Actor { user: name.parse().ok(), full_name: words(name), ..of.officer() }
}

fn opened() -> Event {
    Event::AuditOpened(AuditOpened {
        occasion: words("a complaint of 14 February"),
        occasion_kind: Some(OccasionKind::Complaint),
        case: words("26-1104"),
    })
}

fn closed(opened: u64) -> Event {
    Event::AuditClosed(AuditClosed { opened, outcome: words("unfounded") })
}

fn looked() -> Event {
    Event::AuditViewed(AuditViewed { viewed: Viewed::WhoSaw("7ABC123".parse().unwrap()) })
}

fn reported() -> Event {
    let report = "access".into();
    Event::AuditReported(AuditReported { report, from: None, until: None, in_parts: false })
}

fn sampled(looks: bool, drawn: Vec<u64>) -> Event {
    Event::AuditSampled(AuditSampled {
        looks,
        count: 5,
        seed: "march".into(),
        from: None,
        until: None,
        below: 0,
        among: 1,
        drawn,
    })
}

fn recorded(sample: Option<u64>, entries: Vec<u64>) -> Event {
    let finding = words("in order");
    Event::AuditRecorded(AuditRecorded { sample, finding, entries, ok: true })
}

/// What is found of looks in a log that somebody wrote so.
fn found(write: impl Fn(&mut Log, &dyn Fn(&str) -> Actor)) -> Vec<(Option<u64>, String)> {
    let port = Agency::new("port-ca-pd", 2);
    let mut log = Log::new(&port, &[]);
    write(&mut log, &|name| auditor(&port, name));
    let report =
        log.file_until(100 * DAY).check(&crate::fabricated::pins(&[&port]), |_, _, _, _| {});
    let problems = report.unwrap().problems;
    let told = problems.iter().filter(|one| one.code != "look");
    assert_eq!(told.count(), 0, "{problems:?}");
    problems.into_iter().map(|one| (one.index, one.message)).collect()
}

type Write = fn(&mut Log, &dyn Fn(&str) -> Actor);

fn holds(table: &[(&str, Option<u64>, Write)]) {
    for (what, index, write) in table {
        let found = found(write);
        assert_eq!(found.is_empty(), what.is_empty(), "{what}: {found:?}");
        let all = found.iter().all(|(at, said)| at == index && said.contains(what));
        assert!(all && found.len() < 2, "{what}: {found:?}");
    }
}

#[test]
fn a_look_bears_the_audit_that_its_person_had_open() {
    holds(&[
        ("", None, |log, by| {
            log.audited(10, by("adiaz"), None, looked());
            let audit = log.audited(11, by("adiaz"), None, opened());
            log.audited(12, by("adiaz"), Some(audit), looked());
            log.audited(13, by("bfox"), None, looked());
            // Whoever audits may close it.
            log.audited(14, by("bfox"), None, closed(audit));
            log.audited(15, by("adiaz"), None, looked());
        }),
        ("under no audit: audit 0 of `adiaz` is open", Some(1), |log, by| {
            log.audited(11, by("adiaz"), None, opened());
            log.audited(12, by("adiaz"), None, looked());
        }),
        ("no entry 7 opened an audit", Some(0), |log, by| {
            log.audited(12, by("adiaz"), Some(7), looked());
        }),
        ("audit 1 was closed at", Some(3), |log, by| {
            log.audited(10, by("adiaz"), None, looked());
            let audit = log.audited(11, by("adiaz"), None, opened());
            log.audited(12, by("adiaz"), None, closed(audit));
            log.audited(13, by("adiaz"), Some(audit), looked());
        }),
        ("audit 0 is of `bfox`", Some(1), |log, by| {
            let audit = log.audited(11, by("bfox"), None, opened());
            log.audited(12, by("adiaz"), Some(audit), looked());
        }),
        // Nobody closed it.
        ("audit 0 ended at", Some(1), |log, by| {
            let audit = log.audited(0, by("adiaz"), None, opened());
            log.audited(30 * DAY, by("adiaz"), Some(audit), looked());
        }),
        ("", None, |log, by| {
            let audit = log.audited(0, by("adiaz"), None, opened());
            log.audited(30 * DAY - 1, by("adiaz"), Some(audit), looked());
            log.audited(30 * DAY, by("adiaz"), None, looked());
        }),
        // A report is a look as an entry is.
        ("under no audit: audit 0 of `adiaz` is open", Some(1), |log, by| {
            log.audited(0, by("adiaz"), None, opened());
            log.audited(1, by("adiaz"), None, reported());
        }),
        // An audit lends its occasion to no act of the node.
        ("no person acts in it", Some(1), |log, by| {
            let audit = log.audited(0, by("adiaz"), None, opened());
            log.audited(1, Actor { user: None, ..by("adiaz") }, Some(audit), looked());
        }),
        // What an auditor does and looks at nothing with bears one that was open, or none.
        ("audit 0 is of `bfox`", Some(1), |log, by| {
            let audit = log.audited(0, by("bfox"), None, opened());
            log.audited(1, by("adiaz"), Some(audit), recorded(None, Vec::new()));
        }),
    ]);
}

#[test]
fn nobody_audits_her_own_looks() {
    holds(&[
        ("", None, |log, by| {
            let look = log.audited(10, by("adiaz"), None, looked());
            let sample = log.audited(11, by("bfox"), None, sampled(true, vec![look]));
            log.audited(12, by("bfox"), None, recorded(Some(sample), vec![look]));
        }),
        ("`adiaz` drew a sample of others' looks", Some(1), |log, by| {
            let look = log.audited(10, by("adiaz"), None, looked());
            log.audited(11, by("adiaz"), None, sampled(true, vec![look]));
        }),
        ("`adiaz` recorded as audited entry 0", Some(2), |log, by| {
            let look = log.audited(10, by("adiaz"), None, looked());
            let sample = log.audited(11, by("bfox"), None, sampled(true, vec![look]));
            log.audited(12, by("adiaz"), None, recorded(Some(sample), Vec::new()));
        }),
        ("`adiaz` recorded as audited entry 0", Some(1), |log, by| {
            let look = log.audited(10, by("adiaz"), None, looked());
            log.audited(12, by("adiaz"), None, recorded(None, vec![look]));
        }),
        // A sample of accesses says nothing of looks.
        ("", None, |log, by| {
            let sample = log.audited(11, by("adiaz"), None, sampled(false, vec![0]));
            log.audited(12, by("adiaz"), None, recorded(Some(sample), Vec::new()));
        }),
    ]);
}

#[test]
fn where_the_policy_demands_an_occasion_nobody_looks_without() {
    let text = Policy::builtin_text("california-statute").unwrap();
    let demanding = format!("{text}\n[audit_occasion]\nat = [\"1798.90.53(b)(2)(C)\"]\n");
    // The export that ends the log is a look of its own.
    for (text, expected) in [(text.to_owned(), vec![]), (demanding, vec![Some(1), Some(2)])] {
        let found = found(|log, by| {
            log.policies = vec![text.clone()];
            let digest = Digest::of(text.as_bytes());
            let adopted = PolicyAdopted { name: "ours".into(), digest };
            let port = log.of.clone();
            log.write(1, Some(&port), port.officer(), Event::PolicyAdopted(adopted), &[]);
            log.audited(10, by("adiaz"), None, looked());
        });
        let told: Vec<Option<u64>> = found.iter().map(|(index, _)| *index).collect();
        assert_eq!(told, expected, "{found:?}");
        let says = |what: &str| what.contains("nobody look without an occasion");
        assert!(found.iter().all(|(_, what)| says(what)), "{found:?}");
    }
}
