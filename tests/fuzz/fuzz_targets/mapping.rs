//! A table by a mapping, both from anybody: the mapping before the first NUL, the table after it.
#![no_main]

use std::sync::Arc;

use ingest::{Format, Mapping, Options, items};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (mapping, table) = bytes.split_at(at);
    let Ok(mapping) = str::from_utf8(mapping) else { return };
    let Ok(mapping) = mapping.parse::<Mapping>() else { return };
    let zone = "America/Los_Angeles".parse().ok();
    let mapping = Some(Arc::new(mapping));
    let options = Options { format: Format::Csv, mapping, zone, ..Options::default() };
    for item in items(options, table.get(1..).unwrap_or_default()) {
        let _ = item;
    }
});
