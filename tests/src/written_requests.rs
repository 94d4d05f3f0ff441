//! Written requests between an agency and Indio, which releases reads on nothing else.

use agreements::request::RequestScope;
use node::admin::requests::{self, RequestView, Submission};
use node::exchange::ask::QueryOutcome;
use node::permission::{ActError, Principal};
use schemas::authority::AuthorityId;
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use schemas::refusal::RefusalCode;
use schemas::text::Text;

use crate::agency::{Agency, Plan};
use crate::federation::pair_of;
use crate::fixtures::{draft, words};
use crate::officials::{add_official, approve};
use crate::wait::eventually;

/// Who decides requests at Indio, by 461.7(b).
pub const CHIEF: &str = "Investigative Support Services Division Chief";

/// An agency that asks Indio, and Indio with three reads and the official whom its policy names.
///
/// # Panics
/// When they cannot be made.
pub async fn asking_and_indio() -> (Agency, Agency, Principal) {
    let owner = Plan::of("indio-ca-pd").policy("indio-ca-pd");
    let (mut asking, owning) = pair_of(Plan::of("asking-ca-pd"), owner).await;
    asking.officer_signs_in().await;
    let official = add_official(&owning).await;
    (asking, owning, official)
}

/// A request for a stolen vehicle.
#[must_use]
pub fn submission(to: &Agency, scope: RequestScope) -> Submission {
    Submission {
        to: Some(to.id().clone()),
        requested_by: Some(words("Maria Reyes")),
        purpose: Some(Purpose::StolenVehicle),
        case: words("26-004711"),
        reason: words("Stolen vehicle seen near the station"),
        scope,
        danger: Text::default(),
        after_refusal: None,
    }
}

/// Files a request and waits until the owner has it.
///
/// # Panics
/// When it is not filed.
pub async fn file_request(
    asking: &Agency,
    owning: &Agency,
    submission: &Submission,
) -> RequestView {
    let row = requests::submit(
        asking.own(),
        asking.keys(),
        asking.store().as_ref(),
        &asking.officer(),
        submission,
    )
    .await
    .expect("a request");
    wait_for_state(owning, &row.request, "submitted").await;
    row
}

/// As [`file_request`], for a stolen vehicle within `scope`.
pub async fn file_request_within(
    asking: &Agency,
    owning: &Agency,
    scope: RequestScope,
) -> AuthorityId {
    file_request(asking, owning, &submission(owning, scope)).await.request
}

/// Waits until the request stands so at `agency`.
pub async fn wait_for_state(agency: &Agency, request: &AuthorityId, state: &str) -> RequestView {
    let what = format!("{request} is {state} at {}", agency.id());
    eventually(&what, async || {
        requests::show(agency.own(), request).ok().filter(|row| row.state == state)
    })
    .await
}

/// Approves a request, and waits until the requester knows.
///
/// # Panics
/// When it is refused.
pub async fn approve_and_wait(
    asking: &Agency,
    owning: &Agency,
    official: &Principal,
    request: &AuthorityId,
) {
    approve(owning, official, request).await.expect("an approval");
    wait_for_state(asking, request, "approved").await;
}

/// A request for a stolen vehicle within `scope` that `owning` has approved as asked, known to both as
/// approved.
///
/// # Panics
/// When it is refused.
pub async fn approved_request(
    asking: &Agency,
    owning: &Agency,
    scope: RequestScope,
) -> AuthorityId {
    let request = file_request_within(asking, owning, scope).await;
    approve_and_wait(asking, owning, &owning.admin(), &request).await;
    request
}

/// Asks for `plate` relying on `request`.
pub async fn ask_citing(
    asking: &Agency,
    owning: &Agency,
    request: &AuthorityId,
    plate: &str,
) -> QueryOutcome {
    let mut draft = draft(&[owning.id()], plate, asking.now());
    draft.authority = Some(request.clone().into());
    asking.ask(&draft).await.remove(0)
}

/// The one reason of a refusal.
///
/// # Panics
/// When there is another number, or reads.
#[must_use]
pub fn refusal_code(heard: &QueryOutcome) -> RefusalCode {
    assert_eq!(
        (heard.outcome, heard.reads.len(), heard.reasons.len()),
        (OutcomeCode::Refused, 0, 1),
        "{heard:?}"
    );
    heard.reasons[0].code
}

/// For one use.
#[must_use]
pub fn single_use() -> RequestScope {
    RequestScope { uses: Some(1), ..RequestScope::default() }
}

/// The sheet of a request, for `by`.
///
/// # Errors
/// When `by` may not see it.
pub async fn sheet_of(
    agency: &Agency,
    by: &Principal,
    request: &AuthorityId,
) -> Result<String, ActError> {
    let zone = agency.node().app.config.zone();
    let paper = requests::Paper { zone: &zone, stylesheet: None };
    requests::sheet(agency.own(), agency.store().as_ref(), by, request, &paper).await
}
