//! An envelope has one byte form: what is read prints as it was, and nothing else is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::card::Card;
use schemas::envelope::{Envelope, Kind};

fuzz_target!(|bytes: &[u8]| {
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    assert_eq!(envelope.as_bytes(), bytes);
    if envelope.kind() == Kind::Card {
        let _ = Card::open(&envelope);
    }
});
