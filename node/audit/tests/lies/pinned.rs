//! Whoever is not pinned counts for nothing: neither as a peer nor as a cosigner.

use std::io::Cursor;

use audit::BundleFile;
use schemas::answer::Receipt;
use schemas::body::Actor;
use schemas::envelope::Kind;
use schemas::event::Event;
use schemas::event::exchange::{QueryAnswered, ReceiptRecorded};

use crate::fabricated::{Agency, Pair, answer, answered, pins, query};

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
    assert!(said.contains("on whose word 5 of its entries rest"), "{said}");
    let report = pair.owning.verified(&[]);
    let mut own = report.problems.iter().filter(|one| one.message.contains("whose log it is"));
    assert!(own.next().is_some_and(|one| one.message.contains("of `port-ca-pd`")));
    assert!(own.next().is_none());
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

/// An owner that invents who has seen its log: an agency that nobody knows, or a known one's name under
/// a key of the owner's making.
#[test]
fn an_invented_cosigner_is_told_and_has_seen_nothing() {
    let pair = Pair::honest();
    let (covina, port) = (&pair.covina, &pair.port);
    let report = |by: &[(&schemas::agency::AgencyId, &Agency)], pinned: &[&Agency]| {
        let bundle = Cursor::new(pair.owning.exported_cosigned(600, by));
        let mut file = BundleFile::new("the log", bundle);
        file.check(&pins(pinned), |_, _, _, _| {}).unwrap()
    };
    let (name, invented) = (&covina.id, Agency::new("invented-ca-pd", 66));
    // Who cosigned and is pinned is told.
    let honest = report(&[(name, covina)], &[port, covina]);
    assert!(honest.ok, "{:?}", codes(&honest));
    assert_eq!(honest.cosigned_by, ["accord/west-covina-ca-pd"]);
    // One that is not pinned is named, and has seen nothing.
    let unpinned = report(&[(&invented.id, &invented)], &[port, covina]);
    assert_eq!((unpinned.ok, codes(&unpinned)), (false, vec!["unpinned"]));
    assert!(unpinned.cosigned_by.is_empty());
    assert!(unpinned.unpinned.contains_key(&invented.id));
    let said = &unpinned.problems[0].message;
    assert!(said.contains("which is named as a cosigner"), "{said}");
    // A known name under an invented key: nobody's word, whoever is pinned.
    let borrowed = report(&[(name, &invented)], &[port, covina]);
    assert!(borrowed.cosigned_by.is_empty(), "{:?}", borrowed.cosigned_by);
    let both = report(&[(name, &invented), (name, covina)], &[port, covina]);
    assert_eq!(both.cosigned_by, ["accord/west-covina-ca-pd"]);
}
