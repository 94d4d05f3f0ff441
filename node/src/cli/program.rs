//! `accord program …`

use std::path::PathBuf;

use clap::Subcommand;
use schemas::program::{AddressRange, ProgramScope};
use schemas::purpose::Purpose;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::certificate_file::certificate_of;
use super::client::Client;
use super::output::{Output, table, text};
use crate::admin::programs::NewProgram;
use crate::permission::ActError;
use registry::ProgramName;

#[derive(Subcommand)]
pub(super) enum Program {
    /// Let a program of the agency, such as its dispatch system, ask for persons who let it.
    Add {
        /// A name for it, such as `cad-1`.
        name: ProgramName,
        /// What it may be used for: ask, explain, requests, import, audit, records, assert; once for each.
        #[arg(long, required = true)]
        scope: Vec<ProgramScope>,
        /// A purpose for which it may ask; once for each. Without it, any.
        #[arg(long = "purpose", value_name = "PURPOSE")]
        purposes: Vec<Purpose>,
        /// From where it may be used: an address, or the first bits of some, such as 10.1.0.0/16; once for
        /// each. Without it, from anywhere.
        #[arg(long = "address", value_name = "ADDRESS")]
        addresses: Vec<AddressRange>,
        /// The certificate (PEM) that it shows when it connects, in the place of a token.
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
        /// When it ends; at most a year from now.
        #[arg(long, value_name = "TIME")]
        until: Timestamp,
    },
    /// List programs, until when they may be used, and when they were used last.
    List,
    /// Give a program a new token; what it had before is good no longer.
    Token {
        /// Its name.
        name: ProgramName,
    },
    /// Have a program show another certificate; what it had before is good no longer. One that was renewed for
    /// the same key is known already.
    Certificate {
        /// Its name.
        name: ProgramName,
        /// The certificate (PEM).
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// End a program at once, with every session that persons let it have.
    Revoke {
        /// Its name.
        name: ProgramName,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// What a program may be used for, and what not.
    Try {
        /// Its name.
        name: ProgramName,
    },
}

pub(super) async fn run(
    client: &Client,
    command: Program,
    output: Output,
) -> Result<Done, ActError> {
    let program: Value = match command {
        Program::Add { name, scope, purposes, addresses, certificate, until } => {
            let certificate = certificate.as_deref().map(certificate_of).transpose()?;
            let new = NewProgram { name, scope, purposes, addresses, certificate, until };
            client.post("/programs", &new).await?
        }
        Program::Token { name } => {
            client.post(&format!("/programs/{name}/token"), &json!({})).await?
        }
        Program::Certificate { name, file } => {
            let shows = json!({ "certificate": certificate_of(&file)? });
            client.post(&format!("/programs/{name}/certificate"), &shows).await?
        }
        Program::Revoke { name, reason } => {
            client.post(&format!("/programs/{name}/revoke"), &json!({ "reason": reason })).await?
        }
        Program::Try { name } => {
            let may: Value = client.get(&format!("/programs/{name}/may")).await?;
            output.object(&may, || routes(&may));
            return Ok(Done::Ok);
        }
        Program::List => {
            let programs: Vec<Value> = client.get("/programs").await?;
            if output.json() {
                programs.iter().for_each(|program| output.object(program, String::new));
            } else {
                output.note(&describe(&programs));
            }
            return Ok(Done::Ok);
        }
    };
    output.object(&program, || {
        let described = describe(std::slice::from_ref(&program));
        format!("{described}{}", how_it_asks(&program))
    });
    Ok(Done::Ok)
}

/// What a program is told once that was added, or shows something else from now on.
fn how_it_asks(program: &Value) -> String {
    // Nothing is told where it asks of one that was revoked.
    let Some(url) = program.get("url") else { return String::new() };
    let shows = match program.get("token").and_then(Value::as_str) {
        Some(token) => format!(
            "\n\ntoken {token}\nGive it to the program now: it is kept nowhere and shown once. The program sends it as\n`Authorization: Bearer`, and beside it the session of the person for whom it asks."
        ),
        None => "\n\nIt shows its certificate when it connects, and with each request the session of the person for whom\nit asks. Its private key stays where it is.".into(),
    };
    let place = match url.as_str() {
        Some(url) => format!("\nIt asks at {url}"),
        None => "\nThis node serves no HTTPS yet: set `http = \"ADDR:PORT\"` in accord.toml and start it again.".into(),
    };
    shows + &place
}

/// Values of a list, or a word where there is none.
fn words(program: &Value, key: &str, none: &str) -> String {
    let values = program.get(key).and_then(Value::as_array).into_iter().flatten();
    let values: Vec<&str> = values.filter_map(Value::as_str).collect();
    if values.is_empty() { none.to_owned() } else { values.join(", ") }
}

/// By what it is known: a token, or a certificate by the beginning of its key.
fn credential(program: &Value) -> String {
    match text(program, "certificate").get(..16) {
        Some(key) => format!("certificate {key}"),
        None => "token".to_owned(),
    }
}

fn describe(programs: &[Value]) -> String {
    let row = |program: &Value| {
        let state = match (text(program, "revoked"), program.get("in_force")) {
            ("", Some(Value::Bool(true))) => "in force".to_owned(),
            ("", _) => "ended".to_owned(),
            (why, _) => format!("revoked: {why}"),
        };
        vec![
            text(program, "program").to_owned(),
            words(program, "scope", ""),
            words(program, "purposes", "any purpose"),
            words(program, "addresses", "anywhere"),
            credential(program),
            text(program, "until").to_owned(),
            text(program, "last_used").to_owned(),
            state,
        ]
    };
    let rows: Vec<Vec<String>> = programs.iter().map(row).collect();
    table(&["program", "scope", "for", "from", "shows", "until", "last used", ""], &rows)
}

fn routes(may: &Value) -> String {
    let routes = may.get("routes").and_then(Value::as_array).into_iter().flatten();
    let row = |route: &Value| {
        let method = text(route, "method").to_uppercase();
        let why = match text(route, "why") {
            "" => "yes".to_owned(),
            why => format!("no: {why}"),
        };
        vec![method, format!("/api/v1{}", text(route, "path")), why]
    };
    let rows: Vec<Vec<String>> = routes.map(row).collect();
    format!("{}\n\n{}", describe(std::slice::from_ref(may)), table(&["", "route", "may"], &rows))
}
