//! What was found, in words for people: the same for whoever asks a node and for whoever has files
//! alone.

mod checked;
mod compared;
mod headed;

pub use checked::{checked, problems};
pub use compared::compared;
pub use headed::heads;

/// A number with what it counts: `1 read`, `2 reads`.
pub fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    // What does not fit is many.
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {}", if count == 1 { one } else { many })
}
