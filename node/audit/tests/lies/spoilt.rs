//! Whatever of a bundle is changed on its way is told, and nothing that stands in one breaks a check off.

use std::io::Cursor;

use audit::reconcile::{Class, Finding};
use audit::two_bundles::reconcile;
use audit::{BundleFile, heads};
use proptest::prelude::*;

use crate::fabricated::{Pair, pins};

fn file(bytes: Vec<u8>) -> BundleFile<Cursor<Vec<u8>>> {
    BundleFile::new("bundle", Cursor::new(bytes))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_bit_of_a_bundle_is_turned_unnoticed(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let pair = Pair::honest();
        let pinned = pins(&[&pair.covina, &pair.port]);
        let mut bytes = pair.owning.exported(600);
        let index = at.index(bytes.len());
        bytes[index] ^= 1 << bit;
        // One that is no bundle any more is refused.
        if let Ok(report) = file(bytes.clone()).check(&pinned, |_, _, _, _| {}) {
            prop_assert!(!report.ok, "byte {index}, bit {bit}");
        }
        if let Ok(compared) = reconcile(&mut [file(bytes.clone()), pair.asking.file()], &pinned, 0) {
            let unsound = |found: &Finding| found.class == Class::Unsound;
            prop_assert!(compared.report.findings.iter().any(unsound), "byte {index}, bit {bit}");
        }
        let mut files = [file(bytes), pair.asking.file()];
        if let Ok(compared) = heads::compare(&mut files, &pinned) {
            prop_assert!(!compared.ok(), "byte {index}, bit {bit}");
        }
    }
}
