//! The JSON Schemas in `agreements/json` are those of the documents: generated here, compared with
//! the files. `ACCORD_UPDATE=1 cargo test -p agreements json_schemas` writes them anew.

use std::path::{Path, PathBuf};

use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::policy::Policy;
use agreements::request::{Request, Ruling, Withdrawal};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

const UPDATE: &str = "ACCORD_UPDATE";

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("json")
}

fn schema_of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

/// File name and schema of every document that is TOML.
fn published() -> Vec<(&'static str, Value)> {
    vec![
        ("adherence", schema_of::<Adherence>()),
        ("agreement", schema_of::<Agreement>()),
        ("decision", schema_of::<Ruling>()),
        ("notice", schema_of::<Notice>()),
        ("policy", schema_of::<Policy>()),
        ("request", schema_of::<Request>()),
        ("withdrawal", schema_of::<Withdrawal>()),
    ]
}

#[test]
fn the_published_schemas_are_those_of_the_documents() {
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
            "`{}` is not the schema of its document; if the change is meant, rewrite it with {UPDATE}=1",
            path.display()
        );
    }
}

/// An editor that knows the schema names a misspelt key and a missing section as it is typed.
#[test]
fn the_schema_of_a_policy_refuses_unknown_keys_and_demands_sections() {
    let schema = schema_of::<Policy>();
    assert_eq!(schema["additionalProperties"], Value::Bool(false));
    let days = &schema["$defs"]["Days"];
    assert_eq!(days["additionalProperties"], Value::Bool(false));
    assert_eq!(days["required"], serde_json::json!(["at"]));
}
