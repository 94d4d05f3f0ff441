//! Audit exports of other systems: whatever a file holds, it is read to its end.
#![no_main]

use ingest::ForeignSearches;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(searches) = ForeignSearches::open(bytes) else { return };
    for search in searches {
        let _ = search;
    }
});
