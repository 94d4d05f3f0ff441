//! Officers who ask: over the socket in the home of their node, as the command line does, but many
//! from one process.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use audit_log::clock::Clock;
use serde_json::Value;
use tests::command_line::CliAgency;
use tests::fixtures::{OFFICER, PLATE, draft, id};

/// The longest an officer waits for a word of the node.
const PATIENCE: Duration = Duration::from_secs(15);
/// Most queries of one officer in one spell of load.
const MOST: usize = 500;

/// What an officer was told.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) query: String,
    pub(crate) owner: String,
    pub(crate) outcome: String,
}

/// The officer of an agency, who is signed in.
#[derive(Clone)]
pub(crate) struct Officer {
    home: PathBuf,
    token: String,
}

impl Officer {
    pub(crate) fn of(agency: &CliAgency) -> Self {
        Self { home: agency.home(), token: agency.desk().token(OFFICER) }
    }
}

/// Asks `owners` once; what was told, which is nothing when the node is away.
pub(crate) fn ask(by: &Officer, owners: &[&str], at: &Clock) -> Vec<Told> {
    let owners: Vec<_> = owners.iter().map(|owner| id(owner)).collect();
    let owners: Vec<_> = owners.iter().collect();
    let body = serde_json::to_string(&draft(&owners, PLATE, at.now())).expect("JSON");
    let request = format!(
        "POST /queries HTTP/1.1\r\nHost: accord\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        by.token,
        body.len()
    );
    let mut reply = Vec::new();
    if let Ok(mut stream) = UnixStream::connect(by.home.join("accord.sock")) {
        drop(stream.set_read_timeout(Some(PATIENCE)));
        drop(stream.write_all(request.as_bytes()));
        // What had come before it broke off was seen.
        drop(stream.read_to_end(&mut reply));
    }
    let lines = lines(&reply);
    let told = lines.iter().filter_map(|line| {
        let text = |key: &str| line[key].as_str().map(str::to_owned);
        Some(Told { query: text("query_id")?, owner: text("owner")?, outcome: text("outcome")? })
    });
    told.collect()
}

/// The lines of JSON in a reply, whose body comes in chunks.
fn lines(reply: &[u8]) -> Vec<Value> {
    let Some(start) = reply.windows(4).position(|end| end == b"\r\n\r\n") else {
        return Vec::new();
    };
    let (mut rest, mut body) = (&reply[start + 4..], Vec::new());
    while let Some(end) = rest.windows(2).position(|end| end == b"\r\n") {
        let length = std::str::from_utf8(&rest[..end]).ok();
        let length = length.and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let Some(length @ 1..) = length else { break };
        let chunk = &rest[end + 2..];
        body.extend_from_slice(&chunk[..length.min(chunk.len())]);
        rest = chunk.get(length + 2..).unwrap_or_default();
    }
    let whole = body.split(|byte| *byte == b'\n');
    whole.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Asks until an answer comes: service resumes by itself.
///
/// # Panics
/// When none comes.
pub(crate) fn resumes(when: &str, by: &Officer, owner: &str, at: &Clock) -> Vec<Told> {
    let end = Instant::now() + Duration::from_secs(60);
    let mut told = Vec::new();
    loop {
        told.extend(ask(by, &[owner], at));
        if told.last().is_some_and(|last| last.outcome == "answered") {
            return told;
        }
        assert!(Instant::now() < end, "{when}: {owner} is not answering again: {told:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Officers who ask one after another until told to end.
pub(crate) struct Officers {
    over: std::sync::Arc<AtomicBool>,
    asking: Vec<std::thread::JoinHandle<Vec<Told>>>,
}

impl Officers {
    pub(crate) fn at(by: &Officer, count: usize, owners: &[&str], at: &Clock) -> Self {
        let over = std::sync::Arc::new(AtomicBool::new(false));
        let owners: Vec<String> = owners.iter().map(ToString::to_string).collect();
        let asking = (0..count)
            .map(|_| {
                let (over, by, owners, at) = (over.clone(), by.clone(), owners.clone(), at.clone());
                std::thread::spawn(move || {
                    let owners: Vec<&str> = owners.iter().map(String::as_str).collect();
                    let mut told = Vec::new();
                    for _ in 0..MOST {
                        if over.load(Ordering::SeqCst) {
                            break;
                        }
                        let heard = ask(&by, &owners, &at);
                        // A node that is away is asked again, and not in a rush.
                        let pause = if heard.is_empty() { 50 } else { 5 };
                        told.extend(heard);
                        std::thread::sleep(Duration::from_millis(pause));
                    }
                    told
                })
            })
            .collect();
        Self { over, asking }
    }

    /// Lets them finish what they ask; what they were told.
    pub(crate) fn stop(self) -> Vec<Told> {
        self.over.store(true, Ordering::SeqCst);
        let told = self.asking.into_iter().map(|officer| officer.join().expect("an officer"));
        told.flatten().collect()
    }
}
