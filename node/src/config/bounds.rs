//! Bounds of exchanges, and of what peers leave behind.

use serde::Serialize;

use super::reading::Reading;
use audit::report::exceptions::Usual;

/// Bounds of exchanges.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Bounds {
    /// How far a query's time may be from ours, in seconds.
    pub freshness_seconds: u32,
    /// How long an owner has to answer, in seconds.
    pub answer_seconds: u32,
    /// How long an answer can be redelivered, in hours.
    pub redelivery_hours: u32,
    /// Most exchanges of one peer served at once.
    pub in_flight_per_peer: u32,
    /// Most refusals, repetitions and failures of one peer in a minute; beyond them it is not served
    /// until the minute is over.
    pub refusals_per_minute: u32,
    /// Most answers to one peer whose receipts are outstanding.
    pub receipts_outstanding: u32,
    /// How long an answer may be without its receipt before the requester is refused, in hours.
    pub receipt_hours: u32,
    /// Most entries of one peer's log, about exchanges, that it may leave unproven; beyond them its queries
    /// are refused.
    pub unproven_exchanges: u32,
    /// How long it may leave more than a few of them unproven while it is connected, in seconds.
    pub unproven_seconds: u32,
    /// Most versions of one peer's card that are taken in, or left to wait for a person, in a day.
    pub card_versions_per_day: u32,
    /// How long a search of one's own reads waits until another agency holds a head over its entry, in
    /// seconds; then it is shown with the word that none does.
    pub search_seen_seconds: u32,
    /// Most written requests of one peer that wait for a decision.
    pub undecided_requests: u32,
    /// Most agreements that one peer has proposed and this agency has neither signed nor seen end.
    pub open_proposals: u32,
    /// Most documents of one peer that are taken in on a UTC day, corrections aside.
    pub documents_per_day: u32,
    /// Most corrections of reads of one peer that are taken in on a UTC day.
    pub corrections_per_day: u32,
    /// Most KiB of documents of one peer that are taken in on a UTC day.
    pub document_kib_per_day: u32,
    /// Different plates that one agency usually asks of one owner on a day, at most.
    pub usual_plates_per_day: u32,
    /// People of one agency who ask one owner on a day and had not asked before, usually at most.
    pub usual_new_people_per_day: u32,
    /// Different plates that one agency usually asks of one owner for one case, at most.
    pub usual_plates_per_case: u32,
    /// Of a hundred answers, those that usually hold a read, at least.
    pub usual_hits_percent: u32,
    /// How often it is looked whether a peer is to be reconciled with, in seconds.
    pub reconciled_look_seconds: u32,
    /// How often peers are asked to cosign the head of the log, in seconds.
    pub cosigned_every_seconds: u32,
}

impl Bounds {
    /// What of an agency's queries is usual.
    #[must_use]
    pub const fn usual(&self) -> Usual {
        Usual {
            plates_a_day: self.usual_plates_per_day,
            new_people_a_day: self.usual_new_people_per_day,
            plates_a_case: self.usual_plates_per_case,
            hits_percent: self.usual_hits_percent,
        }
    }

    pub(super) fn of(table: &mut Reading) -> Self {
        let default = Self::default();
        Self {
            freshness_seconds: table.bound("freshness_seconds", 3_600, default.freshness_seconds),
            answer_seconds: table.bound("answer_seconds", 600, default.answer_seconds),
            redelivery_hours: table.bound("redelivery_hours", 24 * 30, default.redelivery_hours),
            in_flight_per_peer: table.bound(
                "in_flight_per_peer",
                10_000,
                default.in_flight_per_peer,
            ),
            refusals_per_minute: table.bound(
                "refusals_per_minute",
                100_000,
                default.refusals_per_minute,
            ),
            receipts_outstanding: table.bound(
                "receipts_outstanding",
                100_000,
                default.receipts_outstanding,
            ),
            receipt_hours: table.bound("receipt_hours", 24 * 30, default.receipt_hours),
            unproven_exchanges: table.bound(
                "unproven_exchanges",
                100_000,
                default.unproven_exchanges,
            ),
            unproven_seconds: table.bound("unproven_seconds", 604_800, default.unproven_seconds),
            card_versions_per_day: table.bound(
                "card_versions_per_day",
                1_000,
                default.card_versions_per_day,
            ),
            search_seen_seconds: table.bound(
                "search_seen_seconds",
                60,
                default.search_seen_seconds,
            ),
            undecided_requests: table.bound(
                "undecided_requests",
                10_000,
                default.undecided_requests,
            ),
            open_proposals: table.bound("open_proposals", 1_000, default.open_proposals),
            documents_per_day: table.bound("documents_per_day", 100_000, default.documents_per_day),
            corrections_per_day: table.bound(
                "corrections_per_day",
                1_000_000,
                default.corrections_per_day,
            ),
            document_kib_per_day: table.bound(
                "document_kib_per_day",
                1 << 20,
                default.document_kib_per_day,
            ),
            usual_plates_per_day: table.bound(
                "usual_plates_per_day",
                1_000_000,
                default.usual_plates_per_day,
            ),
            usual_new_people_per_day: table.bound(
                "usual_new_people_per_day",
                100_000,
                default.usual_new_people_per_day,
            ),
            usual_plates_per_case: table.bound(
                "usual_plates_per_case",
                100_000,
                default.usual_plates_per_case,
            ),
            usual_hits_percent: table.bound("usual_hits_percent", 100, default.usual_hits_percent),
            reconciled_look_seconds: table.bound(
                "reconciled_look_seconds",
                86_400,
                default.reconciled_look_seconds,
            ),
            cosigned_every_seconds: table.bound(
                "cosigned_every_seconds",
                86_400,
                default.cosigned_every_seconds,
            ),
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        let usual = Usual::default();
        Self {
            freshness_seconds: 300,
            answer_seconds: 30,
            redelivery_hours: 24,
            in_flight_per_peer: 128,
            refusals_per_minute: 300,
            receipts_outstanding: 256,
            receipt_hours: 24,
            unproven_exchanges: 512,
            unproven_seconds: 3_600,
            card_versions_per_day: 8,
            search_seen_seconds: 2,
            undecided_requests: 50,
            open_proposals: 20,
            documents_per_day: 200,
            corrections_per_day: 1_000,
            document_kib_per_day: 1_024,
            usual_plates_per_day: usual.plates_a_day,
            usual_new_people_per_day: usual.new_people_a_day,
            usual_plates_per_case: usual.plates_a_case,
            usual_hits_percent: usual.hits_percent,
            reconciled_look_seconds: 300,
            cosigned_every_seconds: 600,
        }
    }
}
