//! A checkpoint that is read prints as it was, signed or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::checkpoint::{Checkpoint, SignedCheckpoint};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        assert_eq!(signed.to_string().as_bytes(), bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(checkpoint) = Checkpoint::parse(text)
    {
        assert_eq!(checkpoint.to_string(), text);
    }
});
