//! `accord transfer`: a field unit hands the files of its reader over to its agency's node, and
//! destroys its own copy of each once it holds a signed receipt that all of it is durable there
//! (West Covina 462.4(b)).
//!
//! ```text
//! hash the file → send it → verify the receipt: signature, agency, source, name, digest, length
//!   → write the receipt, durably → destroy the file
//! ```
//!
//! Cut off at any byte and run again, a file is sent again from its beginning; what was stored of
//! it before is found to be stored, so nothing is lost and nothing is stored twice. A file with a
//! record that cannot be used is not destroyed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use files::{Existing, FileError, Folder, Unfit};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request};
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, EnvelopeError, Kind};
use schemas::text::one_line;
use schemas::transfer::TransferReceipt;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use super::Done;
use super::client::query_string;
use super::output::{Output, err};
use super::progress::Progress;
use crate::http::pinned::Pinned;
use crate::http::problem::Problem;
use crate::permission::ActError;
use crate::reads::intake::is_unfinished;
use audit::wording::counted;
use registry::SourceName;

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// How long the node may be silent.
const SILENCE: Duration = Duration::from_secs(120);
/// Where receipts are kept, beside the files, unless it is said.
const RECEIPTS: &str = "receipts";
/// Characters of a file's name that its receipt's begins with.
const LONGEST_NAME: usize = 100;

/// What is handed over, to whom, and how each knows the other.
#[derive(Args)]
pub(super) struct TransferArgs {
    /// The folder that the unit's reader writes its files into.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// The node's HTTPS side.
    #[arg(long, value_name = "https://HOST:PORT")]
    to: String,
    /// The source that this unit is at the node.
    #[arg(long, value_name = "NAME")]
    source: SourceName,
    /// A file that holds the source's token.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// SHA-256 of the node's public key, as `accord certificate show` tells it there.
    #[arg(long, value_name = "SHA256")]
    pin: Digest,
    /// The agency's card, by which its receipts are verified.
    #[arg(long, value_name = "FILE")]
    card: PathBuf,
    /// Where receipts are kept; `receipts` in FOLDER unless given. It must be this account's alone.
    #[arg(long, value_name = "DIR")]
    receipts: Option<PathBuf>,
}

fn stays(error: &FileError) -> ActError {
    ActError::failed(format!("{error}; it stays here, hand it over again"))
}

/// Who receives, and how what is received is verified.
struct Receiver {
    node: Pinned,
    source: SourceName,
    token: Zeroizing<String>,
    card: Card,
}

pub(super) async fn run(args: &TransferArgs, output: Output) -> Result<Done, ActError> {
    let usage = |path: &Path, e: &dyn std::fmt::Display| {
        ActError::usage(format!("`{}`: {e}", path.display()))
    };
    let card = fs::read(&args.card).map_err(|e| usage(&args.card, &e))?;
    let card = Envelope::parse(&card).map_err(|e| usage(&args.card, &e))?;
    let card = Card::open(&card).map_err(|e| usage(&args.card, &e))?;
    let token = fs::read_to_string(&args.token_file).map_err(|e| usage(&args.token_file, &e))?;
    let token = Zeroizing::new(token);
    let receiver = Receiver {
        node: Pinned::at(&args.to, args.pin)?,
        source: args.source.clone(),
        token: Zeroizing::new(token.trim().to_owned()),
        card,
    };
    let unfit = |e: FileError| ActError::usage(e.to_string());
    let spool = Spool::open(args).map_err(unfit)?;
    let files = spool.files().map_err(unfit)?;
    if files.is_empty() {
        output.note("nothing to hand over");
    }
    let mut all_used = true;
    for name in files {
        let done = receiver.hand_over(&spool, &name).await?;
        all_used &= done.get("purged").and_then(Value::as_bool).unwrap_or(false);
        output.object(&done, || describe(&done));
    }
    Ok(if all_used { Done::Ok } else { Done::Refused })
}

fn describe(done: &Value) -> String {
    let number = |key: &str| done.get(key).and_then(Value::as_u64).unwrap_or_default();
    let purged = done.get("purged").and_then(Value::as_bool).unwrap_or(false);
    for error in done.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let part = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
        err(&format!("  {}: {}", part("at"), part("error")));
    }
    format!(
        "{}: {} stored, {} stored already, {} rejected; {}",
        done.get("file").and_then(Value::as_str).unwrap_or_default(),
        counted(number("stored"), "read", "reads"),
        number("duplicates"),
        number("rejected"),
        if purged { "receipt kept, file destroyed" } else { "the file stays here" }
    )
}

/// Where a unit's files and their receipts are.
struct Spool {
    folder: Folder,
    receipts: Folder,
}

impl Spool {
    /// The folder is what the unit's reader writes into; receipts are this account's alone.
    fn open(args: &TransferArgs) -> Result<Self, FileError> {
        let folder = Folder::open(&args.folder)?;
        let receipts = match &args.receipts {
            Some(receipts) => Folder::make(receipts)?.own_below(Path::new("."))?,
            None => folder.own_below(Path::new(RECEIPTS))?,
        };
        Ok(Self { folder, receipts })
    }

    /// The plain files that are written to their end, in the order of their names.
    fn files(&self) -> Result<Vec<OsString>, FileError> {
        let files = self.folder.plain_files()?.into_iter().map(|seen| seen.name);
        Ok(files.filter(|name| !is_unfinished(name)).collect())
    }

    /// Keeps a receipt, durably; one for the same file and bytes is the same receipt again.
    fn keep(&self, name: &str, digest: Digest, text: &str) -> Result<(), FileError> {
        let short: String = digest.to_string().chars().take(16).collect();
        let name: String = one_line(name).chars().take(LONGEST_NAME).collect();
        let name = format!("{name}.{short}.json");
        self.receipts.write(OsStr::new(&name), text.as_bytes(), Existing::IsReplaced)
    }
}

/// SHA-256 and length of what a file holds from its beginning, up to `longest`; it is then at its
/// beginning again.
fn hashed(file: &mut File, longest: u64) -> io::Result<(Digest, u64)> {
    let mut limited = file.try_clone()?.take(longest);
    let (mut hash, mut length, mut chunk) = (Sha256::new(), 0u64, vec![0; CHUNK]);
    loop {
        let n = limited.read(&mut chunk)?;
        if n == 0 {
            file.rewind()?;
            return Ok((Digest::from_bytes(hash.finalize().into()), length));
        }
        hash.update(chunk.get(..n).unwrap_or_default());
        length = length.saturating_add(n as u64);
    }
}

impl Receiver {
    async fn hand_over(&self, spool: &Spool, name: &OsStr) -> Result<Value, ActError> {
        let (mut file, seen) = spool.folder.read_single(name).map_err(|e| stays(&e))?;
        let name = name.to_string_lossy().into_owned();
        let (digest, length) = hashed(&mut file, seen.size)
            .map_err(|e| stays(&FileError { path: name.clone().into(), why: e.into() }))?;
        let (text, errors) = self.send(&name, file, length).await?;
        let receipt = self.verified(&text, &name, digest, length)?;
        let purged = receipt.rejected == 0;
        if purged {
            spool.keep(&name, digest, &text).map_err(|e| stays(&e))?;
            // Only as it was handed over, to its last byte.
            let whole = FileError { path: name.clone().into(), why: Unfit::Exchanged };
            let handed = if length == seen.size { Ok(&seen) } else { Err(whole) };
            handed.and_then(|seen| spool.folder.destroy(seen)).map_err(|e| stays(&e))?;
        }
        Ok(json!({
            "file": name, "records": receipt.records, "stored": receipt.stored,
            "duplicates": receipt.duplicates, "rejected": receipt.rejected, "digest": digest,
            "purged": purged, "errors": errors,
        }))
    }

    /// Sends a file; the receipt as it came, unverified.
    async fn send(&self, name: &str, file: File, length: u64) -> Result<(String, Value), ActError> {
        let query = query_string(&[("file", Some(name.to_owned()))]);
        let progress = Progress::of_bytes();
        progress.doing(name);
        progress.whole(length);
        let sent = progress.clone();
        let file = tokio::fs::File::from_std(file).take(length);
        let chunks = futures::stream::unfold((file, sent), |(mut file, sent)| async move {
            let mut chunk = vec![0; CHUNK];
            match file.read(&mut chunk).await {
                Ok(0) => None,
                Ok(n) => {
                    chunk.truncate(n);
                    sent.advance(n as u64);
                    Some((Ok(Frame::data(Bytes::from(chunk))), (file, sent)))
                }
                Err(error) => Some((Err(error), (file, sent))),
            }
        });
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/sources/{}/transfers{query}", self.source))
            .header(AUTHORIZATION, format!("Bearer {}", self.token.as_str()))
            .body(StreamBody::new(chunks).boxed_unsync())
            .map_err(|e| ActError::usage(format!("`{name}` cannot be sent: {e}")))?;
        let answer = async {
            let response = self.node.send(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await;
            let body = body.map_err(|e| ActError::failed(format!("the node went away ({e})")))?;
            Ok((status, body.to_bytes()))
        };
        let watched = async {
            loop {
                let before = progress.position();
                tokio::time::sleep(SILENCE).await;
                if progress.position() == before {
                    return;
                }
            }
        };
        let answered = tokio::select! {
            answered = answer => answered,
            () = watched => Err(ActError::failed("the node is silent; try again".into())),
        };
        progress.end();
        let (status, body) = answered?;
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        if let Some(receipt) = said.get("receipt").and_then(Value::as_str) {
            let errors = said.get("errors").cloned().unwrap_or_default();
            return Ok((receipt.to_owned(), errors));
        }
        let problem = serde_json::from_value(said)
            .unwrap_or_else(|_| Problem::new(status, "no_receipt", "no receipt came"));
        let Problem { code, citations, detail, .. } = problem;
        let why = format!("`{name}`: {detail} ({status}); the file stays here");
        Err(match status.as_u16() {
            401 | 403 | 422 => ActError::refused_as(code, citations, why),
            _ => ActError::failed_as(code, why),
        })
    }

    /// What a receipt says that the card's message key has signed, or one before it whose end the
    /// card announces and that had not come.
    fn signed(&self, envelope: &Envelope) -> Result<TransferReceipt, EnvelopeError> {
        let named = envelope.verified_json(Kind::Transfer, &self.card.message_key);
        let leaving = || {
            self.card.revocations.iter().find_map(|revoked| {
                let receipt = envelope.verified_json(Kind::Transfer, &revoked.key).ok();
                receipt.filter(|receipt: &TransferReceipt| receipt.at < revoked.at)
            })
        };
        named.or_else(|error| leaving().ok_or(error))
    }

    /// A receipt that is the agency's, and for this very file.
    fn verified(
        &self,
        text: &str,
        name: &str,
        digest: Digest,
        length: u64,
    ) -> Result<TransferReceipt, ActError> {
        let refused = |why: String| {
            ActError::refused(format!("`{name}`: the receipt {why}; the file stays here"))
        };
        let envelope = Envelope::parse(text.as_bytes()).map_err(|e| refused(e.to_string()))?;
        let receipt = self.signed(&envelope).map_err(|e| {
            refused(format!(
                "is not signed by a message key that counts by the card ({e}); if the agency has exchanged its key, bring its present card, as `accord card show --out` writes it"
            ))
        })?;
        let ours = receipt.agency == self.card.id
            && receipt.source.as_str() == self.source.to_string()
            && receipt.file.as_str() == name.trim()
            && receipt.digest == digest
            && receipt.bytes == length;
        if ours { Ok(receipt) } else { Err(refused("is for something else".into())) }
    }
}
