//! What each route takes and answers. Which routes there are, and what each takes of whoever asks, stands in
//! the table of routes; here stands what a client has to know beside that.

use serde_json::{Value, json};

use super::components::Components;
use crate::admin::explain::{Explain, Explained};
use crate::admin::requests::{RequestView, Submission};
use crate::auditing::audits::{AuditView, Closing, Opening};
use crate::exchange::ask::{PastQuery, QueryOutcome, Saved};
use crate::http::api::{audit, program_sessions, queries, reads};
use crate::http::waiting::Waiting;
use crate::records::Page;
use crate::sign_in::{Notice, SignedIn, Waits};
use schemas::draft::Draft;

/// What is sent with a request.
pub(super) enum Body {
    Nothing,
    Json(Value),
    Bytes,
}

/// What comes of it.
pub(super) enum Answer {
    Json(Value),
    /// A line of JSON each.
    Lines(Value),
    /// JSON, or CSV where the agency's mapping says so.
    Records(Value),
}

/// A route as a client has to know it.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// Parameters of its query string, and headers of its own.
    pub(super) parameters: Vec<Value>,
    pub(super) body: Body,
    pub(super) answer: Answer,
}

fn operation(
    (method, path): (&'static str, &'static str),
    id: &'static str,
    summary: &'static str,
    body: Body,
    answer: Answer,
) -> Operation {
    Operation { method, path, id, summary, parameters: Vec::new(), body, answer }
}

fn parameter(place: &str, name: &str, schema: &Value, description: &str) -> Value {
    json!({ "name": name, "in": place, "schema": schema, "description": description })
}

fn in_query(name: &str, schema: &Value, description: &str) -> Value {
    parameter("query", name, schema, description)
}

/// An entry of the log, as far as every entry has it.
fn entry() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "type": "object", "required": ["index", "at", "kind"], "additionalProperties": true,
        "properties": {
            "index": { "type": "integer", "minimum": 0 }, "at": text, "kind": text, "user": text,
            "auth": text, "peer": text, "query_id": text,
            "audit": { "type": "integer", "minimum": 0 },
            "error": { "$ref": "#/components/schemas/Problem",
                "description": "Alone, as the last line: why no further one comes." },
        },
    })
}

fn object(description: &str) -> Value {
    json!({ "type": "object", "description": description, "additionalProperties": true })
}

/// Programs and the persons who let them.
fn sessions(schemas: &mut Components) -> Vec<Operation> {
    let session = json!({
        "type": "object", "required": ["user", "program", "scope", "signed_in", "until"],
        "properties": {
            "user": { "type": "string" }, "program": { "type": "string" },
            "scope": { "type": "array", "items": { "type": "string" } },
            "signed_in": { "type": "string", "description": "How she had proved who she is." },
            "until": { "type": "string", "format": "date-time" },
        },
    });
    let ended = json!({
        "type": "object", "required": ["ended"], "properties": { "ended": { "type": "boolean" } },
    });
    let waits = schemas.answered::<Waits>();
    let finished = json!({ "oneOf": [schemas.answered::<SignedIn>(), { "type": "null" }] });
    let shown = Body::Json(schemas.sent::<program_sessions::Shown>());
    let by_provider = schemas.sent::<program_sessions::ProviderToken>();
    let (notice, signed_in) = (schemas.answered::<Notice>(), schemas.answered::<SignedIn>());
    vec![
        operation(
            ("post", "/session"),
            "begin_session",
            "Begins to wait for a person who lets the program ask for her: show her `address` and `code`.",
            Body::Nothing,
            Answer::Json(waits),
        ),
        operation(
            ("post", "/session/finish"),
            "finish_session",
            "Fetches the session that she approved; null while she has not.",
            shown,
            Answer::Json(finished),
        ),
        operation(
            ("get", "/session/notice"),
            "notice",
            "The notice that a person reads before a program signs her in by a provider, and its digest.",
            Body::Nothing,
            Answer::Json(notice),
        ),
        operation(
            ("post", "/session/provider"),
            "session_by_provider",
            "Opens the session of somebody who signed in to the program at the agency's provider: by the ID token that the program got for her, once for each time that she proved herself there.",
            Body::Json(by_provider),
            Answer::Json(signed_in),
        ),
        operation(
            ("get", "/session"),
            "session",
            "Whose the session is that is shown, and how long yet.",
            Body::Nothing,
            Answer::Json(session),
        ),
        operation(
            ("post", "/sign-out"),
            "sign_out",
            "Ends the session that is shown.",
            Body::Nothing,
            Answer::Json(ended),
        ),
    ]
}

/// Asking, and what was asked.
fn asking(schemas: &mut Components) -> Vec<Operation> {
    let again = schemas.answered::<QueryOutcome>();
    let uuid = json!({ "type": "string", "format": "uuid" });
    let key = parameter(
        "header",
        "Idempotency-Key",
        &uuid,
        "What the client calls this question by. The same key with the same body asks nobody twice, over restarts of the node too, and answers with what came of it; with another body it is refused (`idempotency_key_used`).",
    );
    let draft = Body::Json(schemas.sent::<Draft>());
    let ask = operation(
        ("post", "/queries"),
        "ask",
        "Asks other agencies: a line for each owner, as it comes. Over `all`, the last line says who was not asked, and why.",
        draft,
        Answer::Lines(schemas.answered::<queries::SearchLine>()),
    );
    vec![
        Operation { parameters: vec![key], ..ask },
        operation(
            ("post", "/queries/past"),
            "past_queries",
            "What the person has asked before, the newest first, a line each. The next page is `after` the entry of the last.",
            Body::Json(schemas.sent::<queries::Past>()),
            Answer::Lines(schemas.answered::<PastQuery>()),
        ),
        operation(
            ("get", "/queries/{id}"),
            "query",
            "One of them, by its id or what no other begins with.",
            Body::Nothing,
            Answer::Json(schemas.answered::<PastQuery>()),
        ),
        operation(
            ("post", "/queries/{id}/again"),
            "ask_again",
            "Shows a kept answer again, or asks again under its id what was not answered.",
            Body::Nothing,
            Answer::Json(again),
        ),
        operation(
            ("post", "/queries/{id}/photographs"),
            "photographs",
            "The photographs of a kept answer, a line each.",
            Body::Nothing,
            Answer::Lines(schemas.answered::<Saved>()),
        ),
        operation(
            ("post", "/reads/search"),
            "search_own",
            "Searches the agency's own reads.",
            Body::Json(schemas.sent::<Draft>()),
            Answer::Json(schemas.answered::<QueryOutcome>()),
        ),
        operation(
            ("post", "/policy/explain"),
            "explain",
            "What would be decided, without asking anybody.",
            Body::Json(schemas.sent::<Explain>()),
            Answer::Json(schemas.answered::<Explained>()),
        ),
        operation(
            ("get", "/waiting"),
            "waiting",
            "What waits for the person.",
            Body::Nothing,
            Answer::Json(schemas.answered::<Vec<Waiting>>()),
        ),
    ]
}

/// Written requests.
fn requests(schemas: &mut Components) -> Vec<Operation> {
    let view = schemas.answered::<RequestView>();
    let one = || Answer::Json(view.clone());
    vec![
        operation(
            ("get", "/requests"),
            "requests",
            "Written requests, sent and received.",
            Body::Nothing,
            Answer::Json(schemas.answered::<Vec<RequestView>>()),
        ),
        operation(
            ("post", "/requests"),
            "submit_request",
            "Files a written request and sends it to its owner.",
            Body::Json(schemas.sent::<Submission>()),
            one(),
        ),
        operation(("get", "/requests/{id}"), "request", "One of them.", Body::Nothing, one()),
        operation(
            ("post", "/requests/{id}/withdraw"),
            "withdraw_request",
            "Withdraws one of the agency's own.",
            Body::Nothing,
            one(),
        ),
    ]
}

/// Under which audit something is looked at.
fn under() -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    parameter(
        "header",
        "Accord-Audit",
        &number,
        "Under which of the person's open audits this is looked at, where she has several: its number, as `audits` tells it. The one that she has open alone needs no word; where the policy demands one and none is open, nothing is shown (`audit_not_open`).",
    )
}

/// Audits with their occasions, and looking at the log.
fn auditing(schemas: &mut Components) -> Vec<Operation> {
    let log = operation(
        ("post", "/audit/log"),
        "log",
        "Entries of the log that fit all that is given, in order, a line each. The next page is `after` the index of the last.",
        Body::Json(schemas.sent::<audit::Wanted>()),
        Answer::Lines(entry()),
    );
    let who_saw = operation(
        ("post", "/audit/plate"),
        "who_saw",
        "Who saw reads of a plate: entries, a line each.",
        Body::Json(schemas.sent::<audit::OfPlate>()),
        Answer::Lines(entry()),
    );
    let one = operation(
        ("get", "/audit/entries/{index}"),
        "entry",
        "One entry, whole, with its envelopes and the proof of its place.",
        Body::Nothing,
        Answer::Json(object("`entry`, `body`, `envelopes` and `proof`.")),
    );
    let under = |one: Operation| Operation { parameters: vec![under()], ..one };
    vec![
        operation(
            ("get", "/audits"),
            "audits",
            "The audits that are open, whoever opened them.",
            Body::Nothing,
            Answer::Json(schemas.answered::<Vec<AuditView>>()),
        ),
        operation(
            ("post", "/audits"),
            "open_audit",
            "Opens an audit with its occasion: what the person looks at from then on bears its number, until it is closed or 30 days are over.",
            Body::Json(schemas.sent::<Opening>()),
            Answer::Json(schemas.answered::<AuditView>()),
        ),
        operation(
            ("post", "/audits/{audit}/close"),
            "close_audit",
            "Closes an audit, with what came of it.",
            Body::Json(schemas.sent::<Closing>()),
            Answer::Json(schemas.answered::<AuditView>()),
        ),
        under(log),
        under(who_saw),
        under(one),
    ]
}

/// Reads in, a report of the log, and records of requests.
fn records_and_reads(schemas: &mut Components) -> Vec<Operation> {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer", "minimum": 0 });
    let limit = json!({ "type": "integer", "minimum": 1, "maximum": 1000 });
    let instant = json!({ "type": "string", "format": "date-time" });
    let import = operation(
        ("post", "/reads"),
        "import_reads",
        "Brings reads in: the body is a file, and lines say how far it is; the last one sums up.",
        Body::Bytes,
        Answer::Lines(schemas.answered::<reads::Line>()),
    );
    let report = operation(
        ("get", "/audit/report"),
        "report",
        "A report of the log.",
        Body::Nothing,
        Answer::Json(object("The report: `report`, `agency`, `by`, `made_from` and its `rows`.")),
    );
    let page = operation(
        ("get", "/records"),
        "records",
        "Records of requests for reads, for the records system: from any place on, in order, none twice.",
        Body::Nothing,
        Answer::Records(schemas.answered::<Page>()),
    );
    vec![
        Operation {
            parameters: vec![
                json!({ "name": "file", "in": "query", "required": true, "schema": text,
                    "description": "What the file is called." }),
                in_query("format", &text, "Its format; found out without it."),
                in_query("mapping", &text, "The text of a mapping file."),
                in_query("camera", &text, "The camera of records that name none."),
                in_query("zone", &text, "The zone of times that have none."),
            ],
            ..import
        },
        Operation {
            parameters: vec![
                json!({ "name": "kind", "in": "query", "required": true, "schema": text,
                    "description": "Which, such as `access`." }),
                in_query("from", &instant, "Accesses at or after."),
                in_query("until", &instant, "Accesses before."),
                under(),
            ],
            ..report
        },
        Operation {
            parameters: vec![
                in_query("after", &number, "Those behind this place: `next` of the page before."),
                in_query("limit", &limit, "At most so many."),
            ],
            ..page
        },
        operation(
            ("get", "/openapi.json"),
            "document",
            "This document.",
            Body::Nothing,
            Answer::Json(object("OpenAPI 3.1.")),
        ),
    ]
}

/// Every route.
pub(super) fn every(schemas: &mut Components) -> Vec<Operation> {
    let mut all = sessions(schemas);
    all.extend(asking(schemas));
    all.extend(requests(schemas));
    all.extend(auditing(schemas));
    all.extend(records_and_reads(schemas));
    all
}
