//! Flaws that the simulation has to find: each is a wrapper around what a node rests on, here and nowhere
//! in a node, so that none can be built into one.

use std::str::FromStr;

use schemas::entry::EntryKind;
use schemas::frame::{Frame, FrameKind};
use store::{Row, StateChanges};

use crate::dice::Dice;

/// A planted flaw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The entry of an answer becomes durable after the answer has left.
    AppendAfterRelease,
    /// An answer is shown although its entry was never written.
    ShownUnlogged,
    /// The uses of an authority are forgotten when a node starts.
    UsesForgotten,
    /// What was answered today is forgotten when a node starts.
    QuotaForgotten,
    /// Receipts do not arrive.
    ReceiptLost,
    /// Retention runs by tomorrow's clock.
    RetentionEarly,
    /// Some letters are never sent.
    LetterLost,
    /// What a peer has acknowledged stays in the outbox.
    OutboxKept,
    /// More entries are destroyed than the log says.
    RedactsMore,
    /// Kept answers are never found to have ended.
    AnswersKept,
    /// Of a group of entries only the first is written.
    HalfGroup,
    /// Every search finds a read that was not asked for.
    SearchWider,
    /// Proofs that come beside messages are not read.
    ProofsUnread,
    /// What peers have not proven is forgotten.
    DebtsForgotten,
    /// Which head of a peer's log was cosigned last is forgotten.
    HeadsForgotten,
}

impl Bug {
    pub(crate) const ALL: [(&'static str, Self); 15] = [
        ("append-after-release", Self::AppendAfterRelease),
        ("shown-unlogged", Self::ShownUnlogged),
        ("uses-forgotten", Self::UsesForgotten),
        ("quota-forgotten", Self::QuotaForgotten),
        ("receipt-lost", Self::ReceiptLost),
        ("retention-early", Self::RetentionEarly),
        ("letter-lost", Self::LetterLost),
        ("outbox-kept", Self::OutboxKept),
        ("redacts-more", Self::RedactsMore),
        ("answers-kept", Self::AnswersKept),
        ("half-group", Self::HalfGroup),
        ("search-wider", Self::SearchWider),
        ("proofs-unread", Self::ProofsUnread),
        ("debts-forgotten", Self::DebtsForgotten),
        ("heads-forgotten", Self::HeadsForgotten),
    ];

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, bug)| *bug == self).map_or("?", |(name, _)| name)
    }

    /// Whether a frame goes to the wire.
    pub(crate) fn lets_pass(self, dice: &Dice, frame: &Frame) -> bool {
        self != Self::ReceiptLost || frame.kind != FrameKind::Receipt || dice.happens(300)
    }

    /// Whether a commit with an entry of this kind is acknowledged before it is written.
    pub(crate) fn acknowledges_first(self, kind: EntryKind) -> bool {
        self == Self::AppendAfterRelease && kind == EntryKind::QueryAnswered
    }

    /// Whether a commit with an entry of this kind is acknowledged and never written.
    pub(crate) fn swallows(self, kind: EntryKind) -> bool {
        self == Self::ShownUnlogged && kind == EntryKind::AnswerReceived
    }
}

/// A row once more, for a flaw that writes it later.
pub(crate) fn copied(row: &Row) -> Row {
    let changes = &row.changes;
    Row {
        header: row.header.clone(),
        header_bytes: row.header_bytes.clone(),
        salt: row.salt,
        body: row.body.clone(),
        envelopes: row.envelopes.clone(),
        nodes: row.nodes.clone(),
        mentions: row.mentions.clone(),
        changes: StateChanges {
            change: changes.change.clone(),
            asked: changes.asked.clone(),
            settled: changes.settled.clone(),
            served: changes.served.clone(),
            receipted: changes.receipted.clone(),
            pages: changes.pages.clone(),
            outbox: changes.outbox.clone(),
            reads: changes.reads.clone(),
            corrected: changes.corrected.clone(),
            purged: changes.purged.clone(),
            ended: changes.ended.clone(),
            owed: changes.owed.clone(),
            proved: changes.proved.clone(),
            waived: changes.waived.clone(),
            restamped: changes.restamped,
            shown: changes.shown.clone(),
        },
    }
}

impl FromStr for Bug {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, bug)| *bug);
        found.ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("`{name}` is no planted flaw; expected one of {}", all.join(", "))
        })
    }
}
