//! How long the machine has been up, whatever its clock says: the measure that a clock which jumps
//! cannot move.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Where Linux names the present run of the machine.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Time since the machine started, also that which it slept.
#[must_use]
pub fn since_boot() -> Duration {
    let since = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(since.tv_sec).unwrap_or(0),
        u32::try_from(since.tv_nsec).unwrap_or(0),
    )
}

/// What names the present run of the machine; `None` when the system does not say.
#[must_use]
pub fn boot() -> Option<String> {
    let text = std::fs::read_to_string(BOOT).ok()?;
    Some(text.trim().to_owned()).filter(|id| !id.is_empty() && !id.contains(char::is_whitespace))
}
