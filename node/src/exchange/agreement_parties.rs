//! Parties that two agencies know by different keys: one of the two was shown a false card.

use agreements::agreement::Adherence;
use schemas::alarm::AlarmKind;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::envelope::Envelope;

use super::alarms::raise;
use crate::permission::OwnAgency;
use audit_log::append::AppendError;
use registry::State;

/// Most cards that prove one alarm: an adherence may name many parties otherwise, and one of them is
/// enough.
const SHOWN: usize = 8;

/// Raises an alarm about the agency that signed `adherence`, where it names another key of a party
/// than is known here. The adherence and the cards as they are known here prove it.
///
/// # Errors
/// When the log cannot be written.
pub(crate) async fn alarm_about_parties(
    agency: &OwnAgency,
    adherence: &Adherence,
    envelope: &Envelope,
) -> Result<(), AppendError> {
    let state = agency.registry.state();
    if !lacks_alarm(&state, adherence, envelope) {
        return Ok(());
    }
    let differ = state.known_otherwise(adherence);
    let mut evidence = vec![envelope.to_text()];
    evidence.extend(
        differ
            .into_iter()
            .take(SHOWN)
            .filter_map(|party| Some(state.card_of(party)?.envelope.clone())),
    );
    raise(agency, &adherence.agency, AlarmKind::PartyKey, evidence).await
}

/// Whether `adherence`, which is not recorded yet, names another key of a party than is known here, and
/// no alarm says so.
pub(super) fn lacks_alarm(state: &State, adherence: &Adherence, envelope: &Envelope) -> bool {
    !state.known_otherwise(adherence).is_empty()
        && !state.is_alarmed(&adherence.agency, AlarmKind::PartyKey)
        && !state.records(envelope)
        && fits(state, adherence)
}

/// Looks at all that peers have signed on a text, as this agency signs it.
///
/// # Errors
/// When the log cannot be written.
pub(crate) async fn alarm_about_text(
    agency: &OwnAgency,
    id: &AuthorityId,
    text: &Digest,
) -> Result<(), AppendError> {
    let state = agency.registry.state();
    let Some(known) = state.agreement_text(id, text) else { return Ok(()) };
    for adherence in known.recorded.adherences.values() {
        let differ = state.known_otherwise(adherence);
        if adherence.agency == agency.id || differ.is_empty() {
            continue;
        }
        let signed = known.signed.iter().filter(|signed| says(signed, adherence)).cloned();
        let cards = differ
            .into_iter()
            .take(SHOWN)
            .filter_map(|party| Some(state.card_of(party)?.envelope.clone()));
        let evidence: Vec<String> = signed.chain(cards).collect();
        if state.is_resolved(&adherence.agency, AlarmKind::PartyKey, &evidence) {
            continue;
        }
        raise(agency, &adherence.agency, AlarmKind::PartyKey, evidence).await?;
    }
    Ok(())
}

/// Whether this is the envelope of an adherence.
fn says(envelope: &str, adherence: &Adherence) -> bool {
    let Ok(envelope) = Envelope::parse(envelope.as_bytes()) else { return false };
    let text = std::str::from_utf8(envelope.unverified_payload()).unwrap_or_default();
    Adherence::from_toml("adherence", text).is_ok_and(|said| said == *adherence)
}

/// Whether an adherence will be recorded: what is refused says nothing about anybody.
fn fits(state: &State, adherence: &Adherence) -> bool {
    let by = &adherence.agency;
    let known = state.agreement_text(&adherence.agreement, &adherence.text);
    state.known_party(by).map(|party| party.fingerprint) == adherence.fingerprint_of(by)
        && known.is_some_and(|text| text.recorded.may_adhere(adherence).is_ok())
}
