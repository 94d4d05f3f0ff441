//! An entry's header that is read has the bytes that it was read from.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::entry::Header;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::from_bytes(bytes) {
        assert_eq!(header.to_bytes().as_deref(), Ok(bytes));
    }
});
