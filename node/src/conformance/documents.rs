//! Documents that verify and must not be taken in. Nothing of them is recorded at the other node but
//! that they were refused.

use agreements::agreement::{Act, Adherence, Agreement, KnownParty, Notice, Person, Signatory};
use agreements::request::{Official, Request, RequestScope, Ruling, Verdict, Withdrawal};
use agreements::template;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::FrameKind;
use schemas::purpose::Purpose;
use schemas::text::Text;

use super::{Kit, Seen, failed_as, parsed};

/// What no document may hold, be it in a comment: it turns what follows around on a screen.
const HIDDEN: char = '\u{202E}';

async fn refused(kit: &Kit, kind: Kind, body: String) -> Seen {
    let agency = matches!(kind, Kind::Agreement | Kind::Adherence);
    let key = if agency { &kit.agency_key } else { &kit.message_key };
    let signed = Envelope::sign(kind, body.into_bytes(), key).map_err(|e| e.to_string())?;
    let (mut raw, next) = kit.says(FrameKind::Document, signed.as_bytes()).await?;
    failed_as(&mut raw, next, "refused", true).await
}

/// An agreement of the two that nobody means, under the name of `agency`.
fn agreement(kit: &Kit, agency: &AgencyId) -> Result<Agreement, String> {
    let text = template::builtin("lasd").ok_or("no template")?;
    let id = AuthorityId::new(agency.clone(), parsed("conformance-agreement")?);
    let parties = vec![kit.me.id.clone(), kit.them.id.clone()];
    template::draft(text, &id, parties, kit.clock.now(), &[]).map_err(|e| e.to_string())
}

pub(super) async fn under_anothers_name(kit: &Kit) -> Seen {
    let agreement = agreement(kit, &kit.them.id)?;
    refused(kit, Kind::Agreement, agreement.to_toml().map_err(|e| e.to_string())?).await
}

pub(super) async fn hidden_character(kit: &Kit) -> Seen {
    let documents = documents(kit)?;
    for (kind, body) in documents {
        refused(kit, kind, format!("# {HIDDEN}\n{body}"))
            .await
            .map_err(|why| format!("{}: {why}", kind.media_type()))?;
    }
    Ok(format!("Failed `refused`, U+{:04X} in a comment of each kind", u32::from(HIDDEN)))
}

/// One document of each kind.
fn documents(kit: &Kit) -> Result<Vec<(Kind, String)>, String> {
    let agreement = agreement(kit, &kit.me.id)?;
    let text = agreement.to_toml().map_err(|e| e.to_string())?;
    let (now, none) = (kit.clock.now(), Digest::of(b"none"));
    let (name, title): (Text, Text) = (parsed("Conformance kit")?, parsed("Test agency")?);
    let request = AuthorityId::new(kit.me.id.clone(), parsed("conformance-request")?);
    let (me, them) = (kit.me.id.clone(), kit.them.id.clone());
    let adherence = Adherence {
        agreement: agreement.id.clone(),
        version: 1,
        text: Digest::of(text.as_bytes()),
        agency: me.clone(),
        shares_with: Vec::new(),
        original: None,
        at: now,
        signatory: Signatory { name: name.clone(), title: title.clone(), delegation: None },
        parties: vec![KnownParty {
            agency: me.clone(),
            fingerprint: kit.agency_key.public().fingerprint(),
        }],
    };
    let notice = Notice {
        agreement: agreement.id,
        version: 1,
        text: adherence.text,
        agency: me.clone(),
        act: Act::Suspend,
        reason: name.clone(),
        at: now,
        by: Person { user: parsed("conformance")?, full_name: name.clone() },
    };
    let scope = RequestScope { uses: Some(1), ..RequestScope::default() };
    let asked = Request {
        id: request.clone(),
        from: me,
        to: them,
        requested_by: name.clone(),
        user: parsed("conformance")?,
        purpose: Purpose::StolenVehicle,
        case: Text::default(),
        reason: Text::default(),
        danger: Text::default(),
        after_refusal: None,
        at: now,
        scope: scope.clone(),
    };
    let ruling = Ruling {
        request: request.clone(),
        request_digest: none,
        verdict: Verdict::Denied,
        reason: name.clone(),
        section: Text::default(),
        at: now,
        decided_by: Official { name, title, delegation: None },
        scope,
    };
    let withdrawal = Withdrawal { request, request_digest: none, at: now };
    let written = [
        (Kind::Adherence, adherence.to_toml()),
        (Kind::Notice, notice.to_toml()),
        (Kind::Request, asked.to_toml()),
        (Kind::Decision, ruling.to_toml()),
        (Kind::Withdrawal, withdrawal.to_toml()),
    ];
    let mut documents = vec![(Kind::Agreement, text)];
    for (kind, body) in written {
        documents.push((kind, body.map_err(|e| e.to_string())?));
    }
    Ok(documents)
}
