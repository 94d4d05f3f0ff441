//! A report made of a bundle, where no node is: of a log that holds by itself, and of no other.
//!
//! It rests on the entry of the export, which says who handed the log over and when; nothing is
//! logged by whoever makes it.

use std::io::Read;

use agreements::policy::Policy;
use jiff::tz::TimeZone;
use schemas::bundle::Head;
use schemas::checkpoint::SignedCheckpoint;
use schemas::digest::Digest;
use schemas::event::Event;
use schemas::time::Timestamp;

use super::exceptions::{Usual, exceptions};
use super::{Accesses, Kind, MadeFrom, Report};
use crate::bundle_file::BundleFile;
use crate::check;
use crate::error::Unable;
use crate::pins::Pins;
use crate::time::empty_period;
use crate::verify::Judged;

/// What is to be reported of a bundle.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// What about.
    pub kind: Kind,
    /// Accesses at or after.
    pub from: Option<Timestamp>,
    /// Accesses before.
    pub until: Option<Timestamp>,
    /// The text of the policy by which exceptions are found; without it, the one in force by the log,
    /// if the bundle carries it.
    pub policy: Option<&'a str>,
    /// The zone in which nights and days are counted.
    pub zone: TimeZone,
}

/// What became of it.
#[derive(Debug)]
pub enum Made {
    /// A report, and what has to be known of it beside, each in a sentence.
    Report(Box<Report>, Vec<String>),
    /// None: the log does not hold by itself.
    Unsound(Box<check::Report>),
}

/// What a report needs of a bundle, gathered while it is checked.
#[derive(Default)]
struct Gathered {
    head: Option<Head>,
    accesses: Accesses,
    by: String,
    /// The digest of the policy in force at the end.
    policy: Option<Digest>,
}

impl Gathered {
    fn take(&mut self, wanted: &Wanted<'_>, head: &Head, entry: Judged) {
        let header = &entry.header;
        if self.head.is_none() {
            self.head = Some(head.clone());
        }
        if let Some(body) = &entry.body {
            if let Event::PolicyAdopted(adopted) = &body.event {
                self.policy = Some(adopted.digest);
            }
            if header.index == head.entry {
                let user = body.actor.user.as_ref();
                let user = user.map(|user| format!(" ({user})")).unwrap_or_default();
                self.by = format!("{}{user}", body.actor.full_name);
            }
        }
        let early = wanted.from.is_some_and(|from| header.at < from);
        if !early && header.index < head.entry {
            self.accesses.take(entry, wanted.until);
        }
    }
}

/// Makes a report of a bundle, which is checked on the way.
///
/// # Errors
/// When it is no bundle or cannot be read, the period holds nothing, such a report is made by a node
/// alone, or there is no policy to find exceptions by.
pub fn of_bundle<R: Read>(
    bundle: &mut BundleFile<R>,
    pins: &Pins,
    wanted: &Wanted<'_>,
) -> Result<Made, Unable> {
    if let Some(empty) = empty_period(wanted.from, wanted.until) {
        return Err(Unable::Usage(empty));
    }
    if wanted.kind == Kind::Sharing {
        return Err(Unable::Usage(
            "with whom reads are shared stands in the agency's registry and in no bundle; its node tells it, by `accord audit report --kind sharing`".into(),
        ));
    }
    if wanted.kind == Kind::Public {
        return Err(Unable::Usage(
            "what the public may see is made by the agency's node, by `accord audit report --kind public`; `accord-audit public` checks one that was released".into(),
        ));
    }
    let mut gathered = Gathered::default();
    let checked = bundle.check(pins, |head, judged, item, _| {
        // A border is not of the bundle.
        if !item.border {
            gathered.take(wanted, head, judged);
        }
    })?;
    // What rests on a key that is not pinned is in the report, with a word beside it.
    let Some(head) = gathered.head.take().filter(|_| checked.holds()) else {
        return Ok(Made::Unsound(Box::new(checked)));
    };
    let mut notes: Vec<String> = Vec::new();
    for problem in &checked.problems {
        notes.push(format!("{}: {}", problem.code, problem.message));
    }
    if let Some(peer) = &head.scope.peer {
        notes.push(format!(
            "note: the bundle holds what concerns `{peer}` alone, and so does the report"
        ));
    }
    let rows = match wanted.kind {
        Kind::Exceptions => {
            let policy = policy(&checked.policies, gathered.policy, wanted.policy, &mut notes)?;
            exceptions(&gathered.accesses, &policy, &wanted.zone, &Usual::default())
        }
        kind => gathered.accesses.rows(kind),
    };
    let signed = SignedCheckpoint::parse(head.checkpoint.as_bytes())
        .map_err(|e| bundle.unfit(format!("its signed head: {e}")))?;
    let made_from = MadeFrom {
        entry: head.entry,
        size: signed.unverified().size,
        root: signed.unverified().root.to_string(),
        signed_at: head.at,
        checkpoint: head.checkpoint,
        exported: true,
    };
    // Beyond what was exported there is nothing to report.
    let from = wanted.from.into_iter().chain(head.scope.from).max();
    let until = wanted.until.into_iter().chain(head.scope.until).min();
    let agency = head.agency.to_string();
    let report =
        Report { report: wanted.kind, agency, by: gathered.by, from, until, made_from, rows };
    Ok(Made::Report(Box::new(report), notes))
}

/// The policy by which exceptions are found.
fn policy(
    policies: &[String],
    in_force: Option<Digest>,
    given: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Policy, Unable> {
    let text = match given {
        Some(text) => {
            if in_force.is_some_and(|digest| digest != Digest::of(text.as_bytes())) {
                notes.push(
                    "note: the policy given is not the one that was in force at the end of this log"
                        .into(),
                );
            }
            text
        }
        None => {
            let of_log = |text: &&String| Some(Digest::of(text.as_bytes())) == in_force;
            policies.iter().find(of_log).ok_or_else(|| {
                Unable::Usage(
                    "exceptions are found by the agency's policy, whose text is not in this bundle; name its file with --policy"
                        .into(),
                )
            })?
        }
    };
    Policy::from_toml("policy", text).map_err(|e| Unable::Usage(format!("the policy: {e}")))
}
