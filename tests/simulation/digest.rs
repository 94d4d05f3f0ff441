//! The logs of a life: what they are to the byte, and side by side.

use schemas::digest::Digest;
use schemas::entry::StoredEntry;
use schemas::event::Event;
use store::{EntryFilter, LogRecords as _};

use crate::store::at_once;
use crate::world::World;

fn entries(world: &World, agency: usize) -> Vec<StoredEntry> {
    let disk = world.agencies[agency].disk();
    let whole = EntryFilter::default();
    at_once(disk.database.entries(&whole, 0, u32::MAX)).expect("a readable log")
}

/// The digest of every log: headers, salts, bodies and envelopes.
pub(crate) fn of_all(world: &World) -> Vec<String> {
    let of = |agency| Digest::of(format!("{:?}", entries(world, agency)).as_bytes()).to_string();
    (0..world.agencies.len()).map(of).collect()
}

/// Prints every log's entries in the order of their times.
pub(crate) fn print_side_by_side(world: &World) {
    let mut lines = Vec::new();
    for agency in 0..world.agencies.len() {
        for entry in entries(world, agency) {
            let Ok(seen) = audit::view::LogEntry::of(&entry) else { continue };
            let header = seen.header;
            let query = header.query.map(|query| query.to_string()).unwrap_or_default();
            let short: String = query.chars().take(8).collect();
            let peer = header.peer.map(|peer| peer.to_string()).unwrap_or_default();
            let column = " ".repeat(44 * agency);
            let why = match seen.body.map(|body| body.event) {
                Some(Event::PeerRejected(rejected)) => rejected.why,
                _ => String::new(),
            };
            let what = format!("{} {} {peer} {short} {why}", header.index, header.kind.code());
            lines.push((header.at, agency, header.index, format!("{} {column}{what}", header.at)));
        }
    }
    lines.sort();
    for (.., line) in lines {
        println!("{line}");
    }
}
