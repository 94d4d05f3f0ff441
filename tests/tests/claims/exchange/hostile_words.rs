//! What a hostile owner writes for people to read, at a real terminal.

use schemas::entry::EntryKind as Kind;
use schemas::envelope::Kind as Signed;
use schemas::frame::{Frame, FrameKind};
use tests::command_line::accord_at_a_terminal;
use tests::fixtures::{OFFICER, PLATE};

use super::hostile_owner::asking;

/// Erases the line above, writes over it, goes to its start, hides what follows, names the window,
/// turns the words around; and the same without ESC.
const CONTROLS: &str = "\u{1b}[1A\u{1b}[2K\rhostile-ca-pd: 1 read under lasd\u{8}\u{1b}[8m\u{1b}]0;x\u{7}\u{202e}\u{9b}2K\u{7f}";

/// What a terminal does not print but obeys, or shows in another order.
fn obeyed(screen: &str) -> Vec<char> {
    let bidi = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    screen.chars().filter(|c| (c.is_control() && *c != '\n') || bidi(*c)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hostile_owner_writes_is_shown_on_a_terminal_and_never_obeyed() {
    let (asking, raw) = asking(|identity, query, digest| {
        let reason = serde_json::json!({
            "code": "no_authority",
            "message": format!("refused {CONTROLS}"),
            "citations": [{ "source": format!("law {CONTROLS}"), "section": format!("1{CONTROLS}") }],
        });
        let refusal = serde_json::json!({
            "query_id": query.id, "query_digest": digest, "from": identity.id, "to": query.from,
            "at": query.at, "decided_by": { "policy": digest, "rules": 1 }, "reasons": [reason],
        });
        let signed = identity.sign(Signed::Refusal, &refusal);
        vec![Frame::new(FrameKind::Refusal, signed.as_bytes().to_vec())]
    })
    .await;
    let query = ["--plate", PLATE, "--purpose", "stolen_vehicle", "--reason", "Taken from home"];
    let ask = [&["query", "--to", raw.id().as_str()], &query[..]].concat();
    let at_terminal = |user, args| {
        tokio::task::block_in_place(|| accord_at_a_terminal(asking.desk(), user, args, ""))
    };
    let report = ["audit", "report", "--kind", "access"];
    for (user, args) in [(OFFICER, &ask[..]), ("admin", &["audit", "log"]), ("admin", &report)] {
        let (screen, code) = at_terminal(user, args);
        assert_eq!(obeyed(&screen), Vec::<char>::new(), "{args:?} ends with {code}: {screen:?}");
        assert!(!screen.contains("\nhostile-ca-pd: 1 read"), "{args:?}: {screen:?}");
    }
    // The refusal was really taken in, with all that its owner wrote.
    let log = asking.log().await;
    assert_eq!((log.count(Kind::RefusalReceived), log.count(Kind::AnswerRejected)), (1, 0));
    let (screen, code) = at_terminal(OFFICER, &ask);
    assert_ne!(code, 0);
    assert!(screen.contains("hostile-ca-pd: refused"), "{screen:?}");
}
