//! An export is read to its end whatever it holds, and an entry that is read prints as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::bundle::{Head, Item, Reader};

fuzz_target!(|bytes: &[u8]| {
    if let Ok((head, mut reader)) = Reader::open(bytes) {
        let _ = head.signed();
        while let Some(at) = reader.entry() {
            assert!(at.offset < bytes.len() as u64);
        }
    }
    if let Ok(item) = Item::parse(bytes) {
        let line = item.to_line().expect("an entry that was read is written");
        let again = Item::parse(&line).expect("what was written is read");
        assert_eq!(again.to_line().expect("written again"), line);
    }
    let _ = Head::parse(bytes);
});
