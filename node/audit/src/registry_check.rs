//! Whether who may see what follows from the log: each entry that changes it names the change by
//! digest, and every entry names the last one that did.
//!
//! A whole log holds the changes themselves. They are held against what their entries say and folded,
//! so that at each entry it is known who was permitted what. In an extract the digests stand alone,
//! but for the changes that are no more than a document beside their entry.

use registry::{Change, State};
use schemas::body::Body;
use schemas::bundle::Item;
use schemas::digest::Digest;
use schemas::entry::Header;

use super::problem::{Problem, problem};

/// What the entries have shown of the registry so far.
#[derive(Debug)]
pub(super) struct RegistryCheck {
    whole: bool,
    last: Option<u64>,
    /// The registry as of the last entry, as long as every change fits.
    state: Option<State>,
    problems: Vec<Problem>,
}

impl RegistryCheck {
    /// Of a `whole` log, or of some entries of one.
    pub(super) fn new(whole: bool) -> Self {
        Self { whole, last: None, state: whole.then(State::default), problems: Vec::new() }
    }

    /// The registry as of the last entry that was seen; `None` where it is not known.
    pub(super) const fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Takes in the next entry, with its body as far as that could be read: what could not is told where
    /// bodies are checked.
    pub(super) fn see(&mut self, header: &Header, item: &Item, body: Option<&Body>) {
        let index = header.index;
        let Some(body) = body else {
            if item.change.is_some() {
                self.state = None;
                self.wrong(
                    index,
                    "a change of the registry stands beside it, and no body binds it",
                );
            }
            return;
        };
        self.follows(index, body.registry);
        match (body.change, &item.change) {
            (None, None) if Change::is_made_by(header.kind) => {
                self.state = None;
                self.wrong(index, format!("`{}` makes no change of the registry", header.kind));
            }
            (None, None) => {}
            (None, Some(_)) => {
                self.wrong(
                    index,
                    "it changed nothing, and a change of the registry stands beside it",
                );
            }
            (Some(digest), change) => {
                if header.kind.ends() {
                    self.wrong(index, format!("`{}` changes no registry", header.kind));
                }
                self.last = Some(index);
                match change {
                    Some(text) => self.made(header, body, item, digest, text),
                    None if self.whole => {
                        self.state = None;
                        self.wrong(index, "its change of the registry is missing");
                    }
                    None => self.documented(header, body, item, digest),
                }
            }
        }
    }

    /// That an entry names the one before it that changed the registry.
    fn follows(&mut self, index: u64, named: Option<u64>) {
        let known = self.last;
        let fits = if self.whole {
            named == known
        } else {
            // Between the entries of an extract others may have changed it.
            named >= known && named.is_none_or(|named| named < index)
        };
        if fits {
            return;
        }
        let entry =
            |which: Option<u64>| which.map_or("none".into(), |which| format!("entry {which}"));
        self.wrong(
            index,
            format!(
                "it names {} as the last that changed the registry; that is {}",
                entry(named),
                entry(known)
            ),
        );
    }

    /// That a change is the one that its entry made, says what its entry says, and fits.
    fn made(&mut self, header: &Header, body: &Body, item: &Item, digest: Digest, text: &str) {
        let index = header.index;
        let found = Digest::of(text.as_bytes());
        if found != digest {
            self.state = None;
            return self.wrong(
                index,
                format!(
                    "it made the change {digest} of the registry; the one beside it is {found}"
                ),
            );
        }
        let told = serde_json::from_str::<Change>(text)
            .map_err(|error| format!("cannot be read: {error}"))
            .and_then(|change| {
                let envelopes: Vec<&str> =
                    item.entry.envelope.iter().flat_map(|e| e.lines()).collect();
                change.told_by(header, body, &envelopes).map_err(|what| format!("is {what}"))?;
                Ok(change)
            });
        match told {
            Err(what) => {
                self.state = None;
                self.wrong(index, format!("its change of the registry {what}"));
            }
            Ok(change) => {
                if let Some(Err(error)) =
                    self.state.as_mut().map(|state| state.apply(index, &change))
                {
                    self.state = None;
                    self.wrong(index, format!("its change does not fit those before it: {error}"));
                }
            }
        }
    }

    /// That a change which is no more than a document is that of the document beside the entry.
    fn documented(&mut self, header: &Header, body: &Body, item: &Item, digest: Digest) {
        let envelope = item.entry.envelope.as_deref().unwrap_or_default();
        let Some(change) = Change::of_document(body, envelope) else { return };
        let fits = serde_json::to_vec(&change).is_ok_and(|text| Digest::of(&text) == digest);
        if !fits {
            let what = "its change of the registry is not that of the document beside it";
            self.wrong(header.index, what);
        }
    }

    fn wrong(&mut self, index: u64, what: impl Into<String>) {
        self.problems.push(problem(Some(index), "registry", what));
    }

    /// What was found since this was asked last.
    pub(super) fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }
}
