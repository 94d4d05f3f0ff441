//! Who else may write into a folder, or put another one in its place.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

const GROUP: u32 = 0o020;
const OTHERS: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Whoever may write into the folder `path` beside root and this account, or exchange it by writing
/// into one above it: `every account`, `group cameras`, `account ftp`. An access list counts as its
/// mask, which stands where the group's rights do.
///
/// # Errors
/// When it cannot be looked at.
pub fn other_writers(path: &Path) -> io::Result<BTreeSet<String>> {
    let me = rustix::process::geteuid().as_raw();
    let mut writers = BTreeSet::new();
    for (above, folder) in path.canonicalize()?.ancestors().enumerate() {
        let of = fs::metadata(folder)?;
        if of.uid() != me && of.uid() != 0 {
            writers.insert(format!("account {}", name("/etc/passwd", of.uid())));
        }
        // In a folder such as /tmp nobody renames or removes what is another's.
        if above > 0 && of.mode() & STICKY != 0 {
            continue;
        }
        if of.mode() & OTHERS != 0 {
            writers.insert("every account".into());
        }
        if of.mode() & GROUP != 0 && of.gid() != 0 {
            writers.insert(format!("group {}", name("/etc/group", of.gid())));
        }
    }
    Ok(writers)
}

/// The name that a file of accounts gives a number; else the number.
fn name(file: &str, number: u32) -> String {
    let number = number.to_string();
    let lines = fs::read_to_string(file).unwrap_or_default();
    let named = lines.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    named.unwrap_or(number)
}
