//! Whether the clock can be right: what it said before, and how long the machine has been up since.
//!
//! An entry that a clock which jumps ahead stamped would stand there for years, and retention would
//! destroy by it. So nothing is appended, and thereby nothing destroyed, under a clock that is further
//! ahead than the time that has passed, until a person accepts it (`clock.accepted`).
//!
//! While the machine is up, the time since its start says how much has passed. Across a restart of the
//! machine nothing does: then the clock is held against the last entry and against what it said when
//! the node last ran, which stands in a file of the home.

use std::time::Duration;

use host::home::{Home, HomeError, read_text, replace_private};
use schemas::time::{DAY_MS, HOUR_MS, Timestamp};

use crate::clock::Clock;

/// How far the clock may be ahead of the time that has passed, in milliseconds.
const AHEAD_MS: i64 = HOUR_MS;
/// How far the clock may have moved while the machine was off, in milliseconds.
const OFF_MS: i64 = 7 * DAY_MS;

/// What the clock said at some moment, and how long the machine had been up then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockMark {
    /// Which run of the machine.
    boot: String,
    up: Duration,
    at: Timestamp,
}

impl ClockMark {
    /// As of now; `None` when the system does not name the present run of the machine.
    #[must_use]
    pub fn now(clock: &Clock) -> Option<Self> {
        Some(Self { boot: host::uptime::boot()?, up: clock.since_boot(), at: clock.now() })
    }

    /// The one in a home, if there is one that can be read.
    #[must_use]
    pub fn of(home: &Home) -> Option<Self> {
        let text = read_text(&home.clock_mark()).ok()?;
        let [boot, up, at]: [&str; 3] =
            text.split_whitespace().collect::<Vec<_>>().try_into().ok()?;
        let up = Duration::from_millis(up.parse().ok()?);
        Some(Self { boot: boot.to_owned(), up, at: at.parse().ok()? })
    }

    /// How long the machine had been up.
    #[must_use]
    pub const fn up(&self) -> Duration {
        self.up
    }

    /// Writes it into a home.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, home: &Home) -> Result<(), HomeError> {
        let text = format!("{} {} {}\n", self.boot, self.up.as_millis(), self.at);
        replace_private(&home.clock_mark(), text.as_bytes())
    }
}

/// What is known of the time without asking the clock.
#[derive(Debug, Clone)]
pub(crate) enum ClockGuard {
    /// The clock was right at `at`, when the machine had been up for `up`.
    Following { at: Timestamp, up: Duration },
    /// The machine was off since `at`, and the clock moved further than it may have.
    OffSince { at: Timestamp },
}

impl ClockGuard {
    /// At the start of a node: by the last entry of its log, and by what it noted when it last ran.
    pub(crate) fn at_start(
        last: Option<Timestamp>,
        mark: Option<ClockMark>,
        clock: &Clock,
    ) -> Self {
        let (now, up) = (clock.now(), clock.since_boot());
        let same_run =
            mark.as_ref().filter(|mark| Some(&mark.boot) == host::uptime::boot().as_ref());
        if let Some(mark) = same_run.filter(|mark| mark.up <= up) {
            return Self::Following { at: mark.at, up: mark.up };
        }
        match last.max(mark.map(|mark| mark.at)) {
            Some(at) if now > at.plus_millis(OFF_MS) => Self::OffSince { at },
            _ => Self::Following { at: now, up },
        }
    }

    /// The clock is taken for right as of now.
    pub(crate) fn accepting(clock: &Clock) -> Self {
        Self::Following { at: clock.now(), up: clock.since_boot() }
    }

    /// The latest instant that the clock can tell now if it is right, or the last that is known.
    ///
    /// # Errors
    /// With that instant, when the clock tells a later one.
    pub(crate) fn check(&self, clock: &Clock) -> Result<(), Timestamp> {
        let latest = match self {
            Self::OffSince { at } => return Err(*at),
            Self::Following { at, up } => {
                let passed = clock.since_boot().saturating_sub(*up);
                at.plus_millis(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
            }
        };
        if clock.now() > latest.plus_millis(AHEAD_MS) { Err(latest) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn away(mark: ClockMark) -> ClockMark {
        ClockMark { boot: "another".into(), ..mark }
    }

    #[test]
    fn a_clock_follows_the_time_that_passes_and_nothing_else() {
        let clock = Clock::system();
        let guard = ClockGuard::accepting(&clock);
        clock.shift(400 * DAY_MS);
        assert_eq!(guard.check(&clock), Ok(()), "a year and more may pass");
        clock.set_wrong(HOUR_MS - 60_000);
        assert_eq!(guard.check(&clock), Ok(()), "within the hour");
        clock.set_wrong(2 * 60_000);
        assert!(guard.check(&clock).is_err(), "more than an hour ahead");
        clock.set_wrong(-30 * DAY_MS);
        assert_eq!(guard.check(&clock), Ok(()), "one that is behind is the ledger's to refuse");
    }

    #[test]
    fn within_one_run_of_the_machine_a_stopped_node_knows_how_much_time_has_passed() {
        let clock = Clock::system();
        let mark = ClockMark::now(&clock).expect("a mark");
        clock.shift(90 * DAY_MS);
        let guard = |clock| ClockGuard::at_start(Some(mark.at), Some(mark.clone()), clock);
        assert_eq!(guard(&clock).check(&clock), Ok(()));
        clock.set_wrong(2 * HOUR_MS);
        assert!(guard(&clock).check(&clock).is_err());
    }

    #[test]
    fn across_a_restart_of_the_machine_a_week_may_have_passed() {
        let clock = Clock::system();
        let mark = away(ClockMark::now(&clock).expect("a mark"));
        let last = Some(mark.at.plus_millis(-90 * DAY_MS));
        for (days, may) in [(0, true), (6, true), (8, false), (3_650, false), (-10, true)] {
            let late = Clock::system();
            late.set_wrong(days * DAY_MS);
            let guard = ClockGuard::at_start(last, Some(mark.clone()), &late);
            assert_eq!(guard.check(&late).is_ok(), may, "{days} days after it last ran");
            let unnoted = ClockGuard::at_start(Some(mark.at), None, &late);
            assert_eq!(unnoted.check(&late).is_ok(), may, "{days} days after the last entry");
        }
        let new = ClockGuard::at_start(None, None, &clock);
        assert_eq!(new.check(&clock), Ok(()), "an empty log has nothing to compare with");
    }

    #[test]
    fn a_machine_that_was_up_for_longer_is_another_one() {
        let clock = Clock::system();
        let mark = ClockMark::now(&clock).expect("a mark");
        let mark = ClockMark { up: mark.up + 400 * DAY, at: mark.at, ..mark };
        let guard = ClockGuard::at_start(None, Some(mark), &clock);
        assert!(matches!(guard, ClockGuard::Following { .. }), "{guard:?}");
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_damage_is_none() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let home = Home::create(dir.path()).expect("a home");
        assert_eq!(ClockMark::of(&home), None);
        let mark = ClockMark::now(&Clock::system()).expect("a mark");
        mark.write(&home).expect("written");
        let read = ClockMark::of(&home).expect("read");
        assert_eq!(
            (read.boot, read.up.as_millis(), read.at),
            (mark.boot, mark.up.as_millis(), mark.at)
        );
        std::fs::write(home.clock_mark(), "what is this").expect("written");
        assert_eq!(ClockMark::of(&home), None);
    }
}
