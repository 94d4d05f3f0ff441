//! Exports of another system's audit log, which hold plates that were searched and are no reads.
//!
//! Decides whether a header is that of such an export. Whoever took one for reads would make a sighting of
//! every plate that anybody ever asked for.

use crate::outcome::ImportError;

/// Columns of which an audit export has several, and a table of reads none.
const OF_AUDITS: [&str; 18] = [
    "search time",
    "search date",
    "searched at",
    "searched on",
    "search query",
    "search type",
    "time frame",
    "total networks searched",
    "total devices searched",
    "text prompt",
    "moderation",
    "case #",
    "searched by",
    "search reason",
    "networks searched",
    "org name",
    "entity_type",
    "entity_details",
];

/// A column's name as names are compared: `Search_Time` and `search-time` are one.
pub(crate) fn plain(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['_', '-'], " ")
}

/// Refuses a table whose header is that of an audit export.
pub(crate) fn refuse(header: &[String]) -> Result<(), ImportError> {
    let is = |name: &&String| OF_AUDITS.iter().any(|of| plain(name) == plain(of));
    let found: Vec<&str> = header.iter().filter(is).map(|name| name.trim()).collect();
    if found.len() < 2 {
        return Ok(());
    }
    let shown = crate::field::clean(&found.join("`, `"), 120);
    Err(ImportError::NoReads(format!(
        "the table is an export of an audit log, by its columns `{shown}`: its plates were searched, not \
         seen. `accord-audit foreign FILE` reads it"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_of_searches_is_no_header_of_reads() {
        let refused = |header: &str| {
            let header: Vec<String> = header.split(',').map(str::to_owned).collect();
            refuse(&header).is_err()
        };
        assert!(refused("ID, Name, Org Name, License Plate, Reason, Search Time, Search Type"));
        assert!(refused("License Plate,Time Frame,SEARCH TIME"));
        assert!(refused("id,searched_at,searched_by,plate,reason"));
        assert!(refused("event_id,timestamp,user,event_type,entity_type,entity_details"));
        assert!(!refused("Plate,State,Scan Date,System,Camera,Reason"));
        assert!(!refused("License Plate,Time,Search Time"));
    }
}
