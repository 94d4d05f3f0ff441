//! Audits: which are open, whose, and under which somebody looks. Everything that an auditor looks at bears the
//! audit that she has open, so that whoever audits the auditors sees what each look was for.

use schemas::event::occasion::{AUDIT_DAYS, OccasionKind};
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::ChangeError;
use super::clock::{ClockAcceptance, restamp};
use super::payload::unfit;
use super::persistent::Map;

/// An audit, open or closed. Its number is the index of the entry that opened it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedAudit {
    /// Who opened it.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// What gives rise to it.
    pub occasion: Text,
    /// Of which sort that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occasion_kind: Option<OccasionKind>,
    /// Case number; empty where there is none.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub case: Text,
    /// How it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<AuditClosing>,
}

/// How an audit was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditClosing {
    /// Who closed it.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// What came of it; empty where nothing did.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub outcome: Text,
}

impl OpenedAudit {
    /// When it is over if nobody closes it before.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.at.plus_days(AUDIT_DAYS)
    }

    /// Whether something may be looked at under it at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.closed.is_none() && now < self.ends()
    }
}

/// Why somebody's look does not belong under the audit that it bears, or bears none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUnder {
    /// There is no such audit.
    #[error("no entry {0} opened an audit")]
    Unknown(u64),
    /// It is another person's.
    #[error("audit {0} is of `{1}`")]
    OfAnother(u64, UserName),
    /// It was closed.
    #[error("audit {0} was closed at {1}")]
    Closed(u64, Timestamp),
    /// Its time is over.
    #[error("audit {0} ended at {1}, after {AUDIT_DAYS} days")]
    Over(u64, Timestamp),
    /// It bears none, and its person has one open.
    #[error("audit {0} of `{1}` is open, and it bears none")]
    None(u64, UserName),
}

/// Every audit that was opened.
#[derive(Debug, Clone, Default)]
pub struct Audits {
    /// By the entry that opened it.
    all: Map<u64, OpenedAudit>,
    /// Those of each person that nobody has closed, oldest first; some of them may be over.
    unclosed: Map<UserName, Vec<u64>>,
}

impl Audits {
    /// The audit that an entry opened.
    #[must_use]
    pub fn get(&self, opened: u64) -> Option<&OpenedAudit> {
        self.all.get(&opened)
    }

    /// Every audit, in the order in which they were opened.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &OpenedAudit)> {
        self.all.iter().map(|(opened, audit)| (*opened, audit))
    }

    /// Those that `user` has open at `now`, oldest first.
    pub fn open_of(
        &self,
        user: &UserName,
        now: Timestamp,
    ) -> impl Iterator<Item = (u64, &OpenedAudit)> {
        let unclosed = self.unclosed.get(user).into_iter().flatten();
        let all = unclosed.filter_map(|opened| Some((*opened, self.all.get(opened)?)));
        all.filter(move |(_, audit)| audit.is_open(now))
    }

    /// Those that anybody has open at `now`, oldest first.
    pub fn open(&self, now: Timestamp) -> Vec<(u64, &OpenedAudit)> {
        let unclosed = self.unclosed.values().flatten();
        let all = unclosed.filter_map(|opened| Some((*opened, self.all.get(opened)?)));
        let mut open: Vec<_> = all.filter(|(_, audit)| audit.is_open(now)).collect();
        open.sort_unstable_by_key(|(opened, _)| *opened);
        open
    }

    /// Whether what `user` looks at at `now` belongs under `audit`.
    ///
    /// # Errors
    /// Why it does not.
    pub fn bears(
        &self,
        user: &UserName,
        audit: Option<u64>,
        now: Timestamp,
    ) -> Result<(), NotUnder> {
        let Some(opened) = audit else {
            return match self.open_of(user, now).next() {
                Some((open, _)) => Err(NotUnder::None(open, user.clone())),
                None => Ok(()),
            };
        };
        let audit = self.all.get(&opened).ok_or(NotUnder::Unknown(opened))?;
        if audit.by != *user {
            return Err(NotUnder::OfAnother(opened, audit.by.clone()));
        }
        if let Some(closed) = &audit.closed {
            return Err(NotUnder::Closed(opened, closed.at));
        }
        if audit.is_open(now) { Ok(()) } else { Err(NotUnder::Over(opened, audit.ends())) }
    }

    /// The entry `opened` opens an audit.
    pub(crate) fn opened(&mut self, opened: u64, audit: &OpenedAudit) -> Result<(), ChangeError> {
        if audit.closed.is_some() || self.all.contains_key(&opened) {
            return Err(unfit(format!("entry {opened} opens no audit of its own")));
        }
        let before = self.unclosed.get(&audit.by).into_iter().flatten().copied();
        let open = |one: &u64| self.all.get(one).is_some_and(|one| one.is_open(audit.at));
        let mut unclosed: Vec<u64> = before.filter(open).collect();
        unclosed.push(opened);
        self.unclosed.insert(audit.by.clone(), unclosed);
        self.all.insert(opened, audit.clone());
        Ok(())
    }

    /// Somebody closes the audit that the entry `opened` opened.
    pub(crate) fn closed(
        &mut self,
        opened: u64,
        closing: &AuditClosing,
    ) -> Result<(), ChangeError> {
        let audit = self.all.get_mut(&opened);
        let audit = audit.ok_or_else(|| unfit(format!("no entry {opened} opened an audit")))?;
        if audit.closed.is_some() {
            return Err(unfit(format!("audit {opened} is closed already")));
        }
        audit.closed = Some(closing.clone());
        let by = audit.by.clone();
        if let Some(unclosed) = self.unclosed.get_mut(&by) {
            unclosed.retain(|one| *one != opened);
        }
        Ok(())
    }

    /// A clock is accepted: what was opened before counts as of another time.
    pub(crate) fn restamp(&mut self, accepted: &ClockAcceptance, behind_since: Option<Timestamp>) {
        let unclosed: Vec<u64> = self.unclosed.values().flatten().copied().collect();
        for opened in unclosed {
            if let Some(audit) = self.all.get_mut(&opened) {
                restamp([&mut audit.at], (accepted.at, accepted.last), behind_since);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn opened(by: &str, when: &str) -> OpenedAudit {
        OpenedAudit {
            by: by.parse().unwrap(),
            at: at(when),
            occasion: "a complaint".parse().unwrap(),
            occasion_kind: Some(OccasionKind::Complaint),
            case: Text::default(),
            closed: None,
        }
    }

    #[test]
    fn a_look_belongs_under_an_audit_of_its_person_that_is_open() {
        let mut audits = Audits::default();
        audits.opened(3, &opened("adiaz", "2026-03-01T08:00:00Z")).unwrap();
        audits.opened(5, &opened("adiaz", "2026-03-02T08:00:00Z")).unwrap();
        audits.opened(7, &opened("bfox", "2026-03-02T08:00:00Z")).unwrap();
        let closing = AuditClosing {
            by: "bfox".parse().unwrap(),
            at: at("2026-03-05T08:00:00Z"),
            outcome: Text::default(),
        };
        audits.closed(5, &closing).unwrap();
        assert!(audits.closed(5, &closing).is_err(), "once");
        assert!(audits.closed(6, &closing).is_err(), "what was opened");
        for (user, audit, when, why) in [
            ("adiaz", Some(3), "2026-03-06T00:00:00Z", None),
            ("adiaz", Some(3), "2026-03-31T07:59:59Z", None),
            ("adiaz", Some(3), "2026-03-31T08:00:00Z", Some("audit 3 ended at")),
            ("adiaz", None, "2026-03-31T08:00:00Z", None),
            ("adiaz", None, "2026-03-06T00:00:00Z", Some("audit 3 of `adiaz` is open")),
            ("adiaz", Some(5), "2026-03-06T00:00:00Z", Some("audit 5 was closed")),
            ("adiaz", Some(7), "2026-03-06T00:00:00Z", Some("audit 7 is of `bfox`")),
            ("adiaz", Some(4), "2026-03-06T00:00:00Z", Some("no entry 4 opened")),
            ("cruiz", None, "2026-03-06T00:00:00Z", None),
        ] {
            let found = audits.bears(&user.parse().unwrap(), audit, at(when));
            let found = found.err().map(|error| error.to_string());
            let fits = match (&found, why) {
                (None, None) => true,
                (Some(found), Some(why)) => found.starts_with(why),
                _ => false,
            };
            assert!(fits, "{user} {audit:?} {when}: {found:?}, expected {why:?}");
        }
        let open: Vec<u64> =
            audits.open(at("2026-03-06T00:00:00Z")).into_iter().map(|(index, _)| index).collect();
        assert_eq!(open, [3, 7]);
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_no_audit_open_for_longer() {
        let mut audits = Audits::default();
        audits.opened(3, &opened("adiaz", "2030-01-01T00:00:00Z")).unwrap();
        let accepted = ClockAcceptance {
            at: at("2026-03-01T00:00:00Z"),
            last: at("2030-01-02T00:00:00Z"),
            by: None,
            reason: "set".parse().unwrap(),
        };
        audits.restamp(&accepted, None);
        assert_eq!(audits.get(3).map(OpenedAudit::ends), Some(at("2026-03-31T00:00:00Z")));
    }
}
