//! A note that is read prints as it was; so do verifier keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::note::{Note, Vkey};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(key) = text.parse::<Vkey>()
    {
        assert_eq!(key.to_string(), text);
    }
});
