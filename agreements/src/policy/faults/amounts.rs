//! Whether the numbers and periods of a policy make sense.

use schemas::duty::DutyCode;

use super::found::Faults;
use crate::policy::{Period, Tracked};

/// The least that audit records are kept, in days (CJIS Security Policy AU-11).
pub const LEAST_AUDIT_DAYS: u32 = 365;
/// Longest period that makes sense, in days: a hundred years.
const LONGEST_DAYS: u32 = 36_600;
/// Most reads of one answer.
const MOST_ROWS: u32 = 100_000;
/// Most words that a reason or suspicion can be asked for.
const MOST_WORDS: u32 = 8;

impl Faults<'_> {
    pub(super) fn periods(&mut self) {
        let policy = self.policy;
        let (retention, training) = (&policy.retention, &policy.training);
        let reads = &retention.reads;
        let demanded = [
            ("lookback.days", policy.lookback.days, policy.lookback.years),
            ("audits.days", policy.audits.days, policy.audits.years),
            ("retention.reads.cut_off_days", reads.cut_off_days, reads.cut_off_years),
            (
                "retention.audit_reports.days",
                retention.audit_reports.days,
                retention.audit_reports.years,
            ),
        ];
        for (key, days, years) in demanded {
            match Period::of(days, years) {
                None => self.fault(
                    key,
                    "or the same in years is missing, or both are given; expected one of the two",
                ),
                Some(period) => self.length(key, period),
            }
        }
        let optional = [
            ("retention.reads.minimum_days", reads.minimum_days, reads.minimum_years),
            ("training.every_days", training.every_days, training.every_years),
            (
                "clearance.every_days",
                policy.clearance.as_ref().and_then(|clearance| clearance.every_days),
                policy.clearance.as_ref().and_then(|clearance| clearance.every_years),
            ),
        ];
        for (key, days, years) in optional {
            match Period::of(days, years) {
                None if days.is_some() => {
                    self.fault(key, "and the same in years are both given; expected one of the two")
                }
                None => {}
                Some(period) => self.length(key, period),
            }
        }
        let cut_off = reads.cut_off();
        if let Some(least) = reads.minimum().filter(|least| !cut_off.covers(*least)) {
            let hint = match (cut_off, least) {
                (Period::Days(_), Period::Years(_)) => "; a year may have 366 days",
                _ => "",
            };
            self.fault(
                "retention.reads.cut_off_days",
                format!("is {}; the text keeps reads at least {}{hint}", bare(cut_off), least),
            );
        }
        let kept = retention.audit_reports.period();
        if kept.shortest_days() < LEAST_AUDIT_DAYS {
            self.fault("retention.audit_reports.days", format!("is {}; audit records are kept at least {LEAST_AUDIT_DAYS} days (CJIS Security Policy AU-11)", bare(kept)));
        }
    }

    fn length(&mut self, key: &str, period: Period) {
        if period.shortest_days() == 0 {
            self.fault(key, "must not be 0");
        } else if period.longest_days() > LONGEST_DAYS {
            self.fault(key, format!("is {}; expected at most a hundred years", bare(period)));
        }
    }

    pub(super) fn numbers(&mut self) {
        let policy = self.policy;
        for Tracked { code, days, every_days, to, .. } in &policy.tracked {
            let given = *code == DutyCode::SummaryGiven;
            if given != to.as_ref().is_some_and(|to| !to.is_empty()) {
                let what = if given {
                    "is missing: say to whom it is given, such as `to = \"Chief of Police\"`"
                } else {
                    "means nothing: it is given to nobody"
                };
                self.fault(&format!("tracked.{code}.to"), what);
            }
            for (key, days) in [("days", Some(days)), ("every_days", every_days.as_ref())] {
                if days.is_some_and(|days| !(1..=LONGEST_DAYS).contains(days)) {
                    let what = format!("is out of range; expected 1 to {LONGEST_DAYS}");
                    self.fault(&format!("tracked.{code}.{key}"), what);
                }
            }
            let again = !matches!(code, DutyCode::EvidenceBooked);
            if again != every_days.is_some() {
                let what = if again {
                    "is missing: it is done again and again"
                } else {
                    "means nothing: each package is booked once"
                };
                self.fault(&format!("tracked.{code}.every_days"), what);
            }
        }
        let (suspicion, reason) = (policy.suspicion.words, policy.reason.telling_words);
        for (key, value, most) in [
            ("row_limit.most", policy.row_limit.most, MOST_ROWS),
            ("reason.telling_words", reason, MOST_WORDS),
            ("suspicion.words", suspicion, MOST_WORDS),
        ] {
            if value == 0 {
                self.fault(key, format!("must not be 0; expected 1 to {most}"));
            } else if value > most {
                self.fault(key, format!("is {value}; expected 1 to {most}"));
            }
        }
        if let Err(what) = policy.searches.limits().check("searches.") {
            let key = what.split('`').nth(1).unwrap_or_default().to_owned();
            self.found.push((key, what));
        }
    }
}

/// A number of days without its unit, as the file has it.
fn bare(period: Period) -> String {
    match period {
        Period::Days(days) => days.to_string(),
        Period::Years(_) => period.to_string(),
    }
}
