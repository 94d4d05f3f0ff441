//! Heads that agencies hold of each other's logs: two faces, and bundles that end too early.

use std::io::Cursor;

use audit::BundleFile;
use audit::heads::{ComparedHeads, compare};
use audit::reconcile::Class;

use crate::fabricated::{Agency, Log, Pair, pins};

fn compared(bundles: Vec<Vec<u8>>, pinned: &[&Agency]) -> ComparedHeads {
    let mut files: Vec<_> =
        bundles.into_iter().map(|bytes| BundleFile::new("bundle", Cursor::new(bytes))).collect();
    compare(&mut files, &pins(pinned)).unwrap()
}

fn classes(report: &ComparedHeads) -> Vec<Class> {
    report.findings.iter().map(|finding| finding.class).collect()
}

#[test]
fn heads_that_lead_on_from_one_another_show_nothing() {
    let pair = Pair::honest();
    let both = [&pair.covina, &pair.port];
    let report = compared(vec![pair.asking.exported(600), pair.owning.exported(600)], &both);
    assert!(report.ok(), "{report:#?}");
    assert_eq!(report.logs.len(), 2);
    // Whose key is not pinned is named, and nothing that is kept of its log counts.
    let report = compared(vec![pair.asking.exported(600)], &[&pair.covina]);
    assert_eq!(report.unpinned.iter().collect::<Vec<_>>(), [&pair.port.id]);
    assert!(!report.ok());
}

#[test]
fn a_log_with_two_faces_is_found_by_whoever_it_shows_them_to() {
    let (honest, mut other) = (Pair::honest(), Pair::honest());
    other.owning.entries.remove(0);
    other.owning.entries.remove(0);
    other.owning.entries.remove(0);
    let both = [&honest.covina, &honest.port];
    let faces = vec![honest.asking.exported(600), other.owning.exported(600)];
    let report = compared(faces, &both);
    let found = classes(&report);
    assert!(found.contains(&Class::Altered) && found.contains(&Class::Forked), "{report:#?}");
    assert!(report.findings.iter().all(|one| one.agency.as_ref() == Some(&honest.port.id)));
    for one in &report.findings {
        assert_eq!(one.index.is_some(), one.class == Class::Altered, "{one:#?}");
    }
    let of =
        |class| report.findings.iter().any(|one| one.class == class && one.signed_by.is_some());
    assert!(of(Class::Altered) && of(Class::Forked), "{report:#?}");
    // Two bundles of one agency tell against each other as well.
    let faces = vec![honest.owning.exported(600), other.owning.exported(600)];
    assert!(classes(&compared(faces, &both)).contains(&Class::Altered));
}

#[test]
fn a_bundle_that_ends_before_a_head_that_another_one_holds_is_stale() {
    let pair = Pair::honest();
    let cut = Log { entries: Vec::new(), ..pair.owning.clone() };
    let both = [&pair.covina, &pair.port];
    let report = compared(vec![cut.exported(5), pair.asking.exported(600)], &both);
    let stale = report.findings.iter().find(|one| one.class == Class::StaleBundle);
    let stale = stale.unwrap_or_else(|| panic!("{report:#?}"));
    assert_eq!(stale.signed_by.as_ref().map(|by| &by.agency), Some(&pair.port.id));
}

/// Two peers to whom one agency showed different logs find that out without a bundle of it.
#[test]
fn two_faces_are_found_by_what_two_others_hold() {
    let third = Agency::new("third-ca-pd", 3);
    let first = Pair::honest();
    let second = Pair::between(third.clone(), first.port.clone());
    let all = [&first.covina, &third, &first.port];
    let report = compared(vec![first.asking.exported(600), second.asking.exported(600)], &all);
    let found = classes(&report);
    assert!(found.contains(&Class::Forked) && found.contains(&Class::Altered), "{report:#?}");
    assert!(report.findings.iter().all(|one| one.agency.as_ref() == Some(&first.port.id)));
    assert!(report.findings.iter().all(|one| one.evidence.len() == 2), "{report:#?}");
}
