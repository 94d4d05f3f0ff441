//! The steps that turn on documents: agreements, a suspension, a written request.
//!
//! Documents travel over the network like everything else, so a step first waits, for a bounded
//! time, until the other side has what it needs.

use ::agreements::agreement::{Act, Agreement};
use ::agreements::request::{RequestScope, Verdict};
use ::agreements::template;
use schemas::authority::AuthorityId;
use schemas::envelope::{Envelope, Kind};

use super::book::Book;
use super::federation::{Federation, eventually, id, words};
use super::people::by;
use super::steps::{Question, Steps, ask, outcomes};
use super::story::{COVINA, ESCONDIDO, INDIO, MONROVIA, PORT, SHERIFF};
use crate::admin::agreements::{self, AdherenceInput, sign_adherence};
use crate::admin::requests::{self, DecisionInput, RequestView, Submission};
use crate::context::NodeContext;
use crate::exchange::rerun;
use crate::permission::{ActError, Principal};
use crate::run::Node;
use audit_log::keys;
use schemas::key_use::KeyUse;
use schemas::text::Text;

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
    let all = parties.iter().map(|party| id(party)).collect::<Result<Vec<_>, _>>()?;
    let first = parties.first().copied().unwrap_or_default();
    let authority = called(first, name)?;
    let body = template::builtin(template).unwrap_or_default();
    let mut proposer = None;
    for party in parties {
        let node = federation.node(party)?;
        let key = keys::load(&node.home, KeyUse::Agency)?;
        let official = by(node, "official").await?;
        let agency = &node.context.agency;
        let now = agency.clock.now();
        let sign = |agreement: &Agreement, written: &str| {
            let wanted = AdherenceInput::default();
            let prepared = agreements::prepare_adherence(agency, &official, agreement, &wanted)?;
            sign_adherence(agreement, written, &agency.id, prepared, None, now, &key)
        };
        if proposer.is_none() {
            let agreement = template::draft(body, &authority, all.clone(), now, &[])?;
            let written = agreement.to_toml()?;
            let proposal = Envelope::sign(Kind::Agreement, written.clone().into_bytes(), &key)?;
            let adherence = sign(&agreement, &written)?;
            agreements::propose(agency, &official, &proposal.to_text(), &adherence).await?;
            proposer = Some(*party);
        } else {
            eventually(&format!("{name} reaches {party}"), || state_of(node, name) != "unknown")
                .await?;
            let row = agreements::show(agency, &authority, None)?;
            let written = row.text.unwrap_or_default();
            let agreement = Agreement::from_toml(name, &written)?;
            agreements::adhere(agency, &official, &sign(&agreement, &written)?).await?;
        }
    }
    for party in parties {
        let node = federation.node(party)?;
        eventually(&format!("{party} hears of all signatures on {name}"), || {
            agreements::show(&node.context.agency, &authority, None)
                .is_ok_and(|row| row.parties.iter().all(|party| party.signed_at.is_some()))
        })
        .await?;
    }
    Ok(())
}

/// What the first of its parties calls an agreement.
fn called(proposer: &str, name: &str) -> Result<AuthorityId, ActError> {
    format!("{proposer}/{name}").parse().map_err(|e| ActError::failed(format!("{e}")))
}

fn state_of(node: &Node, name: &str) -> String {
    let rows = agreements::list(&node.context.agency);
    rows.into_iter()
        .find(|row| row.agreement.slug().as_str() == name)
        .map_or("unknown".into(), |row| row.state)
}

pub(super) async fn suspended(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("An agency suspends its side: at once, and for nobody else");
    let port = federation.node(PORT)?;
    let lasd = called(SHERIFF, "lasd-2026")?;
    for (act, step, expected) in [
        (Act::Suspend, "asked while suspended", "refused: authority_not_in_force [8]"),
        (Act::Resume, "asked once resumed", "2 reads under los-angeles-ca-sheriff/lasd-2026"),
    ] {
        let (agency, keys) = (&port.context.agency, &port.context.keys);
        let (official, reason) = (by(port, "official").await?, words("under review")?);
        agreements::give_notice(agency, keys, &official, &lasd, act, &reason).await?;
        let heard = ask(federation, &Question::stolen(SHERIFF, &[PORT])).await?;
        book.step(step, expected, &outcomes(&heard));
    }
    Ok(())
}

pub(super) async fn written_request(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Indio has no standing agreements: it takes a written request");
    let (monrovia, indio) = (federation.node(MONROVIA)?, federation.node(INDIO)?);
    let refused = ask(federation, &Question::stolen(MONROVIA, &[INDIO])).await?;
    book.step("Monrovia asks Indio", "refused: no_authority [461.7(a)]", &outcomes(&refused));
    let officer = by(monrovia, "officer").await?;
    // The refused query says the rest: whom, what for, which plate, which days, one use.
    let submission = Submission {
        danger: Text::default(),
        after_refusal: refused.first().and_then(|heard| heard.query_id),
        ..Submission::default()
    };
    let filed = submit(monrovia, &officer, &submission).await?;
    let request = filed.request;
    eventually("the request reaches Indio", || {
        requests::show(&indio.context.agency, &request).is_ok()
    })
    .await?;
    let row = approve(indio, &request).await?;
    let decided = format!("{} by the {}", row.state, row.title.unwrap_or_default());
    book.step(
        "the refusal became a request in one step",
        "approved by the Investigative Support Services Division Chief",
        &decided,
    );
    let state = || state_of_request(monrovia, &request);
    eventually("the refused query has run again", || state() == "used_up").await?;
    let heard = monrovia.queries.ask_again(rerun::id(&request), &officer).await?;
    book.step(
        "once approved, the query ran again by itself",
        &format!("3 reads under {request}"),
        &outcomes(&[heard]),
    );
    let heard = ask(federation, &Question::stolen(MONROVIA, &[INDIO])).await?;
    book.step("the same once more", "refused: uses_exhausted [461.7(a)]", &outcomes(&heard));
    Ok(())
}

/// The owner's official approves a request as asked.
pub(super) async fn approve(owner: &Node, request: &AuthorityId) -> Result<RequestView, ActError> {
    let input = DecisionInput {
        verdict: Verdict::Approved,
        reason: words("a case, a plate, a period: in order")?,
        narrower: RequestScope::default(),
    };
    let (agency, keys) = (&owner.context.agency, &owner.context.keys);
    requests::decide(agency, keys, &by(owner, "official").await?, request, &input).await
}

/// Files a written request at `asking`.
pub(super) async fn submit(
    asking: &Node,
    officer: &Principal,
    submission: &Submission,
) -> Result<RequestView, ActError> {
    let NodeContext { agency, keys, store, .. } = &asking.context;
    requests::submit(agency, keys, store.as_ref(), officer, submission).await
}

/// How a request stands, as `node` knows; empty as long as it knows nothing of it.
pub(super) fn state_of_request(node: &Node, request: &AuthorityId) -> String {
    requests::show(&node.context.agency, request).map(|row| row.state).unwrap_or_default()
}
