//! Names of states, as readers, vendors and agencies write them.

use schemas::agency::State;

/// States, territories and provinces whose plates are met on roads of the United States.
const NAMES: [(&str, &str); 69] = [
    ("AL", "alabama"),
    ("AK", "alaska"),
    ("AZ", "arizona"),
    ("AR", "arkansas"),
    ("CA", "california"),
    ("CO", "colorado"),
    ("CT", "connecticut"),
    ("DE", "delaware"),
    ("DC", "district of columbia"),
    ("FL", "florida"),
    ("GA", "georgia"),
    ("HI", "hawaii"),
    ("ID", "idaho"),
    ("IL", "illinois"),
    ("IN", "indiana"),
    ("IA", "iowa"),
    ("KS", "kansas"),
    ("KY", "kentucky"),
    ("LA", "louisiana"),
    ("ME", "maine"),
    ("MD", "maryland"),
    ("MA", "massachusetts"),
    ("MI", "michigan"),
    ("MN", "minnesota"),
    ("MS", "mississippi"),
    ("MO", "missouri"),
    ("MT", "montana"),
    ("NE", "nebraska"),
    ("NV", "nevada"),
    ("NH", "new hampshire"),
    ("NJ", "new jersey"),
    ("NM", "new mexico"),
    ("NY", "new york"),
    ("NC", "north carolina"),
    ("ND", "north dakota"),
    ("OH", "ohio"),
    ("OK", "oklahoma"),
    ("OR", "oregon"),
    ("PA", "pennsylvania"),
    ("RI", "rhode island"),
    ("SC", "south carolina"),
    ("SD", "south dakota"),
    ("TN", "tennessee"),
    ("TX", "texas"),
    ("UT", "utah"),
    ("VT", "vermont"),
    ("VA", "virginia"),
    ("WA", "washington"),
    ("WV", "west virginia"),
    ("WI", "wisconsin"),
    ("WY", "wyoming"),
    ("AS", "american samoa"),
    ("GU", "guam"),
    ("MP", "northern mariana islands"),
    ("PR", "puerto rico"),
    ("VI", "virgin islands"),
    ("AB", "alberta"),
    ("BC", "british columbia"),
    ("MB", "manitoba"),
    ("NB", "new brunswick"),
    ("NL", "newfoundland and labrador"),
    ("NS", "nova scotia"),
    ("NT", "northwest territories"),
    ("NU", "nunavut"),
    ("ON", "ontario"),
    ("PE", "prince edward island"),
    ("QC", "quebec"),
    ("SK", "saskatchewan"),
    ("YT", "yukon"),
];

/// `CA`, `ca`, `us-ca`, `California` and `CALIFORNIA` → CA. Anything else is no state of a plate.
pub(crate) fn state_named(text: &str) -> Option<State> {
    let text = text.trim();
    let text = match text.split_once(['-', '_']) {
        Some((country, state)) if country.eq_ignore_ascii_case("us") => state,
        _ => text,
    };
    let is = |(code, name): &&(&str, &str)| {
        text.eq_ignore_ascii_case(code) || text.eq_ignore_ascii_case(name)
    };
    NAMES.iter().find(is).and_then(|(code, _)| code.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_known_by_code_region_and_name() {
        for text in ["CA", "ca", " us-ca ", "US_CA", "California", "CALIFORNIA", "california"] {
            assert_eq!(state_named(text), Some(State::CALIFORNIA), "{text}");
        }
        assert_eq!(state_named("new mexico"), "NM".parse().ok());
        for text in ["", "-", "XX", "us", "mx-bc", "USA", "Baja California", "us-california x"] {
            assert_eq!(state_named(text), None, "{text}");
        }
    }
}
