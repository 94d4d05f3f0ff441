//! Agreements: who shares what with whom, in which direction, until when; and one of them with its text, how it
//! stands with each party, and what an official does with it.

use std::sync::Arc;

use ::agreements::agreement::Act;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityName;
use schemas::digest::Digest;

use super::draft::words;
use super::fields::Fields;
use super::page::{Shown, address, form_token, line_of, prove_again};
use super::visitor::{Proven, Visitor};
use super::zone::Zone;
use crate::admin::agreements::{self, AgreementView, PartyView, StandingView, TextChoice};
use crate::http::AppState;
use crate::permission::ActError;

type App = State<Arc<AppState>>;

/// The address of one.
pub(super) fn address_of(one: &AgreementView) -> String {
    address("/agreements/one", &one.agreement)
}

pub(super) async fn list(State(app): App, visitor: Visitor) -> Response {
    let (me, zone) = (&app.context.agency.id, &visitor.zone);
    let mut all = agreements::list_with(&app.context.agency, &app.letters_refused());
    all.sort_by_key(|one| one.expires);
    let refused = agreements::refused(&app.context.agency);
    let body = html! {
        @if visitor.may.approve { p.acts { a.button href="/agreements/new" { "Propose an agreement" } } }
        @if all.is_empty() { p { "There is no agreement with another agency." } } @else {
            div.wide tabindex="0" role="region" aria-label="Agreements" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Agreement" } th scope="col" { "How it stands" }
                            th scope="col" { "We share with" } th scope="col" { "Share with us" }
                            th scope="col" { "Until" }
                        }
                    }
                    tbody {
                        @for one in &all {
                            tr {
                                td { a href=(address_of(one)) { bdi { (one.title) } } br; span.quiet { (one.agreement.to_string()) ", version " (one.version) } }
                                td { (stands(one, zone)) }
                                td { (shared(one, me)) }
                                td { (sharing(one, me)) }
                                td { (zone.when(one.expires)) }
                            }
                        }
                    }
                }
            }
        }
        @if !refused.is_empty() {
            h2 { "Proposals that were refused here" }
            ul {
                @for one in &refused {
                    li {
                        (one.agreement.as_ref().map_or_else(|| "a text".to_owned(), ToString::to_string))
                        " of " (one.proposer.as_str()) ", " (zone.when(one.at)) ": " bdi { (one.why.as_str()) }
                    }
                }
            }
        }
    };
    visitor.page(Shown::new("Agreements", body))
}

/// How an agreement stands, and whose side keeps it from being in force.
fn stands(one: &AgreementView, zone: &Zone) -> Markup {
    let good = one.state == "in_force";
    html! {
        span.good[good].bad[!good] { (words(&one.state)) }
        @for with in one.standings.iter().filter(|with| with.state != "in_force") {
            br; span.quiet { (standing(with, zone)) }
        }
    }
}

fn standing(with: &StandingView, zone: &Zone) -> Markup {
    html! {
        "with " (with.with.as_str()) ": "
        @match (&with.notice, &with.by) {
            (Some(notice), Some(by)) => {
                (words(&with.state)) " by " (by.as_str()) " since " (zone.when(notice.at)) ", "
                bdi { (notice.person.as_str()) } ": " bdi { (notice.reason.as_str()) }
            }
            (None, Some(by)) => { (words(&with.state)) ", " (by.as_str()) }
            (_, None) => { (words(&with.state)) }
        }
    }
}

/// With whom this agency shares under it.
fn shared(one: &AgreementView, me: &AgencyId) -> Markup {
    let mine = one.parties.iter().find(|party| party.agency == *me);
    let with = mine.map(|party| party.shares_with.as_slice()).unwrap_or_default();
    html! { @for id in with { (id.as_str()) br; } @if with.is_empty() { span.quiet { "nobody" } } }
}

/// Who shares with this agency under it.
fn sharing(one: &AgreementView, me: &AgencyId) -> Markup {
    let shares = |party: &&PartyView| party.agency != *me && party.shares_with.contains(me);
    let with: Vec<_> = one.parties.iter().filter(shares).collect();
    html! { @for party in &with { (party.agency.as_str()) br; } @if with.is_empty() { span.quiet { "nobody" } } }
}

/// Who shares with whom, who signed for it, and when.
fn parties(one: &AgreementView, zone: &Zone) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Parties" {
            table {
                thead { tr { th scope="col" { "Party" } th scope="col" { "Signed" } th scope="col" { "By" } th scope="col" { "Shares with" } } }
                tbody {
                    @for party in &one.parties {
                        tr {
                            td { (party.agency.as_str()) }
                            td { @match party.signed_at { Some(at) => (zone.when(at)), None => { strong { "not signed" } } } }
                            td {
                                @if let Some(name) = &party.signatory { bdi { (name.as_str()) } }
                                @if let Some(title) = party.title.as_ref().filter(|title| !title.is_empty()) { ", " bdi { (title.as_str()) } }
                            }
                            td { (party.shares_with.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ")) }
                        }
                    }
                }
            }
        }
    }
}

/// The text that an address or a form names: by its digest where it gives one.
pub(super) fn view(app: &AppState, fields: &Fields) -> Result<AgreementView, ActError> {
    let name: AuthorityName = fields.needed("id", "Agreement")?;
    let digest: Option<Digest> = fields.parsed("digest", "Digest of the text")?;
    let choice = TextChoice { digest, version: fields.parsed("version", "Version")? };
    agreements::show_named(&app.context.agency, &name, choice, &app.letters_refused())
}

pub(super) async fn one(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    match view(&app, &fields) {
        Ok(one) => visitor.page(shown(&app, &visitor, &one, None)),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

fn shown(app: &AppState, visitor: &Visitor, one: &AgreementView, said: Option<&str>) -> Shown {
    let (me, zone) = (&app.context.agency.id, &visitor.zone);
    let body = html! {
        @if let Some(said) = said { p.wrong role="alert" { (said) } }
        dl {
            dt { "Id" } dd { (one.agreement.to_string()) ", version " (one.version) }
            dt { "How it stands" } dd { (stands(one, zone)) }
            dt { "Proposed by" } dd { (one.proposer.as_str()) }
            dt { "Term" } dd { (zone.when(one.effective)) " to " (zone.when(one.expires)) }
            dt { "Digest of the text" } dd.code { (one.digest.to_string()) }
        }
        @for refusal in &one.refusals {
            p.wrong { (refusal.by.as_str()) " has not taken it in: " bdi { (refusal.why) } }
        }
        h2 { "Parties" }
        (parties(one, zone))
        @if let Some(compared) = &one.compared {
            h2 { "Unlike version " (compared.with_version) ", which we have signed" }
            @if compared.differences.is_empty() { p { "Every value is the same." } } @else {
                ul {
                    @for change in &compared.differences {
                        li { strong { (change.key) } ": " bdi { (change.before.as_deref().unwrap_or("nothing")) } " becomes " bdi { (change.after.as_deref().unwrap_or("nothing")) } }
                    }
                }
            }
        }
        @if let Some(text) = &one.text { h2 { "Text" } pre tabindex="0" { bdi { (text) } } }
        @if visitor.may.approve { (acts(visitor, one, me)) }
        div.signature { span { "For " (me.as_str()) ", name and title" } span { "Date" } }
    };
    Shown::new(one.title.clone(), body)
}

/// What an official does with it.
fn acts(visitor: &Visitor, one: &AgreementView, me: &AgencyId) -> Markup {
    let mine = one.parties.iter().find(|party| party.agency == *me);
    let signed = mine.is_some_and(|party| party.signed_at.is_some());
    let over = ["withdrawn", "expired"].contains(&one.state.as_str());
    html! {
        @if mine.is_some() && !signed && !over {
            h2 { "Sign it" }
            p.notice { "You sign the text above and nothing else: its digest is " span.code { (one.digest.to_string()) } ". It is signed with the agency's key, in your name and title." }
            form method="post" action="/agreements/sign" {
                (hidden(visitor, one))
                (prove_again(visitor, "sign"))
                p.acts { button.first type="submit" { "Sign version " (one.version) " for " (me.as_str()) } }
            }
            @if one.state != "declined" {
                details { summary { "Decline it" } (notice(visitor, one, "decline", "We will not sign this text")) }
            }
        }
        @if signed && !over {
            h2 { "Our side" }
            @if one.state == "suspended" { (notice(visitor, one, "resume", "Resume our side")) }
            @else { (notice(visitor, one, "suspend", "Suspend our side, at once")) }
            details { summary { "End it for good" } (notice(visitor, one, "withdraw", "Withdraw for good")) }
            details {
                summary { "Renew it" }
                form method="post" action="/agreements/renew" {
                    (hidden(visitor, one))
                    p { "The same text as version " (one.version.saturating_add(1)) ", which every party signs anew." }
                    p.field { label for="renewed" { "Until, the day included" } input id="renewed" name="until" type="date" required; }
                    button type="submit" { "Show the text" }
                }
            }
        }
    }
}

fn hidden(visitor: &Visitor, one: &AgreementView) -> Markup {
    html! {
        (form_token(visitor))
        input type="hidden" name="id" value=(one.agreement.to_string());
        input type="hidden" name="digest" value=(one.digest.to_string());
    }
}

fn notice(visitor: &Visitor, one: &AgreementView, act: &str, said: &str) -> Markup {
    html! {
        form method="post" action="/agreements/notice" {
            (hidden(visitor, one))
            (line_of("reason", act, "Why"))
            (prove_again(visitor, act))
            button type="submit" name="act" value=(act) { (said) }
        }
    }
}

pub(super) async fn give_notice(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let act = match fields.get("act") {
            "suspend" => Act::Suspend,
            "resume" => Act::Resume,
            "withdraw" => Act::Withdraw,
            "decline" => Act::Decline,
            other => {
                return Err(ActError::usage(format!(
                    "`{other}` is nothing that is done with an agreement"
                )));
            }
        };
        let name: AuthorityName = fields.needed("id", "Agreement")?;
        let (agency, keys) = (&app.context.agency, &app.context.keys);
        let id = agreements::own_side(agency, &name)?;
        let reason = fields.needed("reason", "Why")?;
        agreements::give_notice(agency, keys, &visitor.by, &id, act, &reason).await
    };
    match done.await {
        Ok(one) => visitor.done(Ok(()), &address_of(&one)),
        Err(error) => not_done(&app, &visitor, &fields, &error),
    }
}

/// The agreement as it stands, with why something was not done with it.
pub(super) fn not_done(
    app: &AppState,
    visitor: &Visitor,
    fields: &Fields,
    error: &ActError,
) -> Response {
    match view(app, fields) {
        Ok(one) => visitor.page(shown(app, visitor, &one, Some(&error.to_string()))),
        Err(_) => visitor.page(Shown::error(error)),
    }
}
