//! What stands in a bundle before its entries, by which they are checked: cards, policies, the head
//! that peers cosigned. Each is a line of its own.

use schemas::agency::AgencyId;
use schemas::bundle::{Earlier, Head};
use schemas::card::Card;
use schemas::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use schemas::envelope::Envelope;
use schemas::merkle;

use super::pins::Pins;
use super::verify::{Keys, Problem, problem};

/// What stood before the entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Preamble {
    /// The keys that cards name. Of an agency with pinned keys, only of cards that one of those
    /// signed.
    pub(super) keys: Keys,
    /// Texts of the agency's policies, as the bundle says.
    pub(super) policies: Vec<String>,
    cosigned: Option<Earlier>,
}

/// What the signed heads of a bundle show.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// The head that covers every entry, **unverified** where a problem says so.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Who cosigned a head of this log, by names of notes, each once.
    pub(super) cosigned_by: Vec<String>,
}

impl Preamble {
    /// Takes in a card.
    pub(super) fn card(&mut self, text: &str, pins: &Pins, problems: &mut Vec<Problem>) {
        let card = Envelope::parse(text.as_bytes())
            .map_err(|e| e.to_string())
            .and_then(|envelope| Card::open(&envelope).map_err(|e| e.to_string()));
        match card {
            Err(error) => problems.push(problem(None, "card", format!("a card: {error}"))),
            Ok(card) => {
                let found = card.agency_key.fingerprint();
                if pins.get(&card.id).is_none_or(|known| known.contains(&found)) {
                    self.keys.add(card);
                } else {
                    let what = format!(
                        "a card of `{}` is signed by the key {found}, which is not the one pinned; it counts for nothing",
                        card.id
                    );
                    problems.push(problem(None, "key", what));
                }
            }
        }
    }

    /// Takes in the head that peers cosigned.
    pub(super) fn cosigned(&mut self, earlier: Earlier, problems: &mut Vec<Problem>) {
        if self.cosigned.replace(earlier).is_some() {
            problems.push(problem(None, "line", "two heads that peers cosigned stand in it"));
        }
    }

    /// Checks the signed heads with the keys that are known.
    pub(super) fn heads(&self, head: &Head, pins: &Pins, problems: &mut Vec<Problem>) -> Heads {
        let mut wrong = |code, what: String| problems.push(problem(None, code, what));
        if self.keys.of(&head.agency).is_empty() {
            let pinned = pins.contains_key(&head.agency);
            let whose = if pinned { " signed by the key pinned" } else { "" };
            wrong("card", format!("there is no card of `{}`{whose}", head.agency));
        }
        let signed = match head.signed() {
            Ok(signed) => signed,
            Err(error) => {
                wrong("checkpoint", format!("its signed head: {error}"));
                return Heads::default();
            }
        };
        let mut cosigned_by = Vec::new();
        match self.cosigners(&head.agency, &signed) {
            Err(error) => wrong("checkpoint", format!("its signed head: {error}")),
            Ok(names) => {
                cosigned_by.extend(names);
                match self.cosigned.as_ref().map(|earlier| self.earlier(head, &signed, earlier)) {
                    None => {}
                    Some(Ok(names)) => cosigned_by.extend(names),
                    Some(Err(why)) => {
                        wrong("cosigned", format!("the head that peers cosigned: {why}"));
                    }
                }
            }
        }
        cosigned_by.sort();
        cosigned_by.dedup();
        Heads { checkpoint: Some(signed.unverified().clone()), cosigned_by }
    }

    /// Who cosigned a head of this log, whose own signature is checked too.
    fn cosigners(
        &self,
        log: &AgencyId,
        signed: &SignedCheckpoint,
    ) -> Result<Vec<String>, CheckpointError> {
        // One from before a key took the place of another is signed with that one.
        let key = self.keys.head(log, signed)?;
        let cosigners = self.keys.cosigners();
        let by = signed.cosigned(&key, &cosigners)?;
        Ok(by.iter().map(|by| by.key.name().to_string()).collect())
    }

    /// Who cosigned the earlier head, which must be of this log and come before the bundle's.
    fn earlier(
        &self,
        head: &Head,
        now: &SignedCheckpoint,
        earlier: &Earlier,
    ) -> Result<Vec<String>, String> {
        let signed =
            SignedCheckpoint::parse(earlier.checkpoint.as_bytes()).map_err(|e| e.to_string())?;
        let names = self.cosigners(&head.agency, &signed).map_err(|e| e.to_string())?;
        let (old, now) = (signed.unverified(), now.unverified());
        merkle::verify_consistency(old.size, &old.root, now.size, &now.root, &earlier.consistency)
            .map_err(|e| format!("this log does not start with it: {e}"))?;
        Ok(names)
    }
}
