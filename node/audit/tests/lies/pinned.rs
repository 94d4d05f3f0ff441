//! Whoever is not pinned counts for nothing: neither as a peer nor as a cosigner.

use schemas::answer::Receipt;
use schemas::body::Actor;
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::exchange::{QueryAnswered, ReceiptRecorded};

use crate::fabricated::{Agency, Pair, answer, answered, query};

fn codes(report: &audit::check::Report) -> Vec<&'static str> {
    report.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn an_agency_that_is_met_has_to_be_pinned() {
    let pair = Pair::honest();
    let report = pair.owning.verified(&[&pair.port]);
    assert_eq!((report.ok, codes(&report)), (false, vec!["unpinned"]));
    assert!(report.holds() && report.unpinned.contains_key(&pair.covina.id));
    let said = &report.problems[0].message;
    assert!(said.contains("--key west-covina-ca-pd=FINGERPRINT"), "{said}");
    let report = pair.owning.verified(&[]);
    assert_eq!((report.ok, report.pinned), (false, false));
    assert!(report.unpinned.contains_key(&pair.port.id));
    // A body that lies is told all the same.
    let mut lying = pair.owning.clone();
    lying.say("query.answered", "/event/access/count", serde_json::json!(12));
    assert!(codes(&lying.verified(&[&pair.port])).contains(&"binding"));
}

/// An owner that invents a peer, or a second card of one, and all that this one signs.
#[test]
fn an_invented_peer_is_told_and_believed_nothing() {
    for id in ["invented-ca-pd", "west-covina-ca-pd"] {
        let mut pair = Pair::honest();
        let (covina, port, invented) =
            (pair.covina.clone(), pair.port.clone(), Agency::new(id, 66));
        pair.owning.cards.push(invented.card());
        let query = query(9, &invented, &port, 50);
        let signed = invented.sign(Kind::Query, &query);
        let answer = answer(&query, signed.digest(), 50);
        let reply = port.sign(Kind::Answer, &answer);
        let access = answered(&query, signed.digest(), &answer, reply.digest());
        let event = Event::QueryAnswered(QueryAnswered { access, theirs: None });
        let actor = Actor::requesting(&query);
        pair.owning.write(50, Some(&invented), actor, event, &[&signed, &reply]);
        let receipt = Receipt {
            query_id: query.id,
            answer_digest: reply.digest(),
            from: invented.id.clone(),
            to: port.id.clone(),
            at: answer.at,
        };
        let receipted = invented.sign(Kind::Receipt, &receipt);
        let event =
            ReceiptRecorded { answer_digest: reply.digest(), logged_at: receipt.at, theirs: None };
        let event = Event::ReceiptRecorded(event);
        pair.owning.write(50, Some(&invented), Actor::peer(&invented.id), event, &[&receipted]);
        pair.owning.entries.last_mut().unwrap().query = Some(query.id.digest());
        let report = pair.owning.verified(&[&port, &covina]);
        assert!(!report.ok);
        if id == "invented-ca-pd" {
            assert_eq!(codes(&report), ["unpinned"]);
            assert_eq!(report.unpinned.get(&invented.id), Some(&2));
        } else {
            let codes = codes(&report);
            assert!(codes.contains(&"key") && codes.contains(&"signature"), "{codes:?}");
        }
    }
}
