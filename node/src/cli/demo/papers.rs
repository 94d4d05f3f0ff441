//! The steps that turn on documents: agreements, a suspension, a written request.
//!
//! Documents travel over the network like everything else, so a step first waits, for a bounded
//! time, until the other side has what it needs.

use agreements::agreement::{Act, Agreement};
use agreements::request::{RequestScope, Verdict};
use agreements::template;
use schemas::envelope::{Envelope, Kind};
use schemas::purpose::Purpose;
use schemas::query::AuthorityId;

use super::book::Book;
use super::federation::{Federation, by, eventually, id, words};
use super::steps::{Question, Steps, ask, outcomes};
use super::story::{CASE, COVINA, ESCONDIDO, INDIO, MONROVIA, PLATE, PORT, SHERIFF};
use crate::acts::ActError;
use crate::acts::agreements::{Wanted, sign_adherence};
use crate::acts::requests::{Judgement, Submission};
use crate::keys::{self, KeyUse};
use crate::node::Node;

pub(super) async fn agreements(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Agreements: signed by every party, travelling over the network");
    for (template, name, parties) in [
        ("lasd", "lasd-2026", [SHERIFF, MONROVIA, PORT, COVINA].as_slice()),
        ("arjis", "arjis-2026", [ESCONDIDO, SHERIFF, COVINA].as_slice()),
    ] {
        standing(federation, template, name, parties).await?;
        let in_force = parties
            .iter()
            .filter_map(|party| federation.node(party).ok())
            .filter(|node| state_of(node, name) == "in_force")
            .count();
        let step = format!("{name} (from the {template} template) among {}", parties.join(", "));
        book.step(
            &step,
            &format!("in force at {} parties", parties.len()),
            &format!("in force at {in_force} parties"),
        );
    }
    Ok(())
}

/// The first party proposes, every other one signs what reached it, and all hear of all.
async fn standing(federation: &Federation, template: &str, name: &str, parties: &[&str]) -> Steps {
    let authority: AuthorityId = name.parse().map_err(|e| ActError::Failed(format!("{e}")))?;
    let all = parties.iter().map(|party| id(party)).collect::<Result<Vec<_>, _>>()?;
    let body = template::builtin(template).unwrap_or_default();
    let mut proposer = None;
    for party in parties {
        let node = federation.node(party)?;
        let key = keys::load(&node.home, KeyUse::Agency)?;
        let official = by("official")?;
        let me = &node.office.me;
        let now = node.office.clock.now();
        let sign = |agreement: &Agreement, written: &str| {
            let prepared =
                node.office.prepare_adherence(&official, agreement, &Wanted::default())?;
            sign_adherence(agreement, written, me, prepared, None, now, &key)
        };
        if proposer.is_none() {
            let agreement = template::draft(body, authority.clone(), all.clone(), now, &[])?;
            let written = agreement.to_toml()?;
            let proposal = Envelope::sign(Kind::Agreement, written.clone().into_bytes(), &key)?;
            let adherence = sign(&agreement, &written)?;
            node.office.propose(&official, &proposal.to_text(), &adherence).await?;
            proposer = Some(*party);
        } else {
            eventually(&format!("{name} reaches {party}"), || state_of(node, name) != "unknown")
                .await?;
            let row = node.office.agreement_row(&authority, None)?;
            let written = row.text.unwrap_or_default();
            let agreement = Agreement::from_toml(name, &written)?;
            node.office.adhere(&official, &sign(&agreement, &written)?).await?;
        }
        node.wake();
    }
    for party in parties {
        let node = federation.node(party)?;
        eventually(&format!("{party} hears of all signatures on {name}"), || {
            node.office
                .agreement_row(&authority, None)
                .is_ok_and(|row| row.parties.iter().all(|party| party.signed_at.is_some()))
        })
        .await?;
    }
    Ok(())
}

fn state_of(node: &Node, name: &str) -> String {
    let rows = node.office.agreement_rows();
    rows.into_iter()
        .find(|row| row.agreement.as_str() == name)
        .map_or("unknown".into(), |row| row.state)
}

pub(super) async fn suspended(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("An agency suspends its side: at once, and for nobody else");
    let port = federation.node(PORT)?;
    let lasd: AuthorityId = "lasd-2026".parse().map_err(|e| ActError::Failed(format!("{e}")))?;
    for (act, step, expected) in [
        (Act::Suspend, "asked while suspended", "refused: authority_not_in_force [8]"),
        (Act::Resume, "asked once resumed", "2 reads under lasd-2026"),
    ] {
        port.office.give_notice(&by("official")?, &lasd, act, &words("under review")?).await?;
        port.wake();
        let heard = ask(federation, &Question::stolen(SHERIFF, &[PORT])).await?;
        book.step(step, expected, &outcomes(&heard));
    }
    Ok(())
}

pub(super) async fn written_request(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Indio has no standing agreements: it takes a written request");
    let (monrovia, indio) = (federation.node(MONROVIA)?, federation.node(INDIO)?);
    let refused = ask(federation, &Question::stolen(MONROVIA, &[INDIO])).await?;
    let state = monrovia.office.registry.state();
    let officer = by("officer")?;
    let requested_by =
        state.users.get(&officer.user).map(|user| user.full_name.clone()).unwrap_or_default();
    let submission = Submission {
        to: Some(id(INDIO)?),
        requested_by: Some(requested_by),
        purpose: Some(Purpose::StolenVehicle),
        case: words(CASE)?,
        reason: words("the car was seen heading east on I-10")?,
        scope: RequestScope {
            plates: vec![PLATE.parse().map_err(|e| ActError::Failed(format!("{e}")))?],
            uses: Some(1),
            ..RequestScope::default()
        },
        after_refusal: refused.first().and_then(|heard| heard.query_id),
    };
    let filed = monrovia.office.submit_request(&officer, &submission).await?;
    monrovia.wake();
    let request = filed.request;
    eventually("the request reaches Indio", || indio.office.request_row(&request).is_ok()).await?;
    let judgement = Judgement {
        verdict: Verdict::Approved,
        reason: words("one plate, one use, a case number: in order")?,
        narrower: RequestScope::default(),
    };
    let row = indio.office.decide_request(&by("official")?, &request, &judgement).await?;
    indio.wake();
    let decided = format!("{} by the {}", row.state, row.title.unwrap_or_default());
    book.step(
        "the request for one plate and one use",
        "approved by the Investigative Support Services Division Chief",
        &decided,
    );
    eventually("the decision reaches Monrovia", || {
        monrovia.office.request_row(&request).is_ok_and(|row| row.state == "approved")
    })
    .await?;
    for (step, expected) in [
        ("the query under it", format!("3 reads under {request}")),
        ("the same once more", "refused: uses_exhausted [461.7(a)]".to_owned()),
    ] {
        let heard = ask(federation, &Question::stolen(MONROVIA, &[INDIO])).await?;
        book.step(step, &expected, &outcomes(&heard));
    }
    Ok(())
}
