//! Whether a document that a peer signed is recorded here: so one that comes again is known.

use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::request::{Request, Ruling, Withdrawal};
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::posted::PostedPolicy;

use super::state::State;

impl State {
    /// Whether a document, whose signature was verified by who asks, is recorded here, or what is
    /// recorded leaves nothing of it to record, as where a withdrawal crossed a denial. What is no
    /// document of agreements or written requests is not.
    #[must_use]
    pub fn records(&self, envelope: &Envelope) -> bool {
        let exact = envelope.to_text();
        let payload = envelope.unverified_payload();
        let Ok(text) = std::str::from_utf8(payload) else { return false };
        match envelope.kind() {
            Kind::Agreement => Agreement::from_toml("agreement", text).is_ok_and(|agreement| {
                self.agreement_text(&agreement.id, &Digest::of(payload)).is_some()
            }),
            Kind::Adherence => Adherence::from_toml("adherence", text)
                .is_ok_and(|of| self.has_signed(&of.agreement, &of.text, &exact)),
            Kind::Notice => Notice::from_toml("notice", text)
                .is_ok_and(|of| self.has_signed(&of.agreement, &of.text, &exact)),
            Kind::Request => Request::from_toml("request", text).is_ok_and(|request| {
                self.requests.get(&request.id).is_some_and(|known| known.envelope == exact)
            }),
            Kind::Decision => Ruling::from_toml("decision", text).is_ok_and(|ruling| {
                let filed = self.requests.get(&ruling.request);
                filed.is_some_and(|filed| filed.value.ruling.as_ref() == Some(&ruling))
            }),
            Kind::Withdrawal => Withdrawal::from_toml("withdrawal", text).is_ok_and(|withdrawal| {
                let filed = self.requests.get(&withdrawal.request).map(|filed| &filed.value);
                filed.is_some_and(|filed| {
                    filed.withdrawal.is_some() || filed.clone().withdraw(withdrawal).is_err()
                })
            }),
            Kind::Policy => serde_json::from_str::<PostedPolicy>(text).is_ok_and(|posted| {
                let known = self.peers.get(&posted.agency).and_then(|peer| peer.policy.as_ref());
                known.is_some_and(|known| known.is(&posted))
            }),
            Kind::Card
            | Kind::Query
            | Kind::Answer
            | Kind::Refusal
            | Kind::Receipt
            | Kind::Correction
            | Kind::Statement
            | Kind::Transfer
            | Kind::Evidence
            | Kind::Attestation => false,
        }
    }

    /// Whether this envelope of an adherence or a notice stands beside a text of an agreement.
    fn has_signed(&self, agreement: &AuthorityId, text: &Digest, envelope: &String) -> bool {
        self.agreement_text(agreement, text).is_some_and(|known| known.signed.contains(envelope))
    }
}
