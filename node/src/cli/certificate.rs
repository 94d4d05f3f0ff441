//! `accord certificate …`: files in the home; a running node takes a new certificate by itself.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;

use super::Done;
use super::out_file;
use super::output::Output;
use crate::certificate::{self, NotInstalled};
use crate::config::Config;
use crate::permission::ActError;
use audit_log::clock::Clock;
use host::home::Home;
use schemas::time::Timestamp;

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
    /// Write a request (PKCS #10) for the agency's authority, for the key that is there. Browsers trust what
    /// it signs, and take security keys then.
    Request {
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// A name that clients know this machine by; that of `origin` and those of the present
        /// certificate unless given.
        #[arg(long, value_name = "HOST")]
        name: Vec<String>,
    },
    /// Take what the authority sent back: the certificate in PEM, then those that lead to its root. A running
    /// node uses it within seconds.
    Install {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// The name that browsers know the node by, where it has pages.
fn host(home: &Home) -> Result<Option<String>, ActError> {
    Ok(Config::load(home)?.origin.map(|origin| origin.host().to_owned()))
}

fn request(home: &Home, out: &Path, names: &[String], output: Output) -> Result<Done, ActError> {
    let names: Vec<String> = if names.is_empty() {
        let host = host(home)?;
        let mut present = certificate::load(home)?.names;
        present.retain(|name| name.parse::<IpAddr>().is_err() && Some(name) != host.as_ref());
        host.into_iter().chain(present).collect()
    } else {
        names.to_vec()
    };
    if names.is_empty() {
        let why = "no name to ask for: give --name HOST, the name that people type";
        return Err(ActError::usage(why.into()));
    }
    out_file::write(out, certificate::request(home, &names)?.as_bytes())?;
    output.object(&json!({ "out": out, "names": names }), || {
        format!(
            "a request for {} is in {}; have it signed, and then: accord certificate install FILE",
            names.join(", "),
            out.display()
        )
    });
    Ok(Done::Ok)
}

fn install(home: &Home, file: &Path, now: Timestamp) -> Result<(), ActError> {
    let not = |why: &dyn std::fmt::Display| ActError::usage(format!("`{}`: {why}", file.display()));
    let pem = std::fs::read(file).map_err(|e| not(&e))?;
    let host = host(home)?;
    match certificate::install(home, &pem, host.as_deref(), now) {
        Ok(_) => Ok(()),
        Err(NotInstalled::Home(error)) => Err(error.into()),
        Err(error) => Err(not(&error)),
    }
}

pub(super) fn run(dir: &Path, command: &Certificate, output: Output) -> Result<Done, ActError> {
    let (home, now) = (Home::open(dir)?, Clock::system().now());
    match command {
        Certificate::Show => {}
        Certificate::Renew { name, new_key: true } => {
            let names =
                if name.is_empty() { certificate::load(&home)?.names } else { name.clone() };
            certificate::create(&home, &names, now)?;
        }
        Certificate::Renew { name, new_key: false } => certificate::renew(&home, name, now)?,
        Certificate::Request { out, name } => return request(&home, out, name, output),
        Certificate::Install { file } => install(&home, file, now)?,
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
