//! The JSON Schemas in `schemas/json` are those of the types: generated here, compared with the
//! files. `ACCORD_UPDATE=1 cargo test -p schemas` writes them anew.

use std::path::{Path, PathBuf};

use schemars::{JsonSchema, schema_for};
use schemas::answer::{Answer, LogPosition, Receipt};
use schemas::attested::Attestation;
use schemas::body::Body;
use schemas::bundle;
use schemas::card::Card;
use schemas::correction::Correction;
use schemas::entry::Header;
use schemas::entry_proof::EntryProof;
use schemas::evidence::Evidence;
use schemas::posted::PostedPolicy;
use schemas::query::Query;
use schemas::read::Read;
use schemas::redaction::{HoldNotice, Redaction};
use schemas::refusal::Refusal;
use schemas::standing::{StandingReply, StandingRequest};
use schemas::statement::{ExchangeRecord, Narrow, Node, Statement, StatementRequest};
use schemas::transfer::TransferReceipt;
use schemas::witness::{
    ConsistencyReply, ConsistencyRequest, Greeting, HeadsShown, WitnessReply, WitnessRequest,
};
use serde_json::Value;

const UPDATE: &str = "ACCORD_UPDATE";

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("json")
}

fn schema_of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

/// File name and schema of everything that crosses a wire as JSON or enters a log.
fn published() -> Vec<(&'static str, Value)> {
    vec![
        ("answer", schema_of::<Answer>()),
        ("bundle-head", schema_of::<bundle::Head>()),
        ("bundle-line", schema_of::<bundle::BundleLine>()),
        ("card", schema_of::<Card>()),
        ("correction", schema_of::<Correction>()),
        ("entry-body", schema_of::<Body>()),
        ("entry-header", schema_of::<Header>()),
        ("evidence", schema_of::<Evidence>()),
        ("log-position", schema_of::<LogPosition>()),
        ("policy", schema_of::<PostedPolicy>()),
        ("query", schema_of::<Query>()),
        ("read", schema_of::<Read>()),
        ("hold-notice", schema_of::<HoldNotice>()),
        ("redaction", schema_of::<Redaction>()),
        ("receipt", schema_of::<Receipt>()),
        ("refusal", schema_of::<Refusal>()),
        ("entry-proof", schema_of::<EntryProof>()),
        ("standing-reply", schema_of::<StandingReply>()),
        ("standing-request", schema_of::<StandingRequest>()),
        ("statement", schema_of::<Statement>()),
        ("statement-line", schema_of::<ExchangeRecord>()),
        ("statement-narrow", schema_of::<Narrow>()),
        ("statement-node", schema_of::<Node>()),
        ("statement-request", schema_of::<StatementRequest>()),
        ("transfer-receipt", schema_of::<TransferReceipt>()),
        ("attestation", schema_of::<Attestation>()),
        ("greeting", schema_of::<Greeting>()),
        ("heads-shown", schema_of::<HeadsShown>()),
        ("consistency-reply", schema_of::<ConsistencyReply>()),
        ("consistency-request", schema_of::<ConsistencyRequest>()),
        ("witness-reply", schema_of::<WitnessReply>()),
        ("witness-request", schema_of::<WitnessRequest>()),
    ]
}

#[test]
fn the_published_schemas_are_those_of_the_types() {
    for (name, schema) in published() {
        let path = dir().join(format!("{name}.schema.json"));
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(&path, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
        }
        let file = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("`{}`: {error}; write it with {UPDATE}=1", path.display())
        });
        let file: Value = serde_json::from_str(&file).unwrap();
        assert!(
            file == schema,
            "`{}` is not the schema of its type; if the change is meant, rewrite it with {UPDATE}=1",
            path.display()
        );
    }
}

#[test]
fn no_schema_file_is_left_over() {
    let known: Vec<String> =
        published().iter().map(|(name, _)| format!("{name}.schema.json")).collect();
    for file in std::fs::read_dir(dir()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name), "`{name}` is the schema of nothing; delete it");
    }
}
