//! The steps of the demonstration, each with what must happen.

use agreements::agreement::Act;
use agreements::request::{RequestScope, Verdict};
use agreements::template;
use schemas::envelope::{Envelope, Kind};
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::{AuthorityId, Elements, Justification};
use schemas::text::Text;

use super::super::query::describe;
use super::book::Book;
use super::federation::{Federation, by, eventually, id, write};
use super::story::{
    AGENCIES, ARIZONA, CASE, COVINA, ESCONDIDO, FEDERAL, INDIO, MONROVIA, PLATE, PORT, READS,
    SHERIFF,
};
use crate::acts::ActError;
use crate::acts::agreements::{Signing, sign_adherence};
use crate::acts::reads::BATCH;
use crate::acts::requests::{Judgement, Submission};
use crate::ingest::{Format, Item, items};
use crate::keys::{self, KeyUse};
use crate::node::Node;
use crate::query::ask::Heard;
use crate::query::draft::{Draft, Whom};

type Steps = Result<(), ActError>;

fn text(words: &str) -> Result<Text, ActError> {
    words.parse().map_err(|e| ActError::Failed(format!("{e}")))
}

pub(super) async fn introductions(book: &mut Book, federation: &Federation) -> Steps {
    book.say("Eight agencies, each a node with its own keys, database and policy, talking libp2p on loopback.");
    let up = federation.nodes().count();
    book.step("nodes up", "8", &up.to_string());
    let cards: usize =
        federation.nodes().map(|(_, node)| node.office.registry.state().peers.len()).sum();
    book.step("agency cards confirmed by fingerprint", "56", &cards.to_string());
    Ok(())
}

pub(super) async fn reads(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Reads in, from files in the readers' own formats");
    for (seed, agency) in (1u64..).zip(&AGENCIES) {
        let node = federation.node(agency.id)?;
        let file = federation.home(agency.id).join("reads.json");
        write(&file, &agency.file(seed, node.office.clock.now()))?;
        let expected = |stored: usize, again: usize| {
            let flaws =
                if agency.flawed() { "; 1 heartbeat, 1 broken record reported" } else { "" };
            format!("{stored} stored, then again {again}{flaws}")
        };
        let (stored, empty, rejected) = import(node, &file).await?;
        let (again, _, _) = import(node, &file).await?;
        let flaws = match (empty, rejected) {
            (0, 0) => String::new(),
            (empty, rejected) => format!("; {empty} heartbeat, {rejected} broken record reported"),
        };
        let step = format!("{} imports a {} file", agency.id, agency.format());
        book.step(
            &step,
            &expected(READS.saturating_add(agency.seen), 0),
            &format!("{stored} stored, then again {again}{flaws}"),
        );
    }
    Ok(())
}

async fn import(node: &Node, path: &std::path::Path) -> Result<(usize, usize, usize), ActError> {
    let file = std::fs::File::open(path).map_err(|e| ActError::Failed(e.to_string()))?;
    let (mut stored, mut empty, mut rejected) = (0, 0, 0);
    let mut batch = Vec::new();
    let name = text("reads.json")?;
    for item in items(Format::Auto, file) {
        match item.map_err(|e| ActError::Failed(e.to_string()))? {
            Item::Read(read) => batch.push(*read),
            Item::Empty(_) => empty += 1,
            Item::Rejected(_) => rejected += 1,
        }
        if batch.len() == BATCH {
            stored += node
                .office
                .store_reads(&by("admin")?, &name, "auto", std::mem::take(&mut batch))
                .await?;
        }
    }
    stored += node.office.store_reads(&by("admin")?, &name, "auto", batch).await?;
    Ok((stored, empty, rejected))
}

pub(super) async fn agreements(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Agreements: signed by every party, travelling over the network");
    for (template, name, parties) in [
        ("lasd", "lasd-2026", [SHERIFF, MONROVIA, PORT, COVINA].as_slice()),
        ("arjis", "arjis-2026", [ESCONDIDO, SHERIFF, COVINA].as_slice()),
    ] {
        standing(federation, template, name, parties).await?;
        let in_force = parties
            .iter()
            .filter_map(|party| federation.node(party).ok())
            .filter(|node| state_of(node, name) == "in_force")
            .count();
        let step = format!("{name} (from the {template} template) among {}", parties.join(", "));
        book.step(
            &step,
            &format!("in force at {} parties", parties.len()),
            &format!("in force at {in_force} parties"),
        );
    }
    Ok(())
}

/// The first party proposes, every other one signs what reached it, and all hear of all.
async fn standing(federation: &Federation, template: &str, name: &str, parties: &[&str]) -> Steps {
    let authority: AuthorityId = name.parse().map_err(|e| ActError::Failed(format!("{e}")))?;
    let all = parties.iter().map(|party| id(party)).collect::<Result<Vec<_>, _>>()?;
    let body = template::builtin(template).unwrap_or_default();
    let mut proposer = None;
    for party in parties {
        let node = federation.node(party)?;
        let key = keys::load(&node.home, KeyUse::Agency)?;
        let state = node.office.registry.state();
        let official = by("official")?;
        let signatory = state
            .users
            .get(&official.user)
            .map(|user| (user.full_name.clone(), user.title.clone()));
        let (signatory, title) = signatory.unwrap_or_default();
        let now = node.office.clock.now();
        let signing = Signing {
            me: node.office.me.clone(),
            signatory,
            title,
            shares_with: None,
            original: None,
            at: now,
        };
        if proposer.is_none() {
            let agreement = template::draft(body, authority.clone(), all.clone(), now, &[])?;
            let written = agreement.to_toml()?;
            let proposal = Envelope::sign(Kind::Agreement, written.clone().into_bytes(), &key)?;
            let adherence = sign_adherence(&agreement, &written, signing, &key)?;
            node.office.propose(&official, &proposal.to_text(), &adherence).await?;
            proposer = Some(*party);
        } else {
            eventually(&format!("{name} reaches {party}"), || state_of(node, name) != "unknown")
                .await?;
            let row = node.office.agreement_row(&authority, None)?;
            let written = row.text.unwrap_or_default();
            let agreement = ::agreements::agreement::Agreement::from_toml(name, &written)?;
            node.office
                .adhere(&official, &sign_adherence(&agreement, &written, signing, &key)?)
                .await?;
        }
        node.wake();
    }
    for party in parties {
        let node = federation.node(party)?;
        eventually(&format!("{party} hears of all signatures on {name}"), || {
            node.office
                .agreement_row(&authority, None)
                .is_ok_and(|row| row.parties.iter().all(|party| party.signed_at.is_some()))
        })
        .await?;
    }
    Ok(())
}

fn state_of(node: &Node, name: &str) -> String {
    let rows = node.office.agreement_rows();
    rows.into_iter()
        .find(|row| row.agreement.as_str() == name)
        .map_or("unknown".into(), |row| row.state)
}

/// What an officer asks, of whom, and why.
pub(super) struct Question<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a [&'a str],
    pub(super) purpose: Purpose,
    pub(super) reason: &'a str,
}

impl<'a> Question<'a> {
    pub(super) fn stolen(from: &'a str, to: &'a [&'a str]) -> Self {
        let reason = "car taken from Foothill Blvd on Saturday night";
        Self { from, to, purpose: Purpose::StolenVehicle, reason }
    }
}

/// Asks, and hears every owner out. No owners named means all that give authority.
pub(super) async fn ask(
    federation: &Federation,
    question: &Question<'_>,
) -> Result<Vec<Heard>, ActError> {
    let node = federation.node(question.from)?;
    let now = node.office.clock.now();
    let officer = by("officer")?;
    let whom = if question.to.is_empty() {
        Whom::All
    } else {
        Whom::These(question.to.iter().map(|to| id(to)).collect::<Result<_, _>>()?)
    };
    let draft = Draft {
        user: officer.user,
        whom,
        authority: None,
        why: Justification {
            purpose: question.purpose,
            offense: text("10851 VC")?,
            case: text(CASE)?,
            cad: Text::default(),
            reason: text(question.reason)?,
            suspicion: Text::default(),
            need_to_know: Text::default(),
            on_behalf_of: None,
            for_officer: Text::default(),
        },
        elements: Elements {
            kind: QueryKind::Exact,
            plate: Some(PLATE.parse().map_err(|e| ActError::Failed(format!("{e}")))?),
            pattern: None,
            plate_state: None,
            from: now.minus_days(7),
            until: now,
            near: None,
            make: None,
            color: None,
            camera: None,
        },
        limit: 50,
    };
    let mut outcomes = node.asker.ask(&draft, "demo")?;
    let mut heard = Vec::new();
    while let Some(one) = outcomes.recv().await {
        heard.push(one);
    }
    heard.sort_by(|a, b| a.owner.cmp(&b.owner));
    Ok(heard)
}

/// One owner's outcome in a line: what must be compared.
pub(super) fn outcome(heard: &Heard) -> String {
    let basis =
        heard.basis.as_ref().map(|basis| format!(" under {}", basis.authority)).unwrap_or_default();
    let reasons: Vec<String> = heard
        .reasons
        .iter()
        .map(|reason| {
            let citation = reason.citations.first().map(|c| c.section.clone()).unwrap_or_default();
            format!("{} [{citation}]", reason.code)
        })
        .collect();
    match heard.outcome {
        "answered" => format!("{} reads{basis}", heard.reads.len()),
        "refused" => format!("refused: {}", reasons.join(", ")),
        other => other.to_owned(),
    }
}

pub(super) fn show(book: &Book, heard: &[Heard]) {
    for one in heard {
        if let Ok(value) = serde_json::to_value(one) {
            let lines = describe(&value).replace('\n', "\n    ");
            book.say(&format!("    {lines}"));
        }
    }
}

pub(super) async fn permitted(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("A deputy with a case number asks everybody who gives authority");
    let heard = ask(federation, &Question::stolen(SHERIFF, &[])).await?;
    show(book, &heard);
    let observed: Vec<String> =
        heard.iter().map(|one| format!("{} {}", one.owner, outcome(one))).collect();
    let expected = format!(
        "{ESCONDIDO} 2 reads under arjis-2026; {PORT} 2 reads under lasd-2026; {MONROVIA} 4 reads under lasd-2026; {COVINA} 3 reads under arjis-2026"
    );
    book.step("the stolen car, asked of all", &expected, &observed.join("; "));
    Ok(())
}

pub(super) async fn refused(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Refused: each says why, and cites the text that demands it");
    let cases = [
        (
            "an agency without an agreement asks Indio",
            Question::stolen(PORT, &[INDIO]),
            "refused: no_authority [461.7(a)]",
        ),
        (
            "a federal agency asks Monrovia",
            Question::stolen(FEDERAL, &[MONROVIA]),
            "refused: federal [1798.90.5(f)], no_authority [463.6(d)]",
        ),
        (
            "police of Arizona ask Escondido",
            Question::stolen(ARIZONA, &[ESCONDIDO]),
            "refused: out_of_state [1798.90.5(f)], no_authority [I]",
        ),
        (
            "a purpose that the agreement does not name",
            Question {
                purpose: Purpose::SuspectInterdiction,
                ..Question::stolen(SHERIFF, &[PORT])
            },
            "refused: purpose_not_authorized [2]",
        ),
        (
            "no reason given: nothing even leaves",
            Question { reason: "", ..Question::stolen(MONROVIA, &[SHERIFF]) },
            "refused: reason_missing [1798.90.52(a)(4)]",
        ),
    ];
    for (step, question, expected) in cases {
        let heard = ask(federation, &question).await?;
        show(book, &heard);
        let observed: Vec<String> = heard.iter().map(outcome).collect();
        book.step(step, expected, &observed.join("; "));
    }
    Ok(())
}

pub(super) async fn suspended(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("An agency suspends its side: at once, and for nobody else");
    let port = federation.node(PORT)?;
    let lasd: AuthorityId = "lasd-2026".parse().map_err(|e| ActError::Failed(format!("{e}")))?;
    for (act, step, expected) in [
        (Act::Suspend, "asked while suspended", "refused: authority_not_in_force [8]"),
        (Act::Resume, "asked once resumed", "2 reads under lasd-2026"),
    ] {
        port.office.give_notice(&by("official")?, &lasd, act, &text("under review")?).await?;
        port.wake();
        let heard = ask(federation, &Question::stolen(SHERIFF, &[PORT])).await?;
        book.step(step, expected, &heard.iter().map(outcome).collect::<Vec<_>>().join("; "));
    }
    Ok(())
}

pub(super) async fn written_request(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Indio has no standing agreements: it takes a written request");
    let (monrovia, indio) = (federation.node(MONROVIA)?, federation.node(INDIO)?);
    let refused = ask(federation, &Question::stolen(MONROVIA, &[INDIO])).await?;
    let state = monrovia.office.registry.state();
    let officer = by("officer")?;
    let requested_by =
        state.users.get(&officer.user).map(|user| user.full_name.clone()).unwrap_or_default();
    let submission = Submission {
        to: id(INDIO)?,
        requested_by,
        purpose: Purpose::StolenVehicle,
        case: text(CASE)?,
        reason: text("the car was seen heading east on I-10")?,
        scope: RequestScope {
            plates: vec![PLATE.parse().map_err(|e| ActError::Failed(format!("{e}")))?],
            uses: Some(1),
            ..RequestScope::default()
        },
        after_refusal: refused.first().and_then(|heard| heard.query_id),
    };
    let filed = monrovia.office.submit_request(&officer, &submission).await?;
    monrovia.wake();
    let request = filed.request;
    eventually("the request reaches Indio", || indio.office.request_row(&request).is_ok()).await?;
    let judgement = Judgement {
        verdict: Verdict::Approved,
        reason: text("one plate, one use, a case number: in order")?,
        uses: None,
        valid_until: None,
    };
    let row = indio.office.decide_request(&by("official")?, &request, &judgement).await?;
    indio.wake();
    let decided = format!("{} by the {}", row.state, row.title.unwrap_or_default());
    book.step(
        "the request for one plate and one use",
        "approved by the Investigative Support Services Division Chief",
        &decided,
    );
    eventually("the decision reaches Monrovia", || {
        monrovia.office.request_row(&request).is_ok_and(|row| row.state == "approved")
    })
    .await?;
    for (step, expected) in [
        ("the query under it", format!("3 reads under {request}")),
        ("the same once more", "refused: uses_exhausted [461.7(a)]".to_owned()),
    ] {
        let heard = ask(federation, &Question::stolen(MONROVIA, &[INDIO])).await?;
        book.step(step, &expected, &heard.iter().map(outcome).collect::<Vec<_>>().join("; "));
    }
    Ok(())
}

pub(super) async fn reconciled(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Auditors reconcile every pair: both logs must tell the same");
    let from = schemas::time::Timestamp::MIN;
    let until = schemas::time::Timestamp::MAX;
    let (mut pairs, mut exchanges, mut different) = (0u32, 0u64, 0usize);
    for (name, node) in federation.nodes() {
        for (other, _) in federation.nodes().filter(|(other, _)| *other > name) {
            let report = node
                .office
                .reconcile(node.peers.as_ref(), &by("auditor")?, &id(other)?, from, until)
                .await?;
            let told = report.matched.saturating_add(report.refused_both);
            if told > 0 || !report.findings.is_empty() || report.open > 0 {
                book.say(&format!(
                    "    {name} and {other}: {} matched, {} refused on both sides, {} findings",
                    report.matched,
                    report.refused_both,
                    report.findings.len()
                ));
            }
            pairs = pairs.saturating_add(1);
            exchanges = exchanges.saturating_add(told);
            different = different
                .saturating_add(report.findings.len())
                .saturating_add(usize::try_from(report.open).unwrap_or(usize::MAX));
        }
    }
    book.step("pairs reconciled", "28", &pairs.to_string());
    // Four asked of all, four refused by owners, two around the suspension, three of Indio, two
    // around the crash: one more of the five refusals never left.
    book.step("exchanges that both logs tell alike", "15", &exchanges.to_string());
    book.step("exchanges that they do not", "0", &different.to_string());
    Ok(())
}
