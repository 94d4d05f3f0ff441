//! Files that readers and vendors send: whatever one holds, it is read to its end, and a read that
//! was understood is carried as one.
#![no_main]

use ingest::{Format, Item, items};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for item in items(Format::Auto, bytes) {
        let Ok(Item::Read(sighting)) = item else { continue };
        let line = serde_json::to_string(&sighting.read).expect("a read is written");
        let again = serde_json::from_str(&line).expect("a read that was written is read");
        assert_eq!(sighting.read, again);
    }
});
