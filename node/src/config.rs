//! The configuration file of a home. Every key is checked when it is read, and everything that is
//! wrong is told at once: an operator mends a file in one go.

use std::net::SocketAddr;

use schemas::agency::AgencyId;
use schemas::text::Text;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use audit::report::exceptions::Usual;
use host::database::Database;
use host::home::{Home, HomeError, read_text, replace_private, write_private};
use peer::is_listenable;
use store::photographs::Bucket;

/// `accord.toml`.
#[derive(Debug, Clone, Serialize)]
pub struct Config {
    /// The agency whose node this is.
    pub agency: AgencyId,
    /// Where peers reach this node (multiaddresses).
    pub listen: Vec<Text>,
    /// Where the database is; SQLite in the home unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
    /// Where the HTTPS side listens, such as `0.0.0.0:8443`; nowhere unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
    /// Where photographs are, if not in the home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photographs: Option<Bucket>,
    /// Bounds of exchanges.
    pub exchange: Bounds,
}

/// Bounds of exchanges.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bounds {
    /// How far a query's time may be from ours, in seconds.
    pub freshness_seconds: u32,
    /// How long an owner has to answer, in seconds.
    pub answer_seconds: u32,
    /// How long an answer can be redelivered, in hours.
    pub redelivery_hours: u32,
    /// Most exchanges of one peer served at once.
    pub in_flight_per_peer: u32,
    /// Most refusals, repetitions and failures of one peer in a minute; beyond them it is not served
    /// until the minute is over.
    pub refusals_per_minute: u32,
    /// Most answers to one peer whose receipts are outstanding.
    pub receipts_outstanding: u32,
    /// How long an answer may be without its receipt before the requester is refused, in hours.
    pub receipt_hours: u32,
    /// Most entries of one peer's log, about exchanges, that it may leave unproven; beyond them its queries
    /// are refused.
    pub unproven_exchanges: u32,
    /// How long it may leave more than a few of them unproven while it is connected, in seconds.
    pub unproven_seconds: u32,
    /// Most versions of one peer's card that are taken in, or left to wait for a person, in a day.
    pub card_versions_per_day: u32,
    /// How long a search of one's own reads waits until another agency holds a head over its entry, in
    /// seconds; then it is shown with the word that none does.
    pub search_seen_seconds: u32,
    /// Most written requests of one peer that wait for a decision.
    pub undecided_requests: u32,
    /// Most agreements that one peer has proposed and this agency has neither signed nor seen end.
    pub open_proposals: u32,
    /// Most documents of one peer that are taken in on a UTC day, corrections aside.
    pub documents_per_day: u32,
    /// Most corrections of reads of one peer that are taken in on a UTC day.
    pub corrections_per_day: u32,
    /// Most KiB of documents of one peer that are taken in on a UTC day.
    pub document_kib_per_day: u32,
    /// Different plates that one agency usually asks of one owner on a day, at most.
    pub usual_plates_per_day: u32,
    /// People of one agency who ask one owner on a day and had not asked before, usually at most.
    pub usual_new_people_per_day: u32,
    /// Different plates that one agency usually asks of one owner for one case, at most.
    pub usual_plates_per_case: u32,
    /// Of a hundred answers, those that usually hold a read, at least.
    pub usual_hits_percent: u32,
    /// How often it is looked whether a peer is to be reconciled with, in seconds.
    pub reconciled_look_seconds: u32,
    /// How often peers are asked to cosign the head of the log, in seconds.
    pub cosigned_every_seconds: u32,
}

impl Bounds {
    /// What of an agency's queries is usual.
    #[must_use]
    pub const fn usual(&self) -> Usual {
        Usual {
            plates_a_day: self.usual_plates_per_day,
            new_people_a_day: self.usual_new_people_per_day,
            plates_a_case: self.usual_plates_per_case,
            hits_percent: self.usual_hits_percent,
        }
    }

    fn of(table: &mut Reading) -> Self {
        let default = Self::default();
        Self {
            freshness_seconds: table.bound("freshness_seconds", 3_600, default.freshness_seconds),
            answer_seconds: table.bound("answer_seconds", 600, default.answer_seconds),
            redelivery_hours: table.bound("redelivery_hours", 24 * 30, default.redelivery_hours),
            in_flight_per_peer: table.bound(
                "in_flight_per_peer",
                10_000,
                default.in_flight_per_peer,
            ),
            refusals_per_minute: table.bound(
                "refusals_per_minute",
                100_000,
                default.refusals_per_minute,
            ),
            receipts_outstanding: table.bound(
                "receipts_outstanding",
                100_000,
                default.receipts_outstanding,
            ),
            receipt_hours: table.bound("receipt_hours", 24 * 30, default.receipt_hours),
            unproven_exchanges: table.bound(
                "unproven_exchanges",
                100_000,
                default.unproven_exchanges,
            ),
            unproven_seconds: table.bound("unproven_seconds", 604_800, default.unproven_seconds),
            card_versions_per_day: table.bound(
                "card_versions_per_day",
                1_000,
                default.card_versions_per_day,
            ),
            search_seen_seconds: table.bound(
                "search_seen_seconds",
                60,
                default.search_seen_seconds,
            ),
            undecided_requests: table.bound(
                "undecided_requests",
                10_000,
                default.undecided_requests,
            ),
            open_proposals: table.bound("open_proposals", 1_000, default.open_proposals),
            documents_per_day: table.bound("documents_per_day", 100_000, default.documents_per_day),
            corrections_per_day: table.bound(
                "corrections_per_day",
                1_000_000,
                default.corrections_per_day,
            ),
            document_kib_per_day: table.bound(
                "document_kib_per_day",
                1 << 20,
                default.document_kib_per_day,
            ),
            usual_plates_per_day: table.bound(
                "usual_plates_per_day",
                1_000_000,
                default.usual_plates_per_day,
            ),
            usual_new_people_per_day: table.bound(
                "usual_new_people_per_day",
                100_000,
                default.usual_new_people_per_day,
            ),
            usual_plates_per_case: table.bound(
                "usual_plates_per_case",
                100_000,
                default.usual_plates_per_case,
            ),
            usual_hits_percent: table.bound("usual_hits_percent", 100, default.usual_hits_percent),
            reconciled_look_seconds: table.bound(
                "reconciled_look_seconds",
                86_400,
                default.reconciled_look_seconds,
            ),
            cosigned_every_seconds: table.bound(
                "cosigned_every_seconds",
                86_400,
                default.cosigned_every_seconds,
            ),
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        let usual = Usual::default();
        Self {
            freshness_seconds: 300,
            answer_seconds: 30,
            redelivery_hours: 24,
            in_flight_per_peer: 128,
            refusals_per_minute: 300,
            receipts_outstanding: 256,
            receipt_hours: 24,
            unproven_exchanges: 512,
            unproven_seconds: 3_600,
            card_versions_per_day: 8,
            search_seen_seconds: 2,
            undecided_requests: 50,
            open_proposals: 20,
            documents_per_day: 200,
            corrections_per_day: 1_000,
            document_kib_per_day: 1_024,
            usual_plates_per_day: usual.plates_a_day,
            usual_new_people_per_day: usual.new_people_a_day,
            usual_plates_per_case: usual.plates_a_case,
            usual_hits_percent: usual.hits_percent,
            reconciled_look_seconds: 300,
            cosigned_every_seconds: 600,
        }
    }
}

/// What is wrong, and in which line. The line itself may hold a password.
fn without_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => {
            let line = before.matches('\n').count().saturating_add(1);
            format!("line {line}: {}", error.message())
        }
        None => error.message().to_owned(),
    }
}

impl Config {
    /// Reads the configuration of `home`.
    ///
    /// # Errors
    /// When it cannot be read, or a key or value is not what it must be; then every one is named.
    pub fn load(home: &Home) -> Result<Self, HomeError> {
        let path = home.config();
        Self::parse(&read_text(&path)?).map_err(|error| HomeError::Content { path, error })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|e| without_line(text, &e))?;
        let mut reading = Reading { table, within: "", problems: Vec::new() };
        let agency = reading.required("agency", "the id of the agency, such as \"monrovia-ca-pd\"");
        let listen: Option<Vec<Text>> = reading
            .required("listen", "a list of multiaddresses, such as [\"/ip4/0.0.0.0/tcp/7420\"]");
        for address in listen.iter().flatten().filter(|address| !is_listenable(address.as_str())) {
            reading.problem(format!(
                "listen names `{address}`, which is no address to listen on; expected such as /ip4/0.0.0.0/tcp/7420"
            ));
        }
        let database: Option<Database> = reading
            .optional("database", "a URL, such as \"postgres://accord@db.example.org/accord\"");
        if let Some(Err(error)) = database.as_ref().map(Database::check) {
            reading.problem(error.to_string());
        }
        let http = reading.optional("http", "an address and port, such as \"0.0.0.0:8443\"");
        let photographs: Option<Bucket> = reading.optional(
            "photographs",
            "a table, [photographs], with url and region, and endpoint and authority if need be",
        );
        for problem in photographs.iter().flat_map(Bucket::problems) {
            reading.problem(problem);
        }
        let exchange = reading.optional("exchange", "a table, [exchange]").unwrap_or_default();
        let mut bounds = Reading { table: exchange, within: "exchange.", problems: Vec::new() };
        let exchange = Bounds::of(&mut bounds);
        let problems = [reading.finish(), bounds.finish()].concat();
        match (problems.as_slice(), agency, listen) {
            ([], Some(agency), Some(listen)) => {
                Ok(Self { agency, listen, database, http, photographs, exchange })
            }
            ([one], _, _) => Err(one.clone()),
            (problems, _, _) => {
                Err(format!("{} problems:\n  {}", problems.len(), problems.join("\n  ")))
            }
        }
    }

    /// Writes into the configuration of `home` where its database is from now on, and leaves the rest
    /// as its operator wrote it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set_database(home: &Home, database: &Database) -> Result<(), HomeError> {
        #[derive(Serialize)]
        struct Line<'a> {
            database: &'a Database,
        }
        let content = |error: String| HomeError::Content { path: home.config(), error };
        let line = toml::to_string(&Line { database }).map_err(|e| content(e.to_string()))?;
        // What is on top belongs to no table.
        let text = line + &read_text(&home.config())?;
        replace_private(&home.config(), text.as_bytes())?;
        Self::load(home).map(drop)
    }

    /// Writes the configuration of a new home.
    ///
    /// # Errors
    /// When it is there already or cannot be written.
    pub fn create(&self, home: &Home) -> Result<(), HomeError> {
        let text = toml::to_string(self)
            .map_err(|e| HomeError::Content { path: home.config(), error: e.to_string() })?;
        write_private(&home.config(), text.as_bytes())
    }
}

/// A table whose keys are taken out one by one; what is left at the end means nothing.
struct Reading {
    table: Table,
    /// What stands before each key in messages.
    within: &'static str,
    problems: Vec<String>,
}

impl Reading {
    fn problem(&mut self, said: String) {
        self.problems.push(said);
    }

    /// The value of a key that must be there.
    fn required<T: DeserializeOwned>(&mut self, key: &str, expected: &str) -> Option<T> {
        if !self.table.contains_key(key) {
            self.problem(format!("{}{key} is missing; expected {expected}", self.within));
        }
        self.optional(key, expected)
    }

    /// The value of a key that need not be there.
    fn optional<T: DeserializeOwned>(&mut self, key: &str, expected: &str) -> Option<T> {
        let value = self.table.remove(key)?;
        let shown = shown(key, &value);
        match value.try_into() {
            Ok(value) => Some(value),
            Err(_) => {
                self.problem(format!("{}{key} = {shown}; expected {expected}", self.within));
                None
            }
        }
    }

    /// A number from 1 to `most`.
    fn bound(&mut self, key: &str, most: u32, default: u32) -> u32 {
        let expected = format!("1 to {most}");
        match self.optional::<u32>(key, &expected) {
            Some(value) if value == 0 || value > most => {
                self.problem(format!("{}{key} = {value}; expected {expected}", self.within));
                default
            }
            Some(value) => value,
            None => default,
        }
    }

    fn finish(mut self) -> Vec<String> {
        let keys: Vec<String> = self.table.keys().cloned().collect();
        for key in keys {
            self.problem(format!(
                "{}{key} means nothing; see docs/configuration.md for the keys, and take it out",
                self.within
            ));
        }
        self.problems
    }
}

/// A value as messages show it: the URL of a database may hold a password.
fn shown(key: &str, value: &Value) -> String {
    if key == "database" { "(not shown)".into() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "agency = \"monrovia-ca-pd\"\nlisten = [\"/ip4/0.0.0.0/tcp/7420\"]\n";

    #[test]
    fn what_is_not_given_is_as_the_documents_say() {
        let config = Config::parse(GOOD).unwrap();
        assert_eq!(config.exchange.freshness_seconds, 300);
        assert!(config.http.is_none());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut config = Config::parse(GOOD).unwrap();
        config.http = "127.0.0.1:8443".parse().ok();
        config.exchange.answer_seconds = 7;
        let text = toml::to_string(&config).unwrap();
        let read = Config::parse(&text).unwrap();
        assert_eq!(toml::to_string(&read).unwrap(), text);
    }

    #[test]
    fn every_problem_is_named_at_once_with_its_key_its_value_and_what_to_write() {
        let text = "agency = \"Monrovia PD\"\nlisten = [\"0.0.0.0:7420\", \"/ip4/0.0.0.0/udp/7420/quic-v1\"]\nhttp = \"8443\"\nport = 1\n\
                    database = \"mysql://a:s3cret@db/a\"\n[exchange]\nanswer_seconds = 0\nfreshness_seconds = \"1h\"\nfoo = 1\n";
        let said = Config::parse(text).unwrap_err();
        for part in [
            "9 problems",
            "agency = \"Monrovia PD\"; expected the id",
            "listen names `0.0.0.0:7420`",
            "database `mysql://a:***@db/a` is none that a node can use",
            "http = \"8443\"; expected an address and port",
            "listen names `/ip4/0.0.0.0/udp/7420/quic-v1`, which is no address to listen on",
            "port means nothing",
            "exchange.answer_seconds = 0; expected 1 to 600",
            "exchange.freshness_seconds = \"1h\"; expected 1 to 3600",
            "exchange.foo means nothing",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("s3cret"), "{said}");
        let said = Config::parse("http = \"127.0.0.1:8443\"").unwrap_err();
        assert!(said.contains("agency is missing") && said.contains("listen is missing"), "{said}");
    }

    #[test]
    fn a_file_that_is_no_toml_is_told_by_its_line_which_is_not_shown() {
        let said =
            Config::parse("agency = \"a\"\ndatabase = \"postgres://a:s3cret@\n").unwrap_err();
        assert!(said.contains("line 2") && !said.contains("s3cret"), "{said}");
    }
}
