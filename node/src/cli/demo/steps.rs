//! The steps of the demonstration, each with what must happen.

use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use schemas::query::{Elements, Justification};
use schemas::text::Text;
use schemas::time::Timestamp;

use super::super::query::describe;
use super::book::Book;
use super::federation::{Federation, PATIENCE, id, words, write};
use super::people::by;
use super::story::{
    AGENCIES, ARIZONA, CASE, COVINA, ESCONDIDO, FEDERAL, INDIO, MONROVIA, PLATE, PORT, READS,
    SHERIFF,
};
use crate::exchange::ask::QueryOutcome;
use crate::exchange::statements::{Reconciled, Reconciler};
use crate::permission::{ActError, Principal};
use crate::reads::importer::BATCH;
use crate::run::Node;
use audit::wording::counted;
use ingest::{Format, Item, Rejected, items};
use schemas::draft::{Draft, Recipients};

/// How often two logs are compared again while an exchange between them is under way.
const SETTLING: u32 = 50;

/// The end of a group of steps. An error means that no more steps can take place.
pub(super) type Steps = Result<(), ActError>;

pub(super) async fn introductions(book: &mut Book, federation: &Federation) -> Steps {
    book.say("Eight agencies, each a node with its own keys, database and policy, talking libp2p on loopback.");
    book.say(&format!(
        "The case, {CASE}: a car with the plate {PLATE} was taken two nights ago, and cameras of several cities have read it."
    ));
    let up = federation.nodes().count();
    book.step("nodes up", "8", &up.to_string());
    let cards: usize =
        federation.nodes().map(|(_, node)| node.context.agency.registry.state().peers.len()).sum();
    book.step("agency cards confirmed by fingerprint", "56", &cards.to_string());
    Ok(())
}

pub(super) async fn reads(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Reads in, from files in the readers' own formats");
    for (seed, agency) in (1u64..).zip(&AGENCIES) {
        let node = federation.node(agency.id)?;
        let file = federation.home(agency.id).join("reads.json");
        write(&file, &agency.file(seed, node.context.agency.clock.now()))?;
        let expected = |stored: usize, again: usize| {
            let flaws =
                if agency.flawed() { "; 1 heartbeat, 1 broken record reported" } else { "" };
            format!("{stored} stored, then again {again}{flaws}")
        };
        let (stored, empty, rejected) = import(node, &file).await?;
        let (again, _, _) = import(node, &file).await?;
        let flaws = match (empty, rejected.len()) {
            (0, 0) => String::new(),
            (empty, rejected) => format!("; {empty} heartbeat, {rejected} broken record reported"),
        };
        for broken in &rejected {
            book.say(&format!("    {}: {broken}", file.display()));
        }
        let step = format!("{} imports a {} file", agency.id, agency.format());
        book.step(
            &step,
            &expected(READS.saturating_add(agency.seen), 0),
            &format!("{stored} stored, then again {again}{flaws}"),
        );
    }
    Ok(())
}

/// Imports a file: reads stored, records without a read, records that cannot be used.
async fn import(
    node: &Node,
    path: &std::path::Path,
) -> Result<(usize, usize, Vec<Rejected>), ActError> {
    let file = std::fs::File::open(path).map_err(|e| ActError::failed(e.to_string()))?;
    let (mut stored, mut empty, mut rejected) = (0, 0, Vec::new());
    let mut batch = Vec::new();
    let name = words("reads.json")?;
    let admin = by(node, "admin").await?;
    for item in items(Format::Auto, file) {
        match item.map_err(|e| ActError::failed(e.to_string()))? {
            Item::Read(one) => batch.push(*one),
            Item::Empty(_) => empty += 1,
            Item::Said(_) => {}
            Item::Rejected(broken) => rejected.push(broken),
        }
        if batch.len() == BATCH {
            let full = std::mem::take(&mut batch);
            stored +=
                node.importer.store(&admin.clone().into(), &name, "auto", full).await?.counted.new;
        }
    }
    stored += node.importer.store(&admin.clone().into(), &name, "auto", batch).await?.counted.new;
    Ok((stored, empty, rejected))
}

/// What an officer asks about the stolen car, of whom, and what is different about it.
pub(super) struct Question<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a [&'a str],
    pub(super) user: &'a str,
    pub(super) vary: fn(&mut Draft),
}

impl<'a> Question<'a> {
    pub(super) fn stolen(from: &'a str, to: &'a [&'a str]) -> Self {
        Self { from, to, user: "officer", vary: |_| {} }
    }
}

/// Asks, and hears every owner out. No owners named means all that give authority.
pub(super) async fn ask(
    federation: &Federation,
    question: &Question<'_>,
) -> Result<Vec<QueryOutcome>, ActError> {
    let node = federation.node(question.from)?;
    let now = node.context.agency.clock.now();
    let officer = by(node, question.user).await?;
    let whom = if question.to.is_empty() {
        Recipients::All
    } else {
        Recipients::These(question.to.iter().map(|to| id(to)).collect::<Result<_, _>>()?)
    };
    let mut draft = Draft {
        whom,
        authority: None,
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: words("10851 VC")?,
            offenses: Vec::new(),
            vehicle_role: None,
            case: words(CASE)?,
            cad: Text::default(),
            reason: words("car taken from Foothill Blvd two nights ago")?,
            suspicion: words("a neighbour saw this car leave with its lights off")?,
            need_to_know: words("assigned to the theft")?,
            on_behalf_of: None,
            for_officer: Text::default(),
            danger: Text::default(),
        },
        elements: Elements::exact(
            PLATE.parse().map_err(|e| ActError::failed(format!("{e}")))?,
            now.minus_days(7),
            now,
        ),
        limit: 50,
        images: false,
        for_user: None,
    };
    (question.vary)(&mut draft);
    let mut outcomes = node.queries.ask(&draft, &officer)?;
    let mut heard = Vec::new();
    while let Some(one) = outcomes.recv().await {
        heard.push(one);
    }
    heard.sort_by(|a, b| a.owner.cmp(&b.owner));
    Ok(heard)
}

/// One owner's outcome in a line: what must be compared.
pub(super) fn outcome(heard: &QueryOutcome) -> String {
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
        OutcomeCode::Answered => format!("{}{basis}", counted(heard.reads.len(), "read", "reads")),
        OutcomeCode::Refused => format!("refused: {}", reasons.join(", ")),
        other => other.to_string(),
    }
}

/// All owners' outcomes in a line.
pub(super) fn outcomes(heard: &[QueryOutcome]) -> String {
    heard.iter().map(outcome).collect::<Vec<_>>().join("; ")
}

fn show(book: &Book, heard: &[QueryOutcome]) {
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
        "{ESCONDIDO} 2 reads under escondido-ca-pd/arjis-2026; {PORT} 2 reads under los-angeles-ca-sheriff/lasd-2026; {MONROVIA} 4 reads under los-angeles-ca-sheriff/lasd-2026; {COVINA} 3 reads under escondido-ca-pd/arjis-2026"
    );
    book.step("the stolen car, asked of all", &expected, &observed.join("; "));
    Ok(())
}

pub(super) async fn refused(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Who may not ask: each is told why, with the text that demands it");
    let cases = [
        (
            "an agency without an agreement asks Indio",
            Question::stolen(PORT, &[INDIO]),
            "refused: no_authority [461.7(a)]",
        ),
        (
            "a federal agency asks Monrovia",
            Question::stolen(FEDERAL, &[MONROVIA]),
            "refused: federal [1798.90.5(f)], no_authority [463.6(a)]",
        ),
        (
            "police of Arizona ask Escondido",
            Question::stolen(ARIZONA, &[ESCONDIDO]),
            "refused: out_of_state [1798.90.5(f)], no_authority [I]",
        ),
        (
            "Port asks Monrovia, whose policy shares with the Sheriff alone",
            Question::stolen(PORT, &[MONROVIA]),
            "refused: release_path [463.6(d)], party_not_listed [5]",
        ),
        (
            "no reason given: nothing even leaves",
            Question {
                vary: |draft| draft.why.reason = Text::default(),
                ..Question::stolen(MONROVIA, &[SHERIFF])
            },
            "refused: reason_missing [1798.90.52(a)(4)]",
        ),
    ];
    for (step, question, expected) in cases {
        let heard = ask(federation, &question).await?;
        show(book, &heard);
        book.step(step, expected, &outcomes(&heard));
    }
    Ok(())
}

pub(super) async fn reconciled(book: &mut Book, federation: &Federation) -> Steps {
    book.heading("Auditors reconcile every pair: both logs must tell the same");
    // Receipts that could not be handed over at first are tried again now, not after their pause.
    federation.nodes().for_each(|(_, node)| node.wake());
    let (mut pairs, mut exchanges, mut different) = (0u32, 0u64, 0usize);
    for (name, node) in federation.nodes() {
        for (other, _) in federation.nodes().filter(|(other, _)| *other > name) {
            let report = settled(node, other).await?;
            let told = report.matched.saturating_add(report.refused_both);
            if told > 0 || !report.findings.is_empty() || report.open > 0 {
                book.say(&format!(
                    "    {name} and {other}: {} matched, {} refused on both sides, {}",
                    report.matched,
                    report.refused_both,
                    counted(report.findings.len(), "finding", "findings")
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
    // Four asked of all, four refused by owners (one more never left), eleven ways of five owners,
    // two around the suspension, three of Indio, two around the crash.
    book.step("exchanges that both logs tell alike", "70", &exchanges.to_string());
    book.step("exchanges that they do not", "0", &different.to_string());
    Ok(())
}

/// Compares both logs once nothing between the two is under way: an answer is shown before its
/// receipt has arrived, so a comparison made at once may find the exchange open.
async fn settled(node: &Node, other: &str) -> Result<Reconciled, ActError> {
    let (auditor, other) = (by(node, "auditor").await?, id(other)?);
    let compared = async {
        for _ in 0..SETTLING {
            let report = compare(node, &auditor, &other).await?;
            if report.open == 0 {
                return Ok(report);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        // Still open: the steps say so.
        compare(node, &auditor, &other).await
    };
    tokio::time::timeout(PATIENCE, compared).await.map_err(|_| {
        ActError::failed(format!(
            "`{other}` did not state its log to `{}` in time",
            node.context.agency.id
        ))
    })?
}

async fn compare(
    node: &Node,
    auditor: &Principal,
    other: &AgencyId,
) -> Result<Reconciled, ActError> {
    let (since, until) = (Timestamp::MIN, Timestamp::MAX);
    Reconciler::of(&node.context).reconcile(node.peers.as_ref(), auditor, other, since, until).await
}
