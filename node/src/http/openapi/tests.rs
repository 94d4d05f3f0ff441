//! The document is that of the table of routes and of the types: generated here, compared with the file.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::DOCUMENT;
use super::components::{Components, rename};
use super::operations::{Answer, Body, Operation, every};
use crate::http::named_persons::NAMED;
use crate::http::problem::Problem;
use crate::http::{ALONE, OFFERED};

const UPDATE: &str = "ACCORD_UPDATE";

/// What a route takes of a program, by the table of routes.
struct Takes {
    scope: Option<&'static str>,
    person: bool,
    named: bool,
    program: bool,
}

fn takes(method: &str, path: &str) -> Option<Takes> {
    let alone = ALONE.iter().map(|route| {
        let scope = route.scope.map(|scope| scope.code());
        // Of her own session, a route tells, or ends it.
        let person = matches!((route.method, route.path), ("get", "/session") | (_, "/sign-out"));
        ((route.method, route.path), Takes { scope, person, named: false, program: true })
    });
    let offered = OFFERED.iter().map(|route| {
        let scope = Some(route.scope.code());
        let named = NAMED.contains(&(route.method, route.path));
        ((route.method, route.path), Takes { scope, person: true, named, program: true })
    });
    let open = [(
        ("get", "/openapi.json"),
        Takes { scope: None, person: false, named: false, program: false },
    )];
    alone.chain(offered).chain(open).find(|(one, _)| *one == (method, path)).map(|(_, takes)| takes)
}

fn in_path(path: &str) -> impl Iterator<Item = Value> {
    let named = |part: &str| Some(part.strip_prefix('{')?.strip_suffix('}')?.to_owned());
    path.split('/').filter_map(named).map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    })
}

fn described(operation: Operation, takes: &Takes) -> Value {
    let Operation { path, id, summary, parameters, body, answer, .. } = operation;
    let shows = |program: &str, person: Option<&str>| {
        let all = std::iter::once(program).chain(person);
        Value::Object(all.map(|scheme| (scheme.to_owned(), json!([]))).collect::<Map<_, _>>())
    };
    let programs = if takes.program { &["program", "certificate"][..] } else { &[] };
    let persons = if takes.named { &[Some("person"), Some("named")][..] } else { &[None] };
    let persons = if takes.person && !takes.named { &[Some("person")][..] } else { persons };
    let pairs = persons.iter().flat_map(|person| programs.iter().map(|one| (*one, *person)));
    let security: Vec<Value> = pairs.map(|(program, person)| shows(program, person)).collect();
    let content = match answer {
        Answer::Json(schema) => json!({ "application/json": { "schema": schema } }),
        Answer::Lines(schema) => json!({ "application/x-ndjson": { "schema": schema } }),
        Answer::Records(schema) => json!({
            "application/json": { "schema": schema },
            "text/csv": { "schema": { "type": "string" } },
        }),
    };
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let mut described = json!({
        "operationId": id, "summary": summary, "security": security,
        "responses": {
            "200": { "description": "It is done.", "content": content }, "default": problem,
        },
    });
    let put = &mut |key: &str, value: Value| {
        described.as_object_mut().unwrap().insert(key.to_owned(), value);
    };
    if let Some(scope) = takes.scope {
        put("tags", json!([scope]));
    }
    let parameters: Vec<Value> = in_path(path).chain(parameters).collect();
    if !parameters.is_empty() {
        put("parameters", json!(parameters));
    }
    let body = match body {
        Body::Nothing => return described,
        Body::Json(schema) => json!({ "application/json": { "schema": schema } }),
        Body::Bytes => json!({ "application/octet-stream": {} }),
    };
    put("requestBody", json!({ "required": true, "content": body }));
    described
}

fn generated() -> Value {
    let mut schemas = Components::new();
    let operations = every(&mut schemas);
    let problem = schemas.answered::<Problem>();
    let (schemas, renamed) = schemas.finish();
    let mut paths = Map::new();
    for operation in operations {
        let (method, path) = (operation.method, operation.path);
        let takes = takes(method, path)
            .unwrap_or_else(|| panic!("{method} {path} is described, and no route of programs"));
        let mut described = described(operation, &takes);
        if let Some(body) = described.get_mut("requestBody") {
            rename(body, &renamed);
        }
        let at = paths.entry(path).or_insert_with(|| json!({})).as_object_mut().unwrap();
        assert!(at.insert(method.to_owned(), described).is_none(), "{method} {path} stands twice");
    }
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Accord, for programs of the agency", "version": "1",
            "description": "How a dispatch or records system of an agency asks its node. Names stay within this version; new ones may be added, and what a client does not know it passes over. Another version has another address.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "https://{node}/api/v1", "variables": { "node": { "default": "localhost:8443" } } }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": {
                "description": "It is not done, and why (RFC 9457). An answer in lines that cannot go on ends with the line `{\"error\": problem}`.",
                "content": { "application/problem+json": { "schema": problem } },
            } },
            "securitySchemes": {
                "program": { "type": "http", "scheme": "bearer",
                    "description": "The token that `accord program add` showed." },
                "certificate": { "type": "mutualTLS",
                    "description": "The certificate that `accord program add --certificate` took, in the place of a token." },
                "person": { "type": "apiKey", "in": "header", "name": "Accord-Session",
                    "description": "The session that a person let this program have." },
                "named": { "type": "apiKey", "in": "header", "name": "Accord-Person",
                    "description": "A registered person's user name, in the place of a session: she proved nothing, the program needs scope `assert`, and each policy admits it or does not (`people.query.asserted`, `people.peers.asserted`)." },
            },
        },
    })
}

#[test]
fn the_openapi_document_is_that_of_the_routes_and_types() {
    let document = generated();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/openapi/v1.json");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
        return;
    }
    let file: Value = serde_json::from_str(DOCUMENT).unwrap();
    assert!(
        file == document,
        "`{}` is not that of the routes and types; if the change is meant, rewrite it with {UPDATE}=1",
        path.display()
    );
}

#[test]
fn every_route_of_programs_stands_in_the_openapi_document() {
    let document = generated();
    let alone = ALONE.iter().map(|route| (route.method, route.path));
    for (method, path) in alone.chain(OFFERED.iter().map(|route| (route.method, route.path))) {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
    let mut ids = Vec::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "two operations have one name");
}

#[test]
fn every_reference_of_the_openapi_document_leads_somewhere() {
    fn follow(value: &Value, document: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(to)) = fields.get("$ref") {
                    let to = to.strip_prefix('#').expect("a place in the document");
                    assert!(document.pointer(to).is_some(), "{to}");
                }
                fields.values().for_each(|value| follow(value, document));
            }
            Value::Array(items) => items.iter().for_each(|item| follow(item, document)),
            _ => {}
        }
    }
    let document = generated();
    follow(&document, &document);
}
