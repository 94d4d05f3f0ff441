//! How a node says that something was not done: over HTTP always a problem with a code, with
//! `--json` always one line of JSON, and the same exit code and sentence as ever.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Request, Response};
use node::http::pinned::Pinned;
use node::http::problem::{PROBLEM_JSON, Problem};
use serde_json::{Value, json};
use tests::agency::Agency;
use tests::command_line::CliAgency;
use tests::faulty_store::Failure;
use tests::fixtures::{OFFICER, PLATE};
use tests::https::{address, pin};
use tests::socket::send;
use tests::sources::{add_source, agency_with_https, native_lines, token};
use tests::wait::within;

/// More than any body of JSON may have, in bytes.
const TOO_LARGE: usize = (1 << 20) + 1;

/// What is asked: method, path, further headers and body.
type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], String);

const JSON: (&str, &str) = ("content-type", "application/json");

fn request((method, path, headers, body): Asked<'_>) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).expect("a request")
}

/// Sends a request on a connection of its own to the socket in the home.
async fn on_socket(agency: &Agency, asked: Asked<'_>) -> (HeaderMap, Problem) {
    problem(send(agency, request(asked)).await).await
}

/// Sends a request to the HTTPS side.
async fn on_https(agency: &Agency, asked: Asked<'_>) -> (HeaderMap, Problem) {
    let client = Pinned::at(&format!("https://{}", address(agency)), pin(agency));
    let request = request(asked).map(|body| body.map_err(|never| match never {}).boxed_unsync());
    let sent = client.expect("a client");
    problem(within("a response", sent.send(request)).await.expect("a response")).await
}

/// The problem that a response carries, which is of its status.
async fn problem(response: Response<hyper::body::Incoming>) -> (HeaderMap, Problem) {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    assert_eq!(headers.get(CONTENT_TYPE).expect("a type"), PROBLEM_JSON, "{status}: {text}");
    let problem: Problem = serde_json::from_slice(&body).expect("a problem");
    assert_eq!(problem.status, status.as_u16(), "{text}");
    assert_eq!(problem.type_uri, "about:blank", "{text}");
    assert_eq!(Some(&*problem.title), status.canonical_reason(), "{text}");
    assert!(!problem.detail.is_empty() && !problem.code.is_empty(), "{text}");
    (headers, problem)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_on_the_socket_is_a_problem_with_a_code() {
    let agency = agency_with_https().await;
    let text = String::new;
    let reason = || "{\"reason\":\"r\"}".to_owned();
    let bearer = |user: &str| {
        tokio::task::block_in_place(|| format!("Bearer {}", agency.desk().token(user)))
    };
    let (admin, officer) = (bearer("admin"), bearer(OFFICER));
    let (admin, officer) = (("authorization", admin.as_str()), ("authorization", officer.as_str()));
    // A name says nothing, nor does a token that is none.
    let named = ("accord-user", "admin");
    let made_up = ("authorization", "Bearer AAAA");
    let card = "/cards/nobody-ca-pd/block";
    let table: [(Asked<'_>, u16, &str); 13] = [
        (("GET", "/no/such/path", &[], text()), 404, "path_unknown"),
        (("DELETE", "/users", &[admin], text()), 405, "method_not_allowed"),
        (("GET", "/reads", &[admin], text()), 405, "method_not_allowed"),
        (
            ("GET", "/audit/report?kind=access&from=yesterday", &[admin], text()),
            400,
            "query_string_invalid",
        ),
        (("POST", "/holds/first/release", &[admin, JSON], reason()), 400, "path_invalid"),
        (("POST", card, &[admin, JSON], "{".into()), 400, "body_invalid"),
        (("POST", card, &[admin, JSON], "{\"why\":1}".into()), 422, "body_invalid"),
        (("POST", card, &[admin], reason()), 415, "media_type_unsupported"),
        (("POST", card, &[admin, JSON], "x".repeat(TOO_LARGE)), 413, "body_too_large"),
        (("POST", card, &[JSON], reason()), 403, "not_signed_in"),
        (("POST", card, &[named, JSON], reason()), 403, "not_signed_in"),
        (("POST", card, &[made_up, JSON], reason()), 403, "session_unknown"),
        (("POST", "/reads?format=native", &[admin], text()), 400, "query_string_invalid"),
    ];
    for (asked, status, code) in table {
        let said = format!("{} {}", asked.0, asked.1);
        let (headers, problem) = on_socket(&agency, asked).await;
        assert_eq!((problem.status, &*problem.code), (status, code), "{said}: {problem:?}");
        assert_eq!(status == 405, headers.contains_key(ALLOW), "{said}: {headers:?}");
    }
    let (_, refused) = on_socket(&agency, ("POST", card, &[officer, JSON], reason())).await;
    assert_eq!((refused.status, &*refused.code), (403, "role_not_authorized"), "{refused:?}");
    assert!(!refused.citations.is_empty(), "{refused:?}");
    let (_, mistaken) = on_socket(&agency, ("POST", card, &[admin, JSON], reason())).await;
    assert_eq!(mistaken.status, 400, "{mistaken:?}");
    assert!(mistaken.detail.contains("nobody-ca-pd"), "{mistaken:?}");

    agency.store().fail(Failure::BeforeWrite);
    let source = "{\"name\":\"gate-1\",\"format\":\"native\"}".to_owned();
    let (_, failed) = on_socket(&agency, ("POST", "/sources", &[admin, JSON], source)).await;
    assert_eq!((failed.status, &*failed.code), (503, "log_unavailable"), "{failed:?}");
    let (_, failed) = on_socket(&agency, ("GET", "/readyz", &[], text())).await;
    assert_eq!((failed.status, &*failed.code), (503, "not_ready"), "{failed:?}");
    assert_eq!(failed.extensions.get("ready"), Some(&Value::Bool(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_over_https_is_a_problem_with_a_code() {
    let agency = agency_with_https().await;
    let gate = add_source(&agency, &["gate-1", "--format", "native"]);
    let bearer = format!("Bearer {}", token(&gate));
    let bearer = [("authorization", bearer.as_str())];
    let text = String::new;
    let reads = "/sources/gate-1/reads";
    let table: [(Asked<'_>, u16, &str); 9] = [
        (("GET", "/users", &[], text()), 404, "path_unknown"),
        (("POST", "/healthz", &[], text()), 405, "method_not_allowed"),
        (("GET", reads, &bearer, text()), 405, "method_not_allowed"),
        (("GET", "/metrics", &[], text()), 401, "unauthorized"),
        (("POST", reads, &[], text()), 401, "unauthorized"),
        (("POST", "/sources/gate-1/nothing/reads", &[], text()), 401, "unauthorized"),
        (("POST", "/sources/gate-1/transfers?file=f", &[], text()), 401, "unauthorized"),
        (("POST", "/sources/gate-1/transfers", &bearer, text()), 400, "query_string_invalid"),
        (("POST", reads, &bearer, "{\"plate\":7}\n".into()), 422, "no_record_usable"),
    ];
    for (asked, status, code) in table {
        let said = format!("{} {}", asked.0, asked.1);
        let (headers, problem) = on_https(&agency, asked).await;
        assert_eq!((problem.status, &*problem.code), (status, code), "{said}: {problem:?}");
        assert_eq!(status == 405, headers.contains_key(ALLOW), "{said}: {headers:?}");
        assert_eq!(status == 401, headers.contains_key(WWW_AUTHENTICATE), "{said}: {headers:?}");
        if code == "no_record_usable" {
            assert!(problem.detail.contains("line 1"), "{problem:?}");
            assert_eq!(problem.extensions["summary"]["rejected"], 1, "{problem:?}");
        }
    }
    let endless = "x".repeat(40_000_000);
    let (_, unreadable) = on_https(&agency, ("POST", reads, &bearer, endless)).await;
    assert_eq!((unreadable.status, &*unreadable.code), (422, "content_unreadable"));

    agency.store().fail(Failure::BeforeWrite);
    let lines = native_lines(&agency, PLATE, 1);
    let (headers, failed) = on_https(&agency, ("POST", reads, &bearer, lines)).await;
    assert_eq!((failed.status, &*failed.code), (503, "log_unavailable"), "{failed:?}");
    assert!(headers.contains_key(RETRY_AFTER), "{headers:?}");
    let (_, failed) = on_https(&agency, ("GET", "/readyz", &[], text())).await;
    assert_eq!((failed.status, &*failed.code), (503, "not_ready"), "{failed:?}");
}

#[test]
fn with_json_an_error_is_one_line_of_json_and_the_exit_code_is_as_ever() {
    let mut agency = CliAgency::with_officer("asking-ca-pd");
    let add = ["user", "add", "n.one", "--full-name", "N One", "--role", "sworn"];
    let missing = agency.file("missing");
    let table: [(&str, &[&str], i32, &str); 7] = [
        ("admin", &["query", "--purpose", "curiosity"], 2, "usage"),
        ("admin", &["no-such-command"], 2, "usage"),
        ("admin", &[], 2, "usage"),
        ("admin", &["reads", "import", &missing], 2, "usage"),
        ("admin", &["card", "block", "nobody-ca-pd", "--reason", "r"], 2, "usage"),
        ("nobody", &["audit", "log"], 1, "not_signed_in"),
        (OFFICER, &add, 1, "role_not_authorized"),
    ];
    for (user, args, exit, code) in table {
        let ended = agency.accord_as(user, args);
        let error = ended.only_error(exit);
        assert_eq!(error["code"], code, "{args:?}: {ended:?}");
        let cites = error["citations"].as_array().is_some_and(|cited| !cited.is_empty());
        assert_eq!(cites, code == "role_not_authorized", "{args:?}: {ended:?}");
        assert!(ended.err.starts_with("error: ") || args.is_empty(), "{args:?}: {ended:?}");
        let text = agency.accord_text(user, args);
        assert_eq!((text.code, text.out.as_str()), (exit, ""), "{args:?}: {text:?}");
        assert_eq!(text.err, ended.err, "{args:?}: the sentence on stderr is the same");
    }
    let unnamed = tests::command_line::accord_at(&agency.home(), &["hold", "list"]);
    assert_eq!(unnamed.only_error(1)["code"], "not_signed_in", "{unnamed:?}");
    assert_eq!(agency.stop(), 0);
    let ended = agency.accord(&["user", "list"]);
    assert_eq!(ended.only_error(3)["code"], "node_not_running", "{ended:?}");
    assert!(ended.failed(3).contains("is not running"));
    let nowhere =
        tests::command_line::accord_at(std::path::Path::new("/nowhere"), &["user", "list"]);
    assert_eq!(nowhere.only_error(3)["code"], "home_missing", "{nowhere:?}");
    assert_eq!(nowhere.lines()[0]["error"]["citations"], json!([]));
}
