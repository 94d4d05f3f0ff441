//! `accord certificate …`: files in the home; a running node takes a new certificate by itself.

use std::path::Path;

use clap::Subcommand;
use serde_json::json;

use super::Done;
use super::output::Output;
use crate::certificate;
use crate::permission::ActError;
use audit_log::clock::Clock;
use host::home::Home;

#[derive(Subcommand)]
pub(super) enum Certificate {
    /// Show whom the certificate of the HTTPS side is for, and when it ends.
    Show,
    /// Make a new one, for the key that is there: clients that pin the key notice nothing. A node
    /// does this by itself before its own certificate ends.
    Renew {
        /// A name or address that clients know this machine by; those of the present one unless
        /// given.
        #[arg(long, value_name = "HOST")]
        name: Vec<String>,
        /// With a new key: clients that pin the key must be told the new pin.
        #[arg(long)]
        new_key: bool,
    },
}

pub(super) fn run(dir: &Path, command: &Certificate, output: Output) -> Result<Done, ActError> {
    let (home, now) = (Home::open(dir)?, Clock::system().now());
    if let Certificate::Renew { name, new_key } = command {
        if *new_key {
            let names =
                if name.is_empty() { certificate::load(&home)?.names } else { name.clone() };
            certificate::create(&home, &names, now)?;
        } else {
            certificate::renew(&home, name, now)?;
        }
    }
    let certificate = certificate::load(&home)?;
    let days_left = certificate.days_left(now);
    let shown = json!({
        "names": certificate.names, "not_after": certificate.not_after, "days_left": days_left,
        "self_signed": certificate.self_signed, "pin": certificate.pin,
    });
    output.object(&shown, || {
        format!(
            "for {}\nends in {days_left} days\npin {}\n\nField units are told the pin: `accord transfer --pin`.",
            certificate.names.join(", "),
            certificate.pin
        )
    });
    Ok(Done::Ok)
}
