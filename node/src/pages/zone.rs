//! Instants as the people of an agency read and type them: in its time zone, with the zone shown.

use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemas::time::Timestamp;

use crate::http::AppState;

/// The time zone of an agency's pages.
#[derive(Debug, Clone)]
pub(super) struct Zone(TimeZone);

impl Zone {
    /// That of the agency whose node this is.
    pub(super) fn of(app: &AppState) -> Self {
        Self(app.config.zone())
    }

    /// An instant as the clock on the wall shows it.
    pub(super) fn zoned(&self, at: Timestamp) -> Option<Zoned> {
        let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
        Some(at.to_zoned(self.0.clone()))
    }

    /// An instant to the minute.
    pub(super) fn when(&self, at: Timestamp) -> String {
        self.zoned(at)
            .map_or_else(|| at.to_string(), |at| at.strftime("%Y-%m-%d %H:%M %Z").to_string())
    }

    /// An instant to the second, where two are to be told apart.
    pub(super) fn exactly(&self, at: Timestamp) -> String {
        let shown = |at: Zoned| at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
        self.zoned(at).map_or_else(|| at.to_string(), shown)
    }

    /// The day of an instant, as a form holds it.
    pub(super) fn day(&self, at: Timestamp) -> String {
        self.zoned(at).map_or_else(|| at.day().to_string(), |at| at.date().to_string())
    }

    /// The beginning of a day of a form.
    pub(super) fn begins(&self, day: &str) -> Option<Timestamp> {
        self.midnight(day.parse().ok()?)
    }

    /// The end of a day of a form: the beginning of the next.
    pub(super) fn ends(&self, day: &str) -> Option<Timestamp> {
        self.midnight(day.parse::<Date>().ok()?.tomorrow().ok()?)
    }

    fn midnight(&self, day: Date) -> Option<Timestamp> {
        let at = day.to_zoned(self.0.clone()).ok()?.timestamp();
        Timestamp::from_millis(at.as_millisecond())
    }

    /// What the zone is called, for hints beside the fields of days.
    pub(super) fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("this machine's time")
    }
}

#[cfg(test)]
impl Zone {
    pub(super) fn named(name: &str) -> Self {
        Self(TimeZone::get(name).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_and_end_where_the_agency_is_when_clocks_change_too() {
        let zone = Zone::named("America/Los_Angeles");
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(zone.when(at("2026-12-01T02:05:00Z")), "2026-11-30 18:05 PST");
        assert_eq!(zone.day(at("2026-07-01T02:05:00Z")), "2026-06-30");
        assert_eq!(zone.begins("2026-11-01"), Some(at("2026-11-01T07:00:00Z")));
        // The day on which clocks go back has 25 hours.
        assert_eq!(zone.ends("2026-11-01"), Some(at("2026-11-02T08:00:00Z")));
        assert_eq!((zone.begins("yesterday"), zone.ends("2026-02-30")), (None, None));
    }
}
