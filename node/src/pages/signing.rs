//! Proposing, renewing and signing agreements: always a text that stands before one's eyes, by its digest. The
//! agency key is read for the one signature and kept nowhere.

use std::sync::Arc;

use ::agreements::agreement::Agreement;
use ::agreements::template;
use axum::extract::State;
use axum::response::Response;
use maud::html;
use schemas::agency::AgencyId;
use schemas::authority::{AuthorityId, AuthorityName};
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::key::SecretKey;
use schemas::key_use::KeyUse;

use super::agreements::{address_of, not_done};
use super::draft::last_day;
use super::fields::Fields;
use super::page::{Shown, form_token, line, prove_again};
use super::visitor::{Posted, Proven, Visitor};
use crate::admin::agreements::{
    self, AdherenceInput, AgreementView, PreparedAdherence, TextChoice, sign_adherence,
};
use crate::http::AppState;
use crate::permission::ActError;
use audit_log::keys;

type App = State<Arc<AppState>>;

fn agency_key(app: &AppState) -> Result<SecretKey, ActError> {
    keys::load(&app.home, KeyUse::Agency).map_err(|error| {
        ActError::failed(format!(
            "the agency key is not in this node's home, so nothing was signed here ({error}); sign where it is kept, with `accord agreement sign`"
        ))
    })
}

/// One's own adherence to a text, as the node has prepared it.
fn adherence(
    app: &AppState,
    key: &SecretKey,
    agreement: &Agreement,
    body: &str,
    prepared: PreparedAdherence,
) -> Result<String, ActError> {
    let agency = &app.context.agency;
    sign_adherence(agreement, body, &agency.id, prepared, None, agency.clock.now(), key)
}

pub(super) async fn sign(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    match signed(&app, &visitor, &fields).await {
        Ok(one) => visitor.done(Ok(()), &address_of(&one)),
        Err(error) => not_done(&app, &visitor, &fields, &error),
    }
}

async fn signed(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<AgreementView, ActError> {
    let agency = &app.context.agency;
    let name: AuthorityName = fields.needed("id", "Agreement")?;
    let digest: Digest = fields.needed("digest", "Digest of the text")?;
    let choice = TextChoice { digest: Some(digest), version: None };
    let read = agreements::show_to_sign(agency, &name, choice)?;
    let body = read.text.clone().unwrap_or_default();
    if Digest::of(body.as_bytes()) != digest {
        return Err(ActError::failed(
            "the text is not the one that was read; see `accord doctor`".into(),
        ));
    }
    let agreement = Agreement::from_toml("agreement", &body)?;
    let wanted = AdherenceInput::default();
    let prepared = agreements::prepare_recorded(agency, &visitor.by, &name, choice, &wanted)?;
    let signed = adherence(app, &agency_key(app)?, &agreement, &body, prepared)?;
    agreements::adhere(agency, &visitor.by, &signed).await
}

pub(super) async fn ask(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    visitor.page(asking(&app, &visitor, &fields, None))
}

/// What an agreement is drafted from.
fn asking(app: &AppState, visitor: &Visitor, fields: &Fields, said: Option<&str>) -> Shown {
    let state = app.context.agency.registry.state();
    let chosen = |id: &AgencyId| fields.all("party").any(|one| one == id.as_str());
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        form method="post" action="/agreements/draft" {
            (form_token(visitor))
            div.row {
                p.field {
                    label for="template" { "Drafted from" }
                    select id="template" name="template" {
                        @for name in template::NAMES { option value=(name) selected[fields.get("template") == name] { (name) } }
                    }
                }
                (line("slug", "A short name for it", "Letters, digits and hyphens, such as lasd-2026.", fields.get("slug"), true))
                p.field { label for="until" { "Until, the day included" } input id="until" name="until" type="date" value=(fields.get("until")); }
            }
            fieldset.boxes {
                legend { "With whom" }
                @for (id, peer) in state.peers.iter() {
                    label { input type="checkbox" name="party" value=(id.as_str()) checked[chosen(id)]; " " bdi { (peer.card.value.name.as_str()) } }
                }
                @if state.peers.is_empty() { p.quiet { "No agency's card is recorded; an administrator adds them with " code { "accord card add" } "." } }
            }
            p.acts { button.first type="submit" { "Show the text" } }
        }
        p.quiet { "Other values than the template's are set with " code { "accord agreement draft --set" } "." }
    };
    Shown::new("Propose an agreement", body)
}

fn drafted(app: &AppState, visitor: &Visitor, fields: &Fields) -> Result<Agreement, ActError> {
    let agency = &app.context.agency;
    let body = template::builtin(fields.get("template"))
        .ok_or_else(|| ActError::usage("Drafted from: choose one of the templates".into()))?;
    let slug: AuthorityName = fields.needed("slug", "A short name for it")?;
    let id: AuthorityId = match slug {
        AuthorityName::Id(id) => id,
        name @ AuthorityName::Slug(_) => name.under(&agency.id),
    };
    let mut parties = vec![agency.id.clone()];
    for party in fields.all("party") {
        parties.push(party.parse().map_err(|e| ActError::usage(format!("With whom: {e}")))?);
    }
    if parties.len() < 2 {
        return Err(ActError::usage("With whom: tick at least one agency".into()));
    }
    let drafted = template::draft(body, &id, parties, agency.clock.now(), &[])?;
    Ok(match last_day(fields, &visitor.zone, "until", "Until")? {
        Some(expires) => Agreement { expires, ..drafted },
        None => drafted,
    })
}

pub(super) async fn draft(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let text: Result<String, ActError> =
        drafted(&app, &visitor, &fields).and_then(|agreement| Ok(agreement.to_toml()?));
    match text {
        Ok(text) => visitor.page(proposal(&visitor, &text)),
        Err(error) => visitor.page(asking(&app, &visitor, &fields, Some(&error.to_string()))),
    }
}

pub(super) async fn renew(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let text = (|| {
        let name: AuthorityName = fields.needed("id", "Agreement")?;
        let until = last_day(&fields, &visitor.zone, "until", "Until")?;
        let until = until.ok_or_else(|| ActError::usage("Until: fill this in".into()))?;
        Ok::<_, ActError>(agreements::renewed(&app.context.agency, &name, until)?.to_toml()?)
    })();
    match text {
        Ok(text) => visitor.page(proposal(&visitor, &text)),
        Err(error) => not_done(&app, &visitor, &fields, &error),
    }
}

/// A text that is proposed once it is signed.
fn proposal(visitor: &Visitor, text: &str) -> Shown {
    let digest = Digest::of(text.as_bytes());
    let body = html! {
        pre tabindex="0" { bdi { (text) } }
        p.notice { "You sign this text and nothing else: its digest is " span.code { (digest.to_string()) } ". It goes to every party, which signs it or does not." }
        form method="post" action="/agreements/propose" {
            (form_token(visitor))
            input type="hidden" name="digest" value=(digest.to_string());
            // A line feed at the beginning is not taken for one of the text.
            textarea name="text" hidden aria-label="The text" { "\n" (text) }
            (prove_again(visitor, "propose"))
            p.acts { button.first type="submit" { "Sign and send it" } a.button href="/agreements" { "Do not" } }
        }
    };
    Shown::new("The text that is proposed", body)
}

pub(super) async fn propose(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    match proposed(&app, &visitor, &fields).await {
        Ok(one) => visitor.done(Ok(()), &address_of(&one)),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

async fn proposed(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<AgreementView, ActError> {
    let agency = &app.context.agency;
    let digest: Digest = fields.needed("digest", "Digest of the text")?;
    // Browsers send line ends of their own.
    let text = fields.secret("text").replace("\r\n", "\n");
    if Digest::of(text.as_bytes()) != digest {
        return Err(ActError::usage("the text is not the one that was shown; begin again".into()));
    }
    let agreement = Agreement::from_toml("agreement", &text)?;
    let wanted = AdherenceInput::default();
    let prepared = agreements::prepare_adherence(agency, &visitor.by, &agreement, &wanted)?;
    let key = agency_key(app)?;
    let proposal = Envelope::sign(Kind::Agreement, text.as_bytes().to_vec(), &key)?.to_text();
    let signed = adherence(app, &key, &agreement, &text, prepared)?;
    agreements::propose(agency, &visitor.by, &proposal, &signed).await
}
