//! What peers say of letters that they do not take in: whoever signed one has to know.
//!
//! Kept in memory alone: the letter stays in the outbox and is tried again, so after a start the peer
//! says it again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::envelope::Kind;
use schemas::text::one_line;
use schemas::time::Timestamp;
use serde::Deserialize;

use super::Name;

/// Most letters to one peer of which it is kept: what one says takes no place of another's.
const MOST: usize = 64;
/// How long letters wait for a peer that takes in no more, where it does not say so or says longer.
const WAIT_MINUTES: i64 = 60;

/// A letter that its peer has not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedLetter {
    /// Whom it is for.
    pub by: AgencyId,
    /// Digest of the envelope.
    pub letter: Digest,
    /// Whether the peer has said that it will not take these bytes in at any time.
    pub for_good: bool,
    /// What the peer says, in its words.
    pub why: String,
    /// When it last said so.
    pub at: Timestamp,
}

/// An unsigned word of a peer.
#[derive(Deserialize)]
struct Failed {
    code: String,
    message: String,
    until: Option<Timestamp>,
}

/// What one peer said.
#[derive(Default)]
struct Said {
    letters: HashMap<Digest, RefusedLetter>,
    /// Before this instant it takes in no more documents of this type.
    full_until: HashMap<Kind, Timestamp>,
}

/// What peers said.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<AgencyId, Said>>);

impl Refusals {
    fn all(&self) -> MutexGuard<'_, HashMap<AgencyId, Said>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a peer takes in no more letters of this type at this moment. What ends rights is sent
    /// whatever it says.
    pub(super) fn is_full(&self, peer: &AgencyId, kind: Kind, now: Timestamp) -> bool {
        if matches!(kind, Kind::Notice | Kind::Withdrawal) {
            return false;
        }
        let all = self.all();
        let until = all.get(peer).and_then(|said| said.full_until.get(&kind));
        until.is_some_and(|until| now < *until)
    }

    /// A letter of this type was not taken in; `word` is the body of the frame that says so.
    pub(super) fn note(&self, name: &Name, kind: Option<Kind>, word: &[u8], at: Timestamp) {
        // The word may be cut off; then what there is of it is shown.
        let Failed { code, message, until } = serde_json::from_slice(word).unwrap_or_else(|_| {
            let message = String::from_utf8_lossy(word).into_owned();
            Failed { code: String::new(), message, until: None }
        });
        let for_good = matches!(code.as_str(), "refused" | "unverifiable" | "misdirected");
        let (by, letter) = name.clone();
        let mut all = self.all();
        let said = all.entry(by.clone()).or_default();
        if let Some(kind) = kind.filter(|_| code == "too_many") {
            let longest = at.plus_millis(WAIT_MINUTES.saturating_mul(60_000));
            said.full_until.insert(kind, until.unwrap_or(longest).min(longest));
        }
        if said.letters.len() >= MOST && !said.letters.contains_key(&letter) {
            return;
        }
        let why = one_line(&message);
        said.letters.insert(letter, RefusedLetter { by, letter, for_good, why, at });
    }

    /// A letter was taken in.
    pub(super) fn taken_in(&self, (peer, letter): &Name) {
        if let Some(said) = self.all().get_mut(peer) {
            said.letters.remove(letter);
        }
    }

    /// Those that are not, by peer and age.
    pub(super) fn list(&self) -> Vec<RefusedLetter> {
        let mut all: Vec<_> =
            self.all().values().flat_map(|said| said.letters.values()).cloned().collect();
        all.sort_by(|one, other| {
            (&one.by, one.at, one.letter.as_bytes()).cmp(&(
                &other.by,
                other.at,
                other.letter.as_bytes(),
            ))
        });
        all
    }
}
