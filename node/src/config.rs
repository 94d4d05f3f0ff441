//! The configuration file of a home. Every key is checked when it is read, and everything that is
//! wrong is told at once: an operator mends a file in one go.

mod bounds;
mod devices;
mod origin;
mod providers;
mod reading;
mod records;

use std::net::SocketAddr;

use ::sign_in::provider::Settings;
use jiff::tz::TimeZone;
use schemas::agency::AgencyId;
use schemas::text::Text;
use serde::Serialize;
use toml::Table;

use host::database::Database;
use host::home::{Home, HomeError, read_text, replace_private, write_private};
use peer::is_listenable;
use reading::{Reading, without_line};
use store::photographs::Bucket;

pub use bounds::Bounds;
pub use devices::Devices;
pub use origin::{Origin, UnfitOrigin};
pub use records::Records;

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
    /// How browsers reach the pages of the HTTPS side; no pages are shown unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// In which time zone the pages show times, such as `America/Los_Angeles`; the machine's unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<Text>,
    /// The command, with its arguments, that is told when something waits; none unless given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Text>,
    /// Where photographs are, if not in the home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photographs: Option<Bucket>,
    /// The records system that records of requests for reads are pushed to; none unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<Records>,
    /// What holds for sessions that are opened from enrolled devices.
    #[serde(skip_serializing_if = "Devices::is_empty")]
    pub devices: Devices,
    /// Bounds of exchanges.
    pub exchange: Bounds,
    /// Providers of single sign-on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provider: Vec<Settings>,
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
        let http: Option<SocketAddr> =
            reading.optional("http", "an address and port, such as \"0.0.0.0:8443\"");
        let origin: Option<Text> = reading.optional(
            "origin",
            "how browsers reach the pages, such as \"https://alpr.example.org:8443\"",
        );
        let origin = origin.and_then(|text| match text.as_str().parse::<Origin>() {
            Ok(origin) => Some(origin),
            Err(error) => {
                reading.problem(format!("origin = \"{text}\"; {error}"));
                None
            }
        });
        if origin.is_some() && http.is_none() {
            reading.problem("origin is given without http: say with http where it listens".into());
        }
        let time_zone: Option<Text> =
            reading.optional("time_zone", "a time zone, such as \"America/Los_Angeles\"");
        if let Some((name, Err(error))) = time_zone.as_ref().map(|name| (name, named_zone(name))) {
            reading.problem(format!(
                "time_zone = \"{name}\" is none that this machine knows ({error}); expected such as \"America/Los_Angeles\", with the package tzdata"
            ));
        }
        let notify: Vec<Text> = reading
            .optional(
                "notify",
                "a command as a list, such as [\"/usr/sbin/sendmail\", \"duty@example.org\"]",
            )
            .unwrap_or_default();
        if notify.first().is_some_and(|program| !program.as_str().starts_with('/')) {
            reading.problem("notify names no program by its whole path; expected such as \"/usr/sbin/sendmail\"".into());
        }
        let provider = reading.providers(origin.is_some());
        let photographs: Option<Bucket> = reading.optional(
            "photographs",
            "a table, [photographs], with url and region, and endpoint and authority if need be",
        );
        for problem in photographs.iter().flat_map(Bucket::problems) {
            reading.problem(problem);
        }
        let records = reading.records();
        let devices = reading.devices();
        let exchange = reading.optional("exchange", "a table, [exchange]").unwrap_or_default();
        let mut bounds = Reading { table: exchange, within: "exchange.", problems: Vec::new() };
        let exchange = Bounds::of(&mut bounds);
        let problems = [reading.finish(), bounds.finish()].concat();
        match (problems.as_slice(), agency, listen) {
            ([], Some(agency), Some(listen)) => Ok(Self {
                agency,
                listen,
                database,
                http,
                origin,
                time_zone,
                notify,
                photographs,
                records,
                devices,
                exchange,
                provider,
            }),
            ([one], _, _) => Err(one.clone()),
            (problems, _, _) => {
                Err(format!("{} problems:\n  {}", problems.len(), problems.join("\n  ")))
            }
        }
    }

    /// The time zone in which pages show times.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        let named = self.time_zone.as_ref().and_then(|name| named_zone(name).ok());
        named.unwrap_or_else(TimeZone::system)
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

fn named_zone(name: &Text) -> Result<TimeZone, jiff::Error> {
    TimeZone::get(name.as_str())
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
        let text = "time_zone = \"Pacific\"\nagency = \"Monrovia PD\"\nlisten = [\"0.0.0.0:7420\", \"/ip4/0.0.0.0/udp/7420/quic-v1\"]\nhttp = \"8443\"\nport = 1\n\
                    database = \"mysql://a:s3cret@db/a\"\n[exchange]\nanswer_seconds = 0\nfreshness_seconds = \"1h\"\nfoo = 1\n";
        let said = Config::parse(text).unwrap_err();
        for part in [
            "10 problems",
            "agency = \"Monrovia PD\"; expected the id",
            "listen names `0.0.0.0:7420`",
            "database `mysql://a:***@db/a` is none that a node can use",
            "http = \"8443\"; expected an address and port",
            "listen names `/ip4/0.0.0.0/udp/7420/quic-v1`, which is no address to listen on",
            "port means nothing",
            "exchange.answer_seconds = 0; expected 1 to 600",
            "exchange.freshness_seconds = \"1h\"; expected 1 to 3600",
            "exchange.foo means nothing",
            "time_zone = \"Pacific\" is none that this machine knows",
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
