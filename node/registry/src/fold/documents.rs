//! Agreements and written requests as changes bring them, and what is said of them.

use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::lifecycle::AgreementRecord;
use agreements::request::{Request, RequestRecord, Ruling, Withdrawal};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;

use crate::ChangeError;
use crate::payload::{payload, unfit};
use crate::peers::Signed;
use crate::state::{State, VersionedAgreement};

impl State {
    pub(super) fn agreement(&mut self, from: &AgencyId, envelope: &str) -> Result<(), ChangeError> {
        let (_, text) = payload(envelope)?;
        let agreement = Agreement::from_toml("agreement", &text).map_err(unfit)?;
        let place = (agreement.version, from.clone());
        let digest = Digest::of(text.as_bytes());
        let id = agreement.id.clone();
        let mut texts = self.agreements.get(&id).cloned().unwrap_or_default();
        if texts.contains_key(&place) || texts.values().any(|known| known.recorded.text == digest) {
            return Err(unfit(format!(
                "this or another text of `{from}` is recorded as version {} of agreement `{id}`",
                agreement.version
            )));
        }
        self.concerning.note(&id, &agreement.parties);
        let recorded = AgreementRecord::new(agreement, digest);
        texts.insert(
            place,
            VersionedAgreement {
                proposer: from.clone(),
                recorded,
                envelope: envelope.to_owned(),
                signed: Vec::new(),
            },
        );
        self.agreements.insert(id, texts);
        Ok(())
    }

    pub(super) fn adherence(&mut self, envelope: &str) -> Result<(), ChangeError> {
        let (_, text) = payload(envelope)?;
        let adherence = Adherence::from_toml("adherence", &text).map_err(unfit)?;
        let at = self.text(&adherence.agreement, &adherence.text)?;
        at.recorded.adhere(adherence).map_err(unfit)?;
        at.signed.push(envelope.to_owned());
        Ok(())
    }

    pub(super) fn notice(&mut self, envelope: &str) -> Result<(), ChangeError> {
        let (_, text) = payload(envelope)?;
        let notice = Notice::from_toml("notice", &text).map_err(unfit)?;
        let at = self.text(&notice.agreement, &notice.text)?;
        at.recorded.notice(notice).map_err(unfit)?;
        at.signed.push(envelope.to_owned());
        Ok(())
    }

    pub(super) fn file(&mut self, envelope: &str) -> Result<(), ChangeError> {
        let (parsed, text) = payload(envelope)?;
        let request = Request::from_toml("request", &text).map_err(unfit)?;
        let id = request.id.clone();
        if self.requests.contains_key(&id) {
            return Err(unfit(format!("request `{id}` is already filed")));
        }
        self.concerning.note(&id, [&request.from, &request.to]);
        let filed = RequestRecord::new(request, Digest::of(parsed.unverified_payload()));
        self.requests.insert(id, Signed { value: filed, envelope: envelope.to_owned() });
        Ok(())
    }

    pub(super) fn rule(&mut self, envelope: &str) -> Result<(), ChangeError> {
        let (_, text) = payload(envelope)?;
        let ruling = Ruling::from_toml("decision", &text).map_err(unfit)?;
        let filed = self.request(&ruling.request)?;
        filed.value.rule(ruling).map_err(unfit)?;
        filed.value.decision_digest = Some(Digest::of(text.as_bytes()));
        Ok(())
    }

    pub(super) fn withdraw(&mut self, envelope: &str) -> Result<(), ChangeError> {
        let (_, text) = payload(envelope)?;
        let withdrawal = Withdrawal::from_toml("withdrawal", &text).map_err(unfit)?;
        self.request(&withdrawal.request)?.value.withdraw(withdrawal).map_err(unfit)
    }

    fn text(
        &mut self,
        id: &AuthorityId,
        text: &Digest,
    ) -> Result<&mut VersionedAgreement, ChangeError> {
        let unknown = || unfit(format!("no text {text} of agreement `{id}` is recorded"));
        let texts = self.agreements.get_mut(id).ok_or_else(unknown)?;
        let at = texts.iter().find(|(_, known)| known.recorded.text == *text);
        let at = at.map(|(place, _)| place.clone()).ok_or_else(unknown)?;
        texts.get_mut(&at).ok_or_else(unknown)
    }

    fn request(&mut self, id: &AuthorityId) -> Result<&mut Signed<RequestRecord>, ChangeError> {
        self.requests.get_mut(id).ok_or_else(|| unfit(format!("request `{id}` is not filed")))
    }
}
