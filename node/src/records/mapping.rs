//! How records are written for a records system: as they are, or by the columns that `records.toml` in the
//! home names, as JSON or as CSV.
//!
//! ```toml
//! format = "csv"                      # or "json"
//! time = "%m/%d/%Y %H:%M:%S"          # how times are written; else as in 2026-12-01T08:00:00.000Z
//! zone = "America/Los_Angeles"        # in which zone; else UTC
//!
//! [[column]]
//! name = "IncidentType"
//! text = "ALPR Request"
//!
//! [[column]]
//! name = "Plate"
//! value = "elements.plate"
//! ```

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::record::{Page, Record};
use audit::report::render::csv_line;
use host::home::{Home, HomeError, read_text};

/// The file in the home.
pub const MAPPING: &str = "records.toml";
/// Most columns.
const MOST: usize = 100;

/// What of a record a column may hold.
const VALUES: [&str; 34] = [
    "number",
    "classification",
    "at",
    "act",
    "user",
    "full_name",
    "through",
    "owner",
    "query_id",
    "search",
    "why.purpose",
    "why.offense",
    "why.offenses",
    "why.vehicle_role",
    "why.case",
    "why.cad",
    "why.reason",
    "why.suspicion",
    "why.need_to_know",
    "why.on_behalf_of",
    "why.for_officer",
    "why.danger",
    "elements.kind",
    "elements.plate",
    "elements.pattern",
    "elements.plate_state",
    "elements.from",
    "elements.until",
    "elements.make",
    "elements.color",
    "elements.body",
    "elements.camera",
    "elements.near",
    "elements.polygon",
];
/// Those of them that are times.
const TIMES: [&str; 3] = ["at", "elements.from", "elements.until"];

/// What a page became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its media type.
    pub media_type: &'static str,
    /// Its text.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    format: Format,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    zone: Option<String>,
    column: Vec<Column>,
}

/// How records are written.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    format: Format,
    time: Option<String>,
    zone: Option<TimeZone>,
    /// None: a record is written as it is.
    columns: Vec<Column>,
}

impl Mapping {
    /// The one in the home; records are written as they are where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or says what nobody can do.
    pub fn of(home: &Home) -> Result<Self, HomeError> {
        let path = home.dir().join(MAPPING);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = read_text(&path)?;
        Self::parse(&text).map_err(|error| HomeError::Content { path, error })
    }

    /// The one of this text.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let File { format, time, zone, column: columns } =
            toml::from_str(text).map_err(|e| e.to_string())?;
        if columns.is_empty() || columns.len() > MOST {
            return Err(format!("{} columns; expected 1 to {MOST} of [[column]]", columns.len()));
        }
        for Column { name, value, text } in &columns {
            match (value.as_deref(), text) {
                (Some(value), None) if VALUES.contains(&value) => {}
                (Some(value), None) => {
                    return Err(format!(
                        "column `{name}` is to hold `{value}`; expected one of {}",
                        VALUES.join(", ")
                    ));
                }
                (None, Some(_)) => {}
                _ => return Err(format!("column `{name}`: expected either value or text")),
            }
            if columns.iter().filter(|other| other.name == *name).count() > 1 {
                return Err(format!("two columns are called `{name}`"));
            }
        }
        let zone = zone.map(|name| {
            TimeZone::get(&name).map_err(|e| {
                format!("zone = \"{name}\" is none that this machine knows ({e}); expected such as \"America/Los_Angeles\"")
            })
        });
        let mapping = Self { format, time, zone: zone.transpose()?, columns };
        mapping.instant("2026-12-01T08:00:00Z").ok_or_else(|| {
            "time is no way to write a time; expected such as \"%Y-%m-%d %H:%M:%S\"".to_owned()
        })?;
        Ok(mapping)
    }

    /// A page as a records system takes it. What stands beside the records in JSON, [`Page`] has.
    #[must_use]
    pub fn write(&self, page: &Page) -> Written {
        match self.format {
            Format::Json if self.columns.is_empty() => json_of(&json!(page)),
            Format::Json => {
                let records: Vec<Value> = page.records.iter().map(|one| self.object(one)).collect();
                json_of(&json!({
                    "records": records, "next": page.next, "more": page.more,
                    "destroyed": page.destroyed,
                }))
            }
            Format::Csv => Written { media_type: "text/csv; charset=utf-8", text: self.csv(page) },
        }
    }

    fn object(&self, record: &Record) -> Value {
        let record = json!(record);
        let field = |column: &Column| (column.name.clone(), self.value(column, &record));
        Value::Object(self.columns.iter().map(field).collect::<Map<_, _>>())
    }

    /// With a first line of names.
    fn csv(&self, page: &Page) -> String {
        let mut text = csv_line(self.columns.iter().map(|column| &column.name));
        for record in &page.records {
            let record = json!(record);
            let field = |column| match self.value(column, &record) {
                Value::Null => String::new(),
                Value::String(text) => text,
                other => other.to_string(),
            };
            text += &csv_line(self.columns.iter().map(field));
        }
        text
    }

    fn value(&self, column: &Column, record: &Value) -> Value {
        let Some(from) = &column.value else { return json!(column.text) };
        let value = record.pointer(&format!("/{}", from.replace('.', "/")));
        let value = value.cloned().unwrap_or_default();
        match value.as_str() {
            Some(instant) if TIMES.contains(&from.as_str()) => {
                self.instant(instant).map_or(value, Value::String)
            }
            _ => value,
        }
    }

    /// An instant as it is to be written.
    fn instant(&self, instant: &str) -> Option<String> {
        if self.time.is_none() && self.zone.is_none() {
            return Some(instant.to_owned());
        }
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let zoned = instant.parse::<jiff::Timestamp>().ok()?.to_zoned(zone);
        strtime::format(self.time.as_deref().unwrap_or("%Y-%m-%dT%H:%M:%S%:z"), &zoned).ok()
    }
}

fn json_of(value: &Value) -> Written {
    Written { media_type: "application/json", text: value.to_string() }
}

#[cfg(test)]
mod tests {
    use schemas::entry::EntryKind;
    use schemas::purpose::Purpose;
    use schemas::query::{Elements, Justification, QueryId};
    use schemas::text::Text;
    use schemas::time::Timestamp;

    use super::*;
    use crate::records::CLASSIFICATION;

    fn page() -> Page {
        let at: Timestamp = "2026-12-01T08:00:00.000Z".parse().unwrap();
        let why = Justification {
            purpose: Purpose::StolenVehicle,
            offense: Text::default(),
            offenses: Vec::new(),
            vehicle_role: None,
            case: "26-1187".parse().unwrap(),
            cad: Text::default(),
            reason: "taken at noon, \"with keys\"".parse().unwrap(),
            suspicion: Text::default(),
            need_to_know: Text::default(),
            on_behalf_of: None,
            for_officer: Text::default(),
            danger: Text::default(),
        };
        let record = Record {
            number: 41,
            classification: CLASSIFICATION,
            at,
            act: EntryKind::QuerySent,
            user: "mreyes".parse().ok(),
            full_name: "Maria Reyes".parse().unwrap(),
            through: "session, program cad-1".into(),
            owner: "owning-ca-pd".parse().unwrap(),
            query_id: QueryId::from_bytes([7; 16]),
            search: None,
            elements: Elements::exact("7ABC123".parse().unwrap(), at, at),
            why,
        };
        Page { records: vec![record], next: Some(44), more: false, destroyed: 0 }
    }

    #[test]
    fn without_a_mapping_a_record_is_written_as_it_is() {
        let written = Mapping::default().write(&page());
        let value: Value = serde_json::from_str(&written.text).unwrap();
        assert_eq!(value, json!(page()));
        let record = &value["records"][0];
        assert_eq!((&record["number"], &record["user"]), (&json!(41), &json!("mreyes")));
        // Every value that a mapping may name is one of a record, where it is there at all.
        let known = ["why.", "elements."];
        for value in VALUES {
            let at_top = record.get(value).is_some();
            assert!(at_top || known.iter().any(|prefix| value.starts_with(prefix)), "{value}");
        }
    }

    #[test]
    fn columns_are_written_as_they_are_called_and_times_as_they_are_read_there() {
        let text = "format = \"csv\"\ntime = \"%m/%d/%Y %H:%M\"\nzone = \"America/Los_Angeles\"\n\
            [[column]]\nname = \"Type\"\ntext = \"ALPR Request\"\n\
            [[column]]\nname = \"When\"\nvalue = \"at\"\n\
            [[column]]\nname = \"Plate, or part\"\nvalue = \"elements.plate\"\n\
            [[column]]\nname = \"Why\"\nvalue = \"why.reason\"\n\
            [[column]]\nname = \"Camera\"\nvalue = \"elements.camera\"\n";
        let written = Mapping::parse(text).unwrap().write(&page());
        assert_eq!(written.media_type, "text/csv; charset=utf-8");
        assert_eq!(
            written.text,
            "\"Type\",\"When\",\"Plate, or part\",\"Why\",\"Camera\"\r\n\
             \"ALPR Request\",\"12/01/2026 00:00\",\"7ABC123\",\"taken at noon, \"\"with keys\"\"\",\"\"\r\n"
        );
        let json = Mapping::parse(&text.replace("csv", "json")).unwrap().write(&page());
        let value: Value = serde_json::from_str(&json.text).unwrap();
        assert_eq!(
            (&value["next"], &value["records"][0]["When"]),
            (&json!(44), &json!("12/01/2026 00:00"))
        );
    }

    #[test]
    fn a_mapping_that_nobody_can_follow_is_told_with_what_to_write() {
        let column = |line: &str| format!("[[column]]\nname = \"a\"\n{line}\n");
        for (text, said) in [
            (column("value = \"reason\""), "expected one of number"),
            (column(""), "either value or text"),
            (column("value = \"at\"\ntext = \"x\""), "either value or text"),
            (column("text = \"x\"").repeat(2), "two columns are called `a`"),
            (
                format!("zone = \"Pacific\"\n{}", column("text = \"x\"")),
                "none that this machine knows",
            ),
            (format!("time = \"%Q%\"\n{}", column("text = \"x\"")), "no way to write a time"),
            ("column = []".to_owned(), "expected 1 to 100"),
        ] {
            let error = Mapping::parse(&text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
