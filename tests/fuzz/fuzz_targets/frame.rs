//! A frame's head promises no more than its kind allows, and describes the frame that was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::frame::{Frame, Head, LARGEST_BESIDE};

fuzz_target!(|bytes: &[u8]| {
    let Some((head, rest)) = bytes.split_first_chunk::<{ Head::WIRE }>() else { return };
    let Ok(read) = Head::parse(head) else { return };
    assert!(read.beside <= LARGEST_BESIDE && read.body <= read.kind.largest_body());
    let Some((beside, rest)) = rest.split_at_checked(read.beside) else { return };
    let Some(body) = rest.get(..read.body) else { return };
    let frame = Frame { kind: read.kind, beside: beside.to_vec(), body: body.to_vec() };
    let written = frame.to_bytes().expect("what was read is written");
    assert_eq!(written, bytes[..written.len()]);
});
