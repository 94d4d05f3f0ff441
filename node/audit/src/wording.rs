//! Words for people that depend on a number.

/// `1 read`, `2 reads`.
pub fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    // What does not fit is many.
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {}", if count == 1 { one } else { many })
}
