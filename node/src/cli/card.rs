//! `accord card …`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::card::Card as Described;
use schemas::envelope::{Envelope, Kind};
use schemas::key::{Fingerprint, SecretKey};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::client::Client;
use super::init::{dialable, sign_card};
use super::out_file;
use super::output::{Output, table, text};
use super::time::instant;
use crate::admin::cards::{Confirmation, Reissued};
use crate::permission::ActError;
use audit_log::clock::Clock;
use audit_log::keys;
use host::home::{Home, read_text};
use schemas::key_use::KeyUse;

/// In place of the addresses of a card that names none.
const NOWHERE: &str = "none; say where peers reach this node with `accord card reissue --address`";

#[derive(Subcommand)]
pub(super) enum Card {
    /// Show one's own card, or write it for peers.
    Show {
        /// Write the signed card here.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Sign the next version of one's own card and send it to every peer.
    Reissue {
        /// Where peers reach the node from now on, in place of every address before; repeat for
        /// several.
        #[arg(long, value_name = "MULTIADDR")]
        address: Vec<Text>,
        /// The agency's name.
        #[arg(long)]
        name: Option<Text>,
        /// Recipients peers call at any hour.
        #[arg(long)]
        contact: Option<Text>,
    },
    /// Add a peer's card, once its fingerprint was heard over another channel.
    Add {
        /// The peer's card.
        #[arg(required_unless_present = "held", conflicts_with = "held")]
        file: Option<PathBuf>,
        /// In place of a file: the card of this peer that waits, as its node has shown it.
        #[arg(long, value_name = "ID")]
        held: Option<AgencyId>,
        /// The fingerprint that the peer read out.
        #[arg(long)]
        fingerprint: Fingerprint,
        /// How the agency, its kind and its state were verified.
        #[arg(long)]
        verified_by: Text,
        /// The kind, where it was found to be another than the card claims.
        #[arg(long)]
        kind: Option<AgencyKind>,
        /// The state, where it was found to be another.
        #[arg(long)]
        state: Option<State>,
        /// Let a new agency key take the place of the one known.
        #[arg(long)]
        replace: bool,
    },
    /// List peers.
    List,
    /// Cut a peer off at once.
    Block {
        /// The peer.
        id: AgencyId,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// Give a peer more time for the receipts that it owes: with one that is older than a day it is
    /// refused otherwise.
    ExtendReceipts {
        /// The peer.
        id: AgencyId,
        /// Until when no receipt is too late, at most 30 days from now.
        #[arg(long, value_parser = instant)]
        until: Timestamp,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// Let a peer in again.
    Unblock {
        /// The peer.
        id: AgencyId,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
}

pub(super) async fn run(
    dir: &Path,
    client: &Client,
    command: Card,
    output: Output,
) -> Result<Done, ActError> {
    let row: Value = match command {
        Card::Show { out } => return show(dir, out, output),
        Card::List => return list(client, output).await,
        Card::Reissue { address, name, contact } => {
            let change = Reissue { addresses: address, name, contact, key: None };
            return reissue(dir, client, change, output).await;
        }
        Card::Add { file, held, fingerprint, verified_by, kind, state, replace } => {
            let envelope = match (file, held) {
                (Some(file), _) => read_text(&file).map_err(|e| ActError::usage(e.to_string()))?,
                (None, held) => {
                    let id = held.ok_or_else(|| ActError::usage("name a file or --held".into()))?;
                    let held: Value = client.get(&format!("/cards/{id}/held")).await?;
                    text(&held, "envelope").to_owned()
                }
            };
            let confirmation =
                Confirmation { envelope, fingerprint, verified_by, kind, state, replace };
            client.post("/cards", &confirmation).await?
        }
        Card::Block { id, reason } => {
            client.post(&format!("/cards/{id}/block"), &json!({ "reason": reason })).await?
        }
        Card::ExtendReceipts { id, until, reason } => {
            let more = json!({ "until": until, "reason": reason });
            client.post(&format!("/cards/{id}/receipts"), &more).await?
        }
        Card::Unblock { id, reason } => {
            client.post(&format!("/cards/{id}/unblock"), &json!({ "reason": reason })).await?
        }
    };
    output.object(&row, || describe(std::slice::from_ref(&row)));
    Ok(Done::Ok)
}

/// Works without a running node: the card is a file of the home.
fn show(dir: &Path, out: Option<PathBuf>, output: Output) -> Result<Done, ActError> {
    let home = Home::open(dir)?;
    let exact = read_text(&home.card())?;
    let envelope = Envelope::parse(exact.as_bytes())?;
    let card = Described::open(&envelope).map_err(|e| ActError::failed(e.to_string()))?;
    if let Some(out) = &out {
        out_file::write(out, exact.as_bytes())?;
    }
    tell(&card, out.as_deref(), output);
    Ok(Done::Ok)
}

/// What changes in the next version of one's own card.
#[derive(Default)]
pub(super) struct Reissue {
    addresses: Vec<Text>,
    name: Option<Text>,
    contact: Option<Text>,
    /// Another key of this use; how many minutes longer the present one counts.
    key: Option<(KeyUse, u32)>,
}

impl Reissue {
    /// Another key takes the place of the present one of this use, which ends in `overlap` minutes.
    pub(super) fn rotating(use_: KeyUse, overlap: u32) -> Self {
        Self { key: Some((use_, overlap)), ..Self::default() }
    }
}

/// The home, its agency key, and the card in force, which another key may have signed.
async fn own(dir: &Path, client: &Client) -> Result<(Home, SecretKey, Described), ActError> {
    let home = Home::open(dir)?;
    let key = keys::load(&home, KeyUse::Agency)?;
    let known: Value = client.get("/cards/own").await?;
    let known = Envelope::parse(text(&known, "envelope").as_bytes())?;
    let known = Described::open(&known).map_err(|e| ActError::failed(e.to_string()))?;
    Ok((home, key, known))
}

fn another_key(dir: &Path) -> ActError {
    ActError::usage(format!(
        "the agency key in `{}` is not the one that signed the card; restore it from your backup",
        dir.display()
    ))
}

/// Has another agency key take the place of the present one, which vouches for it to the node. To
/// peers it is unknown until their people have heard its fingerprint.
pub(super) async fn renew_agency_key(
    dir: &Path,
    client: &Client,
    at_once: bool,
    output: Output,
) -> Result<Done, ActError> {
    let (home, key, known) = own(dir, client).await?;
    let next = keys::next_key(&home, KeyUse::Agency)?;
    let card = if known.agency_key == next.public() {
        // An attempt before this one was cut short once the node had taken the card.
        known
    } else {
        if known.agency_key != key.public() {
            return Err(another_key(dir));
        }
        let version = known.version.saturating_add(1);
        let at = Clock::system().now();
        let card = Described { version, at, agency_key: next.public(), ..known };
        let signed = sign_card(&card, &next, &keys::proving(&home)?)?;
        let vouched =
            Envelope::sign(Kind::Card, signed.unverified_payload().to_vec(), &key)?.to_text();
        let (envelope, vouched) = (signed.to_text(), Some(vouched));
        client.post::<Value>("/cards/own", &Reissued { envelope, vouched, at_once }).await?;
        card
    };
    keys::take_next(&home, KeyUse::Agency)?;
    tell(&card, None, output);
    output.note("Read the fingerprint out to every peer. Until its people have added the card, `accord card add --held ID --fingerprint … --verified-by … --replace`, that peer goes on with the card before, and no other key is exchanged.");
    Ok(Done::Ok)
}

/// Signed here, with the agency key; the running node records it and shows it to peers.
pub(super) async fn reissue(
    dir: &Path,
    client: &Client,
    change: Reissue,
    output: Output,
) -> Result<Done, ActError> {
    let Reissue { addresses, name, contact, key: rotated } = change;
    if addresses.is_empty() && name.is_none() && contact.is_none() && rotated.is_none() {
        return Err(ActError::usage("say what changes: --address, --name or --contact".into()));
    }
    dialable(&addresses)?;
    let (home, key, known) = own(dir, client).await?;
    if known.agency_key != key.public() {
        return Err(another_key(dir));
    }
    let at = Clock::system().now();
    let mut card = Described {
        version: known.version.saturating_add(1),
        at,
        addresses: if addresses.is_empty() { known.addresses.clone() } else { addresses },
        name: name.unwrap_or_else(|| known.name.clone()),
        contact: contact.unwrap_or_else(|| known.contact.clone()),
        ..known.clone()
    };
    let at_once = rotated.is_some_and(|(_, minutes)| minutes == 0);
    if let Some((use_, minutes)) = rotated {
        let keyring = keys::Keyring::load(&home, use_)?;
        keyring.settle(&known, at)?;
        let leaving = *use_.named(&known);
        if at_once {
            // What is under way ends with it: the key that is named now is the only one before the next.
            let all = keyring.all();
            for before in all.iter().map(SecretKey::public).filter(|key| *key != leaving) {
                if known.still_counts(&before, at) {
                    card.end(before, at);
                }
            }
            keyring.take_named(&known)?;
        }
        let next = keys::next_key(&home, use_)?.public();
        if next == leaving {
            return Err(ActError::refused(format!(
                "the {use_} key is being exchanged already; exchange it again once the one before has ended, or end both at once with `--overlap 0` if others may know one"
            )));
        }
        let ends = at.plus_millis(i64::from(minutes).saturating_mul(60_000));
        card.end(leaving, ends);
        match use_ {
            KeyUse::Message => card.message_key = next,
            KeyUse::Log => card.log_key = next,
            KeyUse::Cosigner => card.cosigner_key = next,
            KeyUse::Node => card.node_key = next,
            KeyUse::Agency => {
                return Err(ActError::usage(
                    "the agency key is exchanged without an overlap: `accord key rotate agency`"
                        .into(),
                ));
            }
        }
    }
    let signed = sign_card(&card, &key, &keys::proving(&home)?)?.to_text();
    let reissued = Reissued { envelope: signed, vouched: None, at_once };
    client.post::<Value>("/cards/own", &reissued).await?;
    tell(&card, None, output);
    Ok(Done::Ok)
}

/// One's own card for scripts and people.
fn tell(card: &Described, out: Option<&Path>, output: Output) {
    let fingerprint = card.agency_key.fingerprint().to_string();
    let row = json!({
        "agency": card.id, "name": card.name, "kind": card.kind, "state": card.state, "ori": card.ori,
        "fingerprint": fingerprint, "version": card.version, "addresses": card.addresses,
        "blocked": false, "file": out, "message_key": card.message_key, "agency_key": card.agency_key,
    });
    output.object(&row, || {
        let addresses = card.addresses.iter().map(Text::as_str).collect::<Vec<_>>().join(", ");
        let written = out.map_or(String::new(), |out| format!("\nwritten to {}", out.display()));
        format!(
            "{} ({}), {} of {}, version {}\nfingerprint  {fingerprint}\naddresses    {}\nmessage key  {}{written}",
            card.name,
            card.id,
            card.kind,
            card.state,
            card.version,
            if addresses.is_empty() { NOWHERE } else { &addresses },
            card.message_key
        )
    });
}

async fn list(client: &Client, output: Output) -> Result<Done, ActError> {
    let cards: Vec<Value> = client.get("/cards").await?;
    if output.json() {
        cards.iter().for_each(|card| output.object(card, String::new));
    } else {
        output.note(&describe(&cards));
    }
    Ok(Done::Ok)
}

fn describe(cards: &[Value]) -> String {
    let rows: Vec<Vec<String>> = cards
        .iter()
        .map(|card| {
            let blocked = text(card, "blocked_reason");
            let waiting = text(card, "waiting");
            let state = match (blocked, waiting) {
                ("", "") => "open".to_owned(),
                ("", waiting) => format!("a new card waits: {waiting}"),
                (why, _) => format!("blocked: {why}"),
            };
            let kind = format!("{} of {}", text(card, "kind"), text(card, "state"));
            let fingerprint = text(card, "fingerprint").chars().take(19).collect::<String>();
            vec![
                text(card, "agency").into(),
                kind,
                format!("{fingerprint}…"),
                text(card, "verified_by").into(),
                state,
            ]
        })
        .collect();
    table(&["agency", "kind", "fingerprint", "verified", ""], &rows)
}
