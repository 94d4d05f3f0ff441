//! An export is read to its end whatever it holds, and a line that is read prints as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::bundle::{Head, Line, Reader};

fuzz_target!(|bytes: &[u8]| {
    if let Ok((head, mut reader)) = Reader::open(bytes) {
        let _ = head.signed();
        while let Some(at) = reader.line() {
            assert!(at.offset < bytes.len() as u64);
        }
    }
    if let Ok(line) = Line::parse(bytes) {
        let written = line.to_bytes().expect("a line that was read is written");
        let again = Line::parse(&written).expect("what was written is read");
        assert_eq!(again.to_bytes().expect("written again"), written);
    }
    let _ = Head::parse(bytes);
});
