//! A proof file that is read prints as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::proof::LogProof;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = LogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
    }
});
