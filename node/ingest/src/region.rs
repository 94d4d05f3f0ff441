//! Names of states, as readers, vendors and agencies write them.

use schemas::agency::State;

use crate::field::{Scalar, clean};
use crate::note::{NoteKind, Notes};

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

/// Other ways in which the same are written, without points and in small letters.
const OTHER_NAMES: [(&str, &str); 66] = [
    ("AL", "ala"),
    ("AZ", "ariz"),
    ("AR", "ark"),
    ("CA", "calif"),
    ("CA", "cali"),
    ("CA", "cal"),
    ("CO", "colo"),
    ("CT", "conn"),
    ("DE", "del"),
    ("DC", "washington dc"),
    ("DC", "wash dc"),
    ("NY", "nys"),
    ("WV", "west va"),
    ("WV", "w virg"),
    ("RI", "r island"),
    ("QC", "québec"),
    ("FL", "fla"),
    ("IL", "ill"),
    ("IN", "ind"),
    ("KS", "kan"),
    ("KS", "kans"),
    ("MA", "mass"),
    ("MI", "mich"),
    ("MN", "minn"),
    ("MS", "miss"),
    ("MT", "mont"),
    ("NE", "neb"),
    ("NE", "nebr"),
    ("NV", "nev"),
    ("NM", "n mex"),
    ("OK", "okla"),
    ("OR", "ore"),
    ("OR", "oreg"),
    ("PA", "penn"),
    ("PA", "penna"),
    ("TN", "tenn"),
    ("TX", "tex"),
    ("WA", "wash"),
    ("WV", "w va"),
    ("WI", "wis"),
    ("WI", "wisc"),
    ("WY", "wyo"),
    ("NL", "nf"),
    ("NL", "nfld"),
    ("NL", "newfoundland"),
    ("QC", "pq"),
    ("QC", "que"),
    ("YT", "yukon territory"),
    ("DC", "dist of columbia"),
    ("DC", "d c"),
    ("NC", "n carolina"),
    ("NC", "no carolina"),
    ("SC", "s carolina"),
    ("SC", "so carolina"),
    ("ND", "n dakota"),
    ("ND", "no dakota"),
    ("ND", "n dak"),
    ("SD", "s dakota"),
    ("SD", "so dakota"),
    ("SD", "s dak"),
    ("WV", "w virginia"),
    ("NH", "n hampshire"),
    ("NJ", "n jersey"),
    ("NM", "n mexico"),
    ("BC", "brit columbia"),
    ("PE", "pei"),
];

/// Words of countries whose states these are.
const COUNTRIES: [&str; 5] = ["us", "usa", "ca", "can", "canada"];

/// The state of a plate that a text names: `CA`, `us-ca`, `USA-CA`, `CA-US`, `Calif.`, `D.C.`,
/// `California exempt`. Lists of law enforcement write a zero for an O: `C0` is Colorado.
pub(crate) fn state_named(text: &str) -> Option<State> {
    let text = text.trim();
    if text.len() > LONGEST_NAME {
        return None;
    }
    let small: String = text
        .to_lowercase()
        .split(|c: char| {
            c.is_whitespace() || matches!(c, '_' | '-' | '/' | ',' | '(' | ')' | ':' | ';' | '|')
        })
        .map(|word| word.replace('.', ""))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .replace("united states of america", "usa")
        .replace("united states", "usa");
    let found = named(&small).or_else(|| {
        let country = |word: &str| COUNTRIES.contains(&word);
        match small.split_once(' ') {
            Some((first, rest)) if country(first) && named(rest).is_some() => named(rest),
            _ => match small.rsplit_once(' ') {
                Some((rest, last)) if country(last) => named(rest),
                _ => None,
            },
        }
    });
    found.or_else(|| of_state(&small)).or_else(|| kind_of_plate(&small))
}

/// `State of California`, `TX - Texas`: the name with what stands before it.
fn of_state(text: &str) -> Option<State> {
    let before = ["state of ", "commonwealth of ", "province of ", "st of "];
    if let Some(rest) = before.iter().find_map(|words| text.strip_prefix(words)) {
        return named(rest);
    }
    let (first, rest) = text.split_once(' ')?;
    let (code, name) = (named(first)?, named(rest)?);
    (code == name).then_some(code)
}

fn named(text: &str) -> Option<State> {
    let code = |code: &str| code.parse().ok();
    if text.len() == 2 {
        let letters = text.replace('0', "o").to_ascii_uppercase();
        let known = NAMES.iter().any(|(code, _)| *code == letters);
        if known {
            return code(&letters);
        }
    }
    NAMES.iter().chain(&OTHER_NAMES).find(|(_, name)| *name == text).and_then(|(of, _)| code(of))
}

/// `california exempt`, `us ca exempt` → CA: the state, and then a kind of its plates.
fn kind_of_plate(text: &str) -> Option<State> {
    let mut words = text.split(' ');
    if let (
        Some("us" | "usa"),
        Some(code),
        Some("exempt" | "commercial" | "truck" | "trailer" | "gov" | "government" | "apportioned"),
    ) = (words.next(), words.next(), words.next())
    {
        return named(code);
    }
    let follows = |(_, name): &&(&str, &str)| {
        text.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))
    };
    // Of two names of which one begins with the other, the longer.
    let longest = NAMES.iter().filter(follows).max_by_key(|(_, name)| name.len());
    longest.and_then(|(code, _)| code.parse().ok())
}

/// Longest text that may name a state, in bytes.
const LONGEST_NAME: usize = 60;

/// The state that a value names. One that names none is told.
pub(crate) fn state(value: &Scalar, field: &str, notes: &mut Notes) -> Option<State> {
    let text = notes.take(NoteKind::State, value.said(field))?;
    let state = state_named(text.as_str());
    // A country alone says nothing of a state, and is nothing that was lost.
    let country = |word: &&str| text.as_str().eq_ignore_ascii_case(word);
    if state.is_none() && !["us", "usa", "mx", "mex", "can"].iter().any(country) {
        let shown = clean(text.as_str(), 40);
        notes.add(
            NoteKind::State,
            format_args!("`{field}` is `{shown}`, which is no state of a plate"),
        );
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_known_by_code_region_and_name() {
        for text in [
            "CA",
            "ca",
            " us-ca ",
            "US_CA",
            "California",
            "CALIFORNIA",
            "Calif.",
            "CALIF",
            "USA-CA",
            "CA-US",
            "california exempt",
            "usa california",
        ] {
            assert_eq!(state_named(text), Some(State::CALIFORNIA), "{text}");
        }
        for (text, code) in [
            ("new mexico", "NM"),
            ("ca-on", "ON"),
            ("C0", "CO"),
            ("0R", "OR"),
            ("M0", "MO"),
            ("PQ", "QC"),
            ("NF", "NL"),
            ("D.C.", "DC"),
            ("Wash", "WA"),
            ("Ontario", "ON"),
            ("West Virginia", "WV"),
            ("Washington D.C.", "DC"),
            ("Dist. of Columbia", "DC"),
            ("State of California", "CA"),
            ("TX - Texas", "TX"),
            ("CA (California)", "CA"),
            ("N. Dakota", "ND"),
            ("No. Carolina", "NC"),
            ("W. Virginia", "WV"),
            ("US-CA-exempt", "CA"),
            ("US-TX-gov", "TX"),
            ("US:CA", "CA"),
            ("CA|California", "CA"),
            ("United States - Nevada", "NV"),
            ("Québec", "QC"),
            ("West Va.", "WV"),
            ("NYS", "NY"),
        ] {
            assert_eq!(state_named(text), code.parse().ok(), "{text}");
        }
        for text in ["", "-", "XX", "us", "mx-bc", "USA", "Baja California", "BCN", "00", "us x"] {
            assert_eq!(state_named(text), None, "{text}");
        }
    }

    #[test]
    fn a_state_that_is_none_is_told_and_a_country_or_nothing_is_not() {
        let told = |text: &str| {
            let mut notes = Notes::default();
            let found = state(&Scalar::Text(text.to_owned()), "State", &mut notes);
            (found.is_some(), notes.into_vec().len())
        };
        for (text, expected) in
            [("CA", (true, 0)), ("XX", (false, 1)), ("US", (false, 0)), ("unknown", (false, 0))]
        {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
