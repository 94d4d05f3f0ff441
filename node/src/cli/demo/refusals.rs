//! Each owner refuses by its own policy, whatever the requester lets through: the Sheriff's node runs
//! under a policy that asks its people for almost nothing, and five owners are asked.

use agreements::policy::{AuthorizedPurpose, OwnOffense, Policy};
use agreements::request::RequestScope;
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::text::Text;

use super::book::Book;
use super::federation::{Federation, eventually, id, words};
use super::papers::{approve, state_of_request, submit};
use super::people::{by, person};
use super::steps::{Question, Steps, ask, outcome};
use super::story::{CASE, COVINA, ESCONDIDO, INDIO, MONROVIA, PLATE, PORT, SHERIFF};
use crate::admin::policy;
use crate::admin::requests::{self, Submission};
use crate::permission::ActError;
use schemas::draft::Draft;

/// What the careless officer does, by whom, and what is wrong about it.
type Careless = (&'static str, &'static str, fn(&mut Draft));

const CARELESS: [Careless; 11] = [
    ("all as it must be", "officer", |_| {}),
    ("the reason `inv`", "officer", |draft| draft.why.reason = said("inv")),
    ("the case number for a reason", "officer", |draft| draft.why.reason = draft.why.case.clone()),
    ("no case number", "officer", |draft| draft.why.case = Text::default()),
    ("no suspicion", "officer", |draft| draft.why.suspicion = Text::default()),
    ("no need to know", "officer", |draft| draft.why.need_to_know = Text::default()),
    ("a purpose of the patrol's own", "officer", |draft| {
        draft.why.purpose = Purpose::AdministrativeInvestigation;
    }),
    ("somebody without training", "rookie", |_| {}),
    ("somebody who audits", "clerk", |_| {}),
    ("training of two years ago", "veteran", |_| {}),
    ("a vehicle without a plate", "officer", |draft| {
        draft.elements.kind = QueryKind::Vehicle;
        draft.elements.plate = None;
        draft.elements.color = Some(said("green"));
    }),
];

/// What each owner must say, in the order of [`CARELESS`].
const EXPECTED: [(&str, [&str; 11]); 5] = [
    (
        INDIO,
        [
            "3 reads",
            "refused: reason_vague [461.5(b)]",
            "refused: reason_vague [461.5(b)]",
            "refused: outside_request [461.7(a)]",
            "3 reads",
            "3 reads",
            "refused: purpose_not_authorized [461.7(a)]",
            "refused: training_missing [461.3(d)], outside_request [461.7(a)]",
            "refused: role_not_authorized [461.7], outside_request [461.7(a)]",
            "refused: outside_request [461.7(a)]",
            "refused: query_kind [461.3(c)], outside_request [461.7(a)]",
        ],
    ),
    (
        PORT,
        [
            "2 reads",
            "refused: reason_vague [462.5(b)]",
            "refused: reason_vague [462.5(b)]",
            "2 reads",
            "2 reads",
            "2 reads",
            "refused: purpose_not_authorized [2]",
            "refused: training_missing [462.3(d)]",
            "refused: role_not_authorized [462.7]",
            "2 reads",
            "refused: query_kind [462.3(c)], query_kind [4]",
        ],
    ),
    (
        COVINA,
        [
            "3 reads",
            "refused: reason_vague [462.5(b)]",
            "refused: reason_vague [462.5(b)]",
            "refused: case_required [462.5(b)]",
            "refused: suspicion_missing [462.5(b)]",
            "3 reads",
            "refused: purpose_not_authorized [462.1], purpose_not_authorized [2]",
            "refused: training_missing [462.3(d)]",
            "refused: role_not_authorized [462.4]",
            "3 reads",
            "refused: query_kind [462.3(c)], query_kind [3]",
        ],
    ),
    (
        MONROVIA,
        [
            "4 reads",
            "refused: reason_vague [463.5(a)]",
            "refused: reason_vague [463.5(a)]",
            "4 reads",
            "4 reads",
            "4 reads",
            "refused: purpose_not_authorized [463.2], purpose_not_authorized [2]",
            "refused: training_missing [463.9]",
            "refused: role_not_authorized [463.6]",
            "refused: training_expired [463.9]",
            "refused: query_kind [463.5(b)], query_kind [4]",
        ],
    ),
    (
        ESCONDIDO,
        [
            "2 reads",
            "refused: reason_vague [IV.C.4]",
            "refused: reason_vague [IV.C.4]",
            "2 reads",
            "refused: suspicion_missing [III]",
            "refused: need_to_know_missing [III]",
            "refused: purpose_not_authorized [III], purpose_not_authorized [2]",
            "refused: training_missing [IV.A.1]",
            "refused: role_not_authorized [IV.C.5]",
            "2 reads",
            "refused: query_kind [III], query_kind [3]",
        ],
    ),
];

fn said(text: &str) -> Text {
    text.parse().unwrap_or_default()
}

pub(super) async fn each_by_its_policy(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Five owners, five policies: an officer whose own agency asks for nothing");
    let sheriff = federation.node(SHERIFF)?;
    let minimum = Policy::builtin_text("california-statute").unwrap_or_default();
    let agency = &sheriff.context.agency;
    policy::adopt(agency, &by(sheriff, "admin").await?, "lax.toml", &lax(minimum)?).await?;
    let now = agency.clock.now();
    let trained = |days| Some(now.minus_days(days).day_start());
    person(sheriff, "rookie", "Noor Price", "Deputy", Role::Sworn, None).await?;
    person(sheriff, "veteran", "Ira Boone", "Deputy", Role::Sworn, trained(730)).await?;
    person(sheriff, "clerk", "Remy Castle", "Auditor", Role::Auditor, trained(30)).await?;
    request(federation).await?;
    for (owner, expected) in EXPECTED {
        let owners = [owner];
        let mut wrong = Vec::new();
        for ((what, user, vary), expected) in CARELESS.into_iter().zip(expected) {
            let question = Question { user, vary, ..Question::stolen(SHERIFF, &owners) };
            let heard = ask(federation, &question).await?;
            let said = heard.first().map(outcome).unwrap_or_default();
            // A request's number is drawn anew each time.
            let said = said.split(" under ").next().unwrap_or_default();
            book.say(&format!("    {what}: {said}"));
            if said != expected {
                wrong.push(format!("{what}: {said}, not {expected}"));
            }
        }
        let observed = if wrong.is_empty() { RIGHT.to_owned() } else { wrong.join("; ") };
        book.step(&format!("{owner} asked {} ways", CARELESS.len()), RIGHT, &observed);
    }
    policy::adopt(agency, &by(sheriff, "admin").await?, "california-statute", minimum)
        .await
        .map(drop)
}

const RIGHT: &str = "each decided as its text demands";

/// The statute's minimum, with nothing asked of one's own people.
fn lax(minimum: &str) -> Result<String, ActError> {
    let mut policy = Policy::from_toml("california-statute", minimum)?;
    policy.training.demanded = false;
    // To this agency whatever its people write is an offence; to those that it asks it is none.
    policy.reason.offenses.push(OwnOffense {
        code: "anything".parse().map_err(|e| ActError::failed(format!("{e}")))?,
        name: words("Anything")?,
        words: vec![words("inv")?.into(), words(CASE)?.into()],
    });
    policy.people.query.roles.push(Role::Auditor);
    if let Some(purpose) = policy.purposes.first_mut() {
        let more = Purpose::AdministrativeInvestigation;
        let more = AuthorizedPurpose { code: more, ..purpose.clone() };
        policy.purposes.push(more);
    }
    toml::to_string(&policy).map_err(|e| ActError::failed(e.to_string()))
}

/// Indio answers the Sheriff on an approved request alone.
async fn request(federation: &Federation) -> Steps {
    let (sheriff, indio) = (federation.node(SHERIFF)?, federation.node(INDIO)?);
    let submission = Submission {
        to: Some(id(INDIO)?),
        requested_by: Some(words("Jordan Lee")?),
        purpose: Some(Purpose::StolenVehicle),
        case: words(CASE)?,
        reason: words("the car was seen heading east on I-10")?,
        scope: RequestScope {
            plates: vec![PLATE.parse().map_err(|e| ActError::failed(format!("{e}")))?],
            uses: Some(5),
            ..RequestScope::default()
        },
        danger: Text::default(),
        after_refusal: None,
    };
    let filed = submit(sheriff, &by(sheriff, "officer").await?, &submission).await?;
    let id = filed.request;
    eventually("the request reaches Indio", || requests::show(&indio.context.agency, &id).is_ok())
        .await?;
    approve(indio, &id).await?;
    let state = || state_of_request(sheriff, &id);
    eventually("the decision reaches the Sheriff", || state() == "approved").await
}
