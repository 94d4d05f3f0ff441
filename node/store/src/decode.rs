//! Values as databases hold them, whichever database it is, and back.

use std::collections::HashMap;
use std::str::FromStr;

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, StoredEntry};
use schemas::merkle::{self, ProofError, Subtree};
use schemas::outcome::OutcomeCode;
use schemas::read::{Read, ReadId};
use schemas::time::Timestamp;

use super::inside::Inside;
use super::packed::{Record, unpack, unpack_text};
use super::{
    BroughtRead, CameraStats, Debt, EndedPages, Mention, OwnRead, ReadStats, Release, ServedBefore,
    StoreError, TakenIn,
};

/// A value that this node wrote as text.
pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|e| StoreError::Corrupt(format!("{e}")))
}

/// A read that this node wrote as JSON.
pub(super) fn read(text: &str) -> Result<Read, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// One's own read: its text, its version, whether a person corrected it, and the entries that brought and
/// withdrew it.
pub(super) type OwnRow = (String, i64, bool, i64, Option<i64>);

/// One's own read.
pub(super) fn own(row: OwnRow) -> Result<OwnRead, StoreError> {
    let (text, version, corrected, brought_by, withdrawn) = row;
    Ok(OwnRead {
        read: read(&text)?,
        version: number(version)?,
        corrected,
        brought_by: number(brought_by)?,
        withdrawn: withdrawn.map(number).transpose()?,
    })
}

/// An answer that released a read: the read, the answer's entry, to whom, and the record of the entry.
pub(super) fn release(
    read: ReadId,
    (entry, requester, record): (i64, &str, &[u8]),
) -> Result<Release, StoreError> {
    let query = envelopes_of(record)?.unwrap_or_default();
    Ok(Release { read, entry: number(entry)?, requester: parsed(requester)?, query })
}

/// A read that some entries brought or told otherwise: its text, its version, and what it was before.
pub(super) fn brought(row: (String, i64, Option<String>)) -> Result<BroughtRead, StoreError> {
    let (text, version, before) = row;
    let before = before.map(|text| read(&text)).transpose()?;
    Ok(BroughtRead { read: read(&text)?, version: number(version)?, before })
}

/// A count or an index.
pub(super) fn number<N: TryFrom<i64>>(n: i64) -> Result<N, StoreError> {
    N::try_from(n).map_err(|_| StoreError::Corrupt(format!("number {n}")))
}

/// An index or a size as a column holds it. One that no column holds is past everything.
pub(super) fn column(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// An instant.
pub(super) fn instant(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millis(millis).ok_or_else(|| StoreError::Corrupt(format!("time {millis}")))
}

/// Reads, plates, cameras, earliest, latest and photographs, as a statement counts them.
pub(super) type Counts = (i64, i64, i64, Option<i64>, Option<i64>, i64);
/// A camera, its reads and its newest, as a statement counts them.
pub(super) type OfCamera = (String, i64, i64);

/// What is stored, as counted.
pub(super) fn stats(
    (reads, plates, cameras, earliest, latest, photographs): Counts,
    by_camera: Vec<OfCamera>,
) -> Result<ReadStats, StoreError> {
    let of_camera = |(camera, reads, latest): OfCamera| {
        let (reads, latest) = (number(reads)?, instant(latest)?);
        Ok(CameraStats { camera: parsed(&camera)?, reads, latest })
    };
    Ok(ReadStats {
        reads: number(reads)?,
        plates: number(plates)?,
        cameras: number(cameras)?,
        earliest: earliest.map(instant).transpose()?,
        latest: latest.map(instant).transpose()?,
        photographs: number(photographs)?,
        by_camera: by_camera.into_iter().map(of_camera).collect::<Result<_, StoreError>>()?,
    })
}

/// A digest.
pub(super) fn digest(bytes: Vec<u8>) -> Result<Digest, StoreError> {
    let length = bytes.len();
    bytes
        .try_into()
        .map(Digest::from_bytes)
        .map_err(|_| StoreError::Corrupt(format!("a digest of {length} bytes")))
}

/// Entry, time, query, envelope and whether it is waived, as a statement tells a debt.
pub(super) type OfDebt = (i64, i64, String, Vec<u8>, i64);

/// A debt.
pub(super) fn debt((entry, at, query_id, envelope, waived): OfDebt) -> Result<Debt, StoreError> {
    Ok(Debt {
        entry: number(entry)?,
        at: instant(at)?,
        query_id: parsed(&query_id)?,
        envelope: digest(envelope)?,
        waived: waived != 0,
    })
}

/// The kinds whose body ends, as SQL.
pub(super) fn ending() -> String {
    kinds(|kind| kind.ends())
}

/// The kinds that take in a document of a peer, as SQL.
pub(super) fn taking_in() -> String {
    kinds(|kind| kind.takes_in())
}

fn kinds(which: impl Fn(&EntryKind) -> bool) -> String {
    let kinds = EntryKind::ALL.iter().filter(|kind| which(kind));
    let kinds: Vec<String> = kinds.map(|kind| format!("'{}'", kind.code())).collect();
    format!("({})", kinds.join(", "))
}

/// What each peer has left behind: by peer, kind and record of entries that may be of a document, one
/// for each. Those are whose peer acted itself.
pub(super) fn taken_in(
    rows: Vec<(String, String, Vec<u8>)>,
) -> Result<HashMap<AgencyId, TakenIn>, StoreError> {
    let mut all: HashMap<AgencyId, TakenIn> = HashMap::new();
    for (peer, kind, record) in rows {
        let Record { body, envelopes, .. } = Record::unpack(&record)?;
        if Inside::of(&body)?.agency() != Some(peer.as_str()) {
            continue;
        }
        let bytes = envelopes.map_or(0, |text| text.len() as u64);
        let kind = EntryKind::ALL.iter().find(|one| one.code() == kind);
        let kind = kind.ok_or_else(|| StoreError::Corrupt("an entry of no kind".into()))?;
        all.entry(parsed(&peer)?).or_default().add(*kind, bytes);
    }
    Ok(all)
}

/// The envelopes in the record of an entry.
pub(super) fn envelopes_of(record: &[u8]) -> Result<Option<String>, StoreError> {
    Ok(Record::unpack(record)?.envelopes)
}

/// What the body in the record of an entry mentions.
pub(super) fn mentions(record: &[u8]) -> Result<Vec<Mention>, StoreError> {
    Mention::stored(&Record::unpack(record)?.body)
}

/// The reply's envelope: beside its entry it stands on the line after the query's.
fn reply_of(record: &[u8]) -> Result<String, StoreError> {
    let envelopes = envelopes_of(record)?;
    let reply = envelopes.as_deref().and_then(|envelopes| envelopes.lines().nth(1));
    reply.map(str::to_owned).ok_or_else(|| StoreError::Corrupt("an entry without its reply".into()))
}

/// A peer's query as it was served: by whom, its digest, when, outcome, authority, the record of the entry
/// and whether a receipt has come.
pub(super) type ServedRow = (String, Vec<u8>, i64, String, Option<String>, Option<Vec<u8>>, bool);

/// A peer's query as it was served.
pub(super) fn served(row: ServedRow) -> Result<ServedBefore, StoreError> {
    let (requester, query, at, outcome, authority, record, receipted) = row;
    Ok(ServedBefore {
        requester: parsed(&requester)?,
        query_digest: digest(query)?,
        at: instant(at)?,
        answered: outcome == OutcomeCode::Answered.code(),
        authority: authority.as_deref().map(parsed).transpose()?,
        reply: record.as_deref().map(reply_of).transpose()?,
        receipted,
    })
}

/// Pages that have ended: by the record of their entry or, where that is destroyed, their bytes.
pub(super) fn ended_pages(
    entry: i64,
    record: Option<&[u8]>,
    bytes: Option<&[u8]>,
) -> Result<EndedPages, StoreError> {
    Ok(EndedPages {
        entry: number(entry)?,
        body: record.map(Record::unpack).transpose()?.map(|record| record.body),
        bytes: bytes.map(unpack).transpose()?,
    })
}

/// An entry as it stands in the database: its header, and its record until that is destroyed.
pub(super) fn entry(header: &[u8], record: Option<&[u8]>) -> Result<StoredEntry, StoreError> {
    let header = unpack_text(header)?;
    Ok(match record.map(Record::unpack).transpose()? {
        Some(Record { salt, body, envelopes }) => {
            StoredEntry { header, salt: Some(salt), body: Some(body), envelope: envelopes }
        }
        None => StoredEntry { header, salt: None, body: None, envelope: None },
    })
}

/// A read among the pages of an answer, a line a read.
pub(super) fn read_among(pages: &[u8], id: ReadId) -> Result<Option<Read>, StoreError> {
    let (pages, named) = (unpack_text(pages)?, id.to_string());
    let lines = pages.lines().filter(|line| line.contains(&named));
    let mut reads = lines.filter_map(|line| serde_json::from_str::<Read>(line).ok());
    Ok(reads.find(|read| read.id == id))
}

/// The hash of a leaf of the log's tree.
pub(super) fn leaf(header: &[u8]) -> Result<Digest, StoreError> {
    Ok(merkle::leaf(&unpack(header)?))
}

/// Pages that stand end to end.
pub(super) fn pages(
    bytes: &[u8],
    lengths: impl IntoIterator<Item = usize>,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut rest = bytes;
    let mut pages = Vec::new();
    for length in lengths {
        let (page, after) = rest
            .split_at_checked(length)
            .ok_or_else(|| StoreError::Corrupt("pages shorter than their lengths".into()))?;
        pages.push(page.to_vec());
        rest = after;
    }
    Ok(pages)
}

/// The hash of a perfect subtree is missing, which stands beside an entry: only by hand does it go.
pub(super) fn missing(subtree: &Subtree) -> StoreError {
    let entry = last_leaf(subtree).map_or_else(String::new, |entry| format!("entry {entry}: "));
    StoreError::Corrupt(format!(
        "{entry}{}. Somebody changed it: keep a copy as evidence, then put the last backup back with \
         `accord restore`",
        ProofError::Missing(*subtree)
    ))
}

/// The last leaf below a perfect subtree.
fn last_leaf(subtree: &Subtree) -> Option<i64> {
    let end = subtree.index.checked_add(1)?.checked_mul(1u64.checked_shl(subtree.level.into())?)?;
    i64::try_from(end.saturating_sub(1)).ok()
}

/// The entry beside which the hash of a perfect subtree stands: that of the last leaf below it.
pub(super) fn completed_by(subtree: &Subtree) -> Result<i64, StoreError> {
    last_leaf(subtree).ok_or_else(|| missing(subtree))
}
