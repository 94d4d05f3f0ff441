//! The configuration file of a home. Every key is checked when it is read.

use std::net::SocketAddr;

use schemas::agency::AgencyId;
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use crate::database::Database;
use crate::home::{Home, HomeError, read_text, replace_private, write_private};

/// `accord.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The agency whose node this is.
    pub agency: AgencyId,
    /// Where peers reach this node (multiaddresses).
    pub listen: Vec<Text>,
    /// Where the database is; SQLite in the home unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
    /// Where the HTTPS side listens, such as `0.0.0.0:8443`; nowhere unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
    /// Whether QUIC is offered beside TCP. Its cipher suites cannot be narrowed to AES.
    #[serde(default)]
    pub quic: bool,
    /// Bounds of exchanges.
    #[serde(default)]
    pub exchange: Bounds,
}

/// Bounds of exchanges.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
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
    /// How often it is looked whether a peer is to be reconciled with, in seconds.
    pub reconciled_look_seconds: u32,
    /// How often peers are asked to cosign the head of the log, in seconds.
    pub cosigned_every_seconds: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            freshness_seconds: 300,
            answer_seconds: 30,
            redelivery_hours: 24,
            in_flight_per_peer: 128,
            refusals_per_minute: 300,
            receipts_outstanding: 1_024,
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
    /// When it cannot be read, or a key or value is not what it must be.
    pub fn load(home: &Home) -> Result<Self, HomeError> {
        let path = home.config();
        let content = |error: String| HomeError::Content { path: path.clone(), error };
        let text = read_text(&path)?;
        let config: Self = toml::from_str(&text).map_err(|e| content(without_line(&text, &e)))?;
        if let Some(database) = &config.database {
            database.check().map_err(|e| content(e.to_string()))?;
        }
        let b = &config.exchange;
        for (key, value, most) in [
            ("freshness_seconds", b.freshness_seconds, 3_600),
            ("answer_seconds", b.answer_seconds, 600),
            ("redelivery_hours", b.redelivery_hours, 24 * 30),
            ("in_flight_per_peer", b.in_flight_per_peer, 10_000),
            ("refusals_per_minute", b.refusals_per_minute, 100_000),
            ("receipts_outstanding", b.receipts_outstanding, 100_000),
            ("reconciled_look_seconds", b.reconciled_look_seconds, 86_400),
            ("cosigned_every_seconds", b.cosigned_every_seconds, 86_400),
        ] {
            if value == 0 || value > most {
                return Err(content(format!("exchange.{key} = {value}; expected 1 to {most}")));
            }
        }
        Ok(config)
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
