//! Open alarms, said beside whatever a command does with the agency that they are about.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use hyper::HeaderMap;

use super::output::err;
use crate::http::alarms::{HEADER, Open};

/// What the node says is open, and what was said of it.
#[derive(Default)]
pub(super) struct Alarmed(Mutex<Said>);

#[derive(Default)]
struct Said {
    /// `None` until the node has replied.
    open: Option<Vec<Open>>,
    /// What was named before it did.
    named: Vec<Vec<u8>>,
    said: BTreeSet<u64>,
}

impl Alarmed {
    /// Whether the node tells of open alarms beside a reply, and they were not asked for yet.
    pub(super) fn wants(&self, headers: &HeaderMap) -> bool {
        let this = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        headers.contains_key(HEADER) && this.open.as_ref().is_none_or(Vec::is_empty)
    }

    /// Takes in what the node says is open. What it said first stays.
    pub(super) fn heard(&self, open: Vec<Open>) {
        let mut this = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if this.open.as_ref().is_some_and(|open| !open.is_empty()) {
            return;
        }
        this.open = Some(open);
        for names in std::mem::take(&mut this.named) {
            this.say(&names);
        }
    }

    /// Says the alarms about agencies that JSON or a path names, each once.
    pub(super) fn names(&self, names: &[u8]) {
        let mut this = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match this.open {
            Some(_) => this.say(names),
            None => this.named.push(names.to_vec()),
        }
    }
}

impl Said {
    fn say(&mut self, names: &[u8]) {
        let Self { open, said, .. } = self;
        let open = open.iter().flatten();
        for alarm in open.filter(|alarm| named(names, alarm.peer.as_str().as_bytes())) {
            if said.insert(alarm.alarm) {
                err(&format!(
                    "alarm {} about `{}` is open: {}. Nothing is exchanged with it until an auditor \
                     resolves that; see `accord audit alarms`",
                    alarm.alarm, alarm.peer, alarm.what
                ));
            }
        }
    }
}

/// Whether an agency's id stands there as a word of its own: ids hold letters, digits and hyphens.
fn named(bytes: &[u8], id: &[u8]) -> bool {
    let within = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
    bytes.windows(id.len()).enumerate().any(|(at, part)| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        part == id && !within(before) && !within(bytes.get(at.saturating_add(id.len())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agency_is_named_by_its_whole_id_alone() {
        let id = b"indio-ca-pd";
        for (text, is) in [
            (r#"{"owner":"indio-ca-pd"}"#, true),
            ("/cards/indio-ca-pd/block", true),
            (r#"{"peer":"indio-ca-pd","from":1}"#, true),
            (r#"{"owner":"west-indio-ca-pd"}"#, false),
            (r#"{"owner":"indio-ca-pd-2"}"#, false),
            ("", false),
        ] {
            assert_eq!(named(text.as_bytes(), id), is, "{text}");
        }
    }
}
