//! What one entry shows by itself: that its body and envelopes are those that its header commits to,
//! that each envelope is signed by the one agency that may have signed it, that the body says what they
//! say, and that what it keeps of the peer's log is proven.

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::{Header, StoredEntry};
use schemas::envelope::{Envelope, Kind};

use super::beside::{Beside, beside};
use super::kept::{Kept, kept};
use super::keys::Keys;
use super::messages::{Expected, Expects, Opened, open};
use super::problem::{Problem, problem};
use super::recomputed::recomputed;
use super::told::Told;

/// What one entry shows by itself.
#[derive(Debug, Default)]
pub(super) struct Alone {
    pub(super) signatures: u64,
    pub(super) problems: Vec<Problem>,
    pub(super) body: Option<Body>,
    pub(super) messages: Vec<Opened>,
    /// What it tells of an exchange.
    pub(super) told: Option<Told>,
    /// Whose word it rests on that is not pinned.
    pub(super) unpinned: Option<AgencyId>,
    /// What it keeps of the peer's log, where all of that is proven.
    pub(super) theirs: Vec<Kept>,
    /// Whether a signature that it rests on does not hold, or is missing.
    pub(super) unsigned: bool,
    /// The reply that it says did not verify, where its owner signed it all the same.
    pub(super) rejected: Option<Opened>,
}

/// What an entry of the log of `me` shows by itself.
pub(super) fn alone(header: &Header, entry: &StoredEntry, keys: &Keys, me: &AgencyId) -> Alone {
    let mut found = Alone::default();
    let index = Some(header.index);
    let mut problems = Vec::new();
    let mut wrong = |code, what: String| problems.push(problem(index, code, what));
    let body = match (&entry.salt, &entry.body) {
        (Some(salt), Some(text)) => {
            if !header.commits_to(salt, text.as_bytes()) {
                wrong("body", "its body is not the one that its header commits to".into());
            }
            serde_json::from_str::<Body>(text)
                .inspect_err(|_| wrong("body", "its body cannot be read".into()))
                .ok()
        }
        // Whether it had to be gone is judged from the entries that follow.
        (None, None) => None,
        _ => {
            wrong("body", "its body or its salt is missing".into());
            None
        }
    };
    if let Some(body) = &body
        && (body.at != header.at || body.event.kind() != header.kind)
    {
        wrong("body", "its body names another time or kind".into());
    }
    match (header.envelope, &entry.envelope) {
        (None, None) => {}
        (Some(digest), Some(lines)) if digest == Digest::of(lines.as_bytes()) => {}
        (Some(_), None) if entry.salt.is_none() => return Alone { problems, ..found },
        (Some(_), None) => wrong("envelope", "its envelopes are missing".into()),
        _ => wrong("envelope", "its envelopes are not those that its header commits to".into()),
    }
    let Some(body) = body.filter(|body| body.event.kind() == header.kind) else {
        // Of one that is destroyed nothing has to be signed any more.
        let destroyed = entry.body.is_none() && entry.salt.is_none();
        return Alone { problems, unsigned: !destroyed, ..found };
    };
    let mut standing = true;
    for (nth, theirs) in body.event.theirs().iter().enumerate() {
        found.signatures = found.signatures.saturating_add(1);
        match &header.peer {
            Some(peer) if !keys.pinned(peer) => found.unpinned = Some(peer.clone()),
            _ => match kept(header, &body, (nth, theirs), keys, me) {
                Ok(theirs) => found.theirs.push(theirs),
                Err(why) => {
                    standing = false;
                    wrong("standing", why);
                }
            },
        }
    }
    if !standing {
        found.theirs.clear();
    }
    let lines: Vec<&str> = entry.envelope.iter().flat_map(|lines| lines.lines()).collect();
    match beside(header, &body, me) {
        Err(what) => {
            wrong("binding", what);
            found.unsigned = true;
        }
        Ok(Beside::Anything) => {
            if lines.len() > 1 {
                wrong("binding", "more than one envelope stands beside it".into());
            }
            found.signatures = found.signatures.saturating_add(lines.len() as u64);
            found.rejected = lines.first().and_then(|line| rejected(line, header, keys, me));
        }
        Ok(Beside::Exactly(expected)) => {
            found.open(header, &lines, &expected, keys);
        }
    }
    let (said, different) = if found.unsigned {
        (body, Vec::new())
    } else {
        recomputed(header, &body, me, &found.messages)
    };
    problems.append(&mut found.problems);
    found.problems = problems;
    found.problems.extend(different.into_iter().map(|what| problem(index, "binding", what)));
    found.told = Told::of(&said);
    found.body = Some(said);
    found
}

impl Alone {
    /// Of an entry whose check broke off.
    pub(super) fn lost() -> Self {
        let problems = vec![problem(None, "unchecked", "a check broke off")];
        Self { problems, unsigned: true, ..Self::default() }
    }

    /// Opens what stands beside an entry as what has to stand there.
    fn open(&mut self, header: &Header, lines: &[&str], expected: &[Expected], keys: &Keys) {
        let index = Some(header.index);
        if lines.len() != expected.len() {
            let all: Vec<&str> = expected.iter().map(|one| one.kind.word()).collect();
            let belongs = if all.is_empty() { "nothing".into() } else { all.join(" and ") };
            let what = format!(
                "{belongs} has to stand beside it, and {} there",
                match lines.len() {
                    0 => "nothing stands".into(),
                    1 => "one envelope stands".into(),
                    many => format!("{many} envelopes stand"),
                }
            );
            self.problems.push(problem(index, "binding", what));
            self.unsigned = true;
        }
        for (line, expected) in lines.iter().zip(expected) {
            self.signatures = self.signatures.saturating_add(1);
            match open(line, expected, keys) {
                Ok(opened) => {
                    if opened.key.is_none() && !keys.pinned(&opened.by) {
                        self.unpinned = Some(opened.by.clone());
                    }
                    self.messages.push(opened);
                }
                Err((code, what)) => {
                    self.problems.push(problem(index, code, what));
                    self.unsigned = true;
                }
            }
        }
    }
}

/// The reply that an entry says did not verify, if its owner signed it to this agency.
fn rejected(line: &str, header: &Header, keys: &Keys, me: &AgencyId) -> Option<Opened> {
    let peer = header.peer.as_ref()?;
    let kind = match Envelope::parse(line.as_bytes()).ok()?.kind() {
        Kind::Answer => Expects::Answer,
        Kind::Refusal => Expects::Refusal,
        _ => return None,
    };
    let expected = Expected { kind, by: peer.clone(), to: me.clone() };
    open(line, &expected, keys).ok().filter(|opened| opened.key.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_whose_check_broke_off_is_told_and_counts_for_nothing() {
        let lost = Alone::lost();
        let codes: Vec<&str> = lost.problems.iter().map(|one| one.code).collect();
        assert_eq!((codes, lost.unsigned), (vec!["unchecked"], true));
    }
}
