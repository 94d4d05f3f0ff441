//! `accord doctor`: the checks of a running node, or why a stopped one does not start.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::output::{Output, table, text};
use crate::config::Config;
use crate::permission::ActError;
use crate::run::open_context;
use audit_log::anchor;
use audit_log::clock::Clock;
use host::home::Home;
use peer::listens_at;

pub(super) async fn run(dir: &Path, client: &Client, output: Output) -> Result<Done, ActError> {
    let checks: Vec<Value> = match client.get("/doctor").await {
        Ok(checks) => checks,
        Err(error) if error.code() == "node_not_running" => at_rest(dir).await?,
        Err(error) => return Err(error),
    };
    let ok = |check: &Value| check.get("ok").and_then(Value::as_bool).unwrap_or(false);
    if output.json() {
        checks.iter().for_each(|check| output.object(check, String::new));
    } else {
        let rows: Vec<Vec<String>> = checks
            .iter()
            .map(|check| {
                let mark = if ok(check) { "ok" } else { "NOT OK" };
                vec![text(check, "check").into(), mark.into(), text(check, "detail").into()]
            })
            .collect();
        output.note(&table(&["check", "", "detail"], &rows));
    }
    Ok(if checks.iter().all(ok) { Done::Ok } else { Done::Refused })
}

/// One line about a node at rest.
#[derive(Serialize)]
struct Check {
    check: &'static str,
    ok: bool,
    detail: String,
}

fn check(name: &'static str, found: Result<String, String>) -> Value {
    let ok = found.is_ok();
    let (Ok(detail) | Err(detail)) = found;
    json!(Check { check: name, ok, detail })
}

/// Whether the node of `dir`, which does not run, could: what it takes to start, one after another.
async fn at_rest(dir: &Path) -> Result<Vec<Value>, ActError> {
    let home = Home::open(dir)?;
    let start = format!("`accord --home {} run`", dir.display());
    let mut checks = Vec::new();
    let lock = home.lock();
    checks.push(check(
        "node",
        Err(match &lock {
            Ok(_) => format!("does not run; start it with {start} once what is below is ok"),
            Err(error) => {
                format!("{error}, and does not answer: it is starting or stopping, or hangs")
            }
        }),
    ));
    let flaws = home.flaws(true);
    let sound = "all there, and the owner's alone".to_owned();
    checks.push(check("files", if flaws.is_empty() { Ok(sound) } else { Err(flaws.join("; ")) }));
    let config = Config::load(&home);
    let read = config.as_ref().map(|_| "it can be read".into()).map_err(ToString::to_string);
    checks.push(check("configuration", read));
    let (Ok(config), Ok(_lock)) = (config, lock) else { return Ok(checks) };
    checks.push(check("ports", ports(&config)));
    let opened = open_context(&home, &config, Clock::system()).await;
    match opened {
        Err(error) => checks.push(check("database", Err(error.to_string()))),
        Ok(context) => {
            let (log, store) = (&context.agency.log, context.store.as_ref());
            let about = store.about().await.map_err(|error| error.to_string());
            checks.push(check("database", about));
            let leads = anchor::check(&home, log, &context.agency.registry, store).await;
            let size = format!("{} entries, which lead to the anchor", log.counters().size);
            checks.push(check("log", leads.map(|_| size).map_err(|error| {
                format!("{error}; if what it lacks is lost, {start} with `--after-loss REASON` goes on and records that")
            })));
            let clock = log.clock_can_be_right();
            let now = context.agency.clock.now().to_string();
            // The node starts, and waits for the word that the error names.
            checks.push(check("clock", clock.map(|()| now).map_err(|error| error.to_string())));
        }
    }
    Ok(checks)
}

/// Whether nobody else listens where the node is to.
fn ports(config: &Config) -> Result<String, String> {
    let peers =
        config.listen.iter().map(|address| (address.to_string(), listens_at(address.as_str())));
    let https = config.http.iter().map(|address| (format!("https://{address}"), Some(*address)));
    let all: Vec<(String, Option<SocketAddr>)> = peers.chain(https).collect();
    let taken: Vec<String> = all
        .iter()
        .filter_map(|(said, address)| {
            let error = TcpListener::bind((*address)?).err()?;
            Some(format!("{said} cannot be listened at ({error}): `ss -ltnp` shows who does"))
        })
        .collect();
    let said: Vec<&str> = all.iter().map(|(said, _)| said.as_str()).collect();
    if taken.is_empty() { Ok(said.join(", ")) } else { Err(taken.join("; ")) }
}
