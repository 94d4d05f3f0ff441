//! The conversation in which a peer states what its log says and shows what differs.

use std::ops::Range;
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::envelope::{Envelope, Kind};
use schemas::frame::{Frame, FrameKind};
use schemas::statement::session_word::SessionTold;
use schemas::statement::tree_path::TreePath;
use schemas::statement::{Child, Narrow, Statement, StatementRequest};
use schemas::time::Timestamp;
use serde::Deserialize;

use super::super::answer::REVOKED;
use super::bound_rows::Unbound;
use super::reconcile_source::ReconcileSource;
use super::sessions::Said as SessionsSaid;
use crate::context::OwnKeys;
use crate::permission::ActError;
use audit::exchange_tree::Tree;
use audit::tree_diff::{DiffResult, TreeDiff};
use audit_log::entries::audit::statement_asked;
use audit_log::entry::Auditor;
use audit_log::narrowing::NarrowingToken;
use audit_log::release::Released;
use peer::link::{Channel, Dial, LinkError, Reach};
use registry::Peer;

/// Most bytes of a conversation.
const MOST_BYTES: usize = 64 << 20;
/// The pauses before a comparison begins again with a peer that is busy.
const AGAIN: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];
/// How long a conversation may take.
const LONGEST: Duration = Duration::from_secs(300);

/// What is asked.
struct Asked<'a> {
    request: &'a Envelope,
    frames: &'a [Released],
}

/// A conversation at whose beginning the peer stated the root of its tree.
struct Stated<C> {
    channel: C,
    envelope: Envelope,
    root: Child,
    sessions: Vec<SessionTold>,
    bytes: usize,
}

/// Why a conversation came to nothing.
#[derive(Debug, thiserror::Error)]
enum NotHeard {
    /// The peer is busy, or what it stated changed while it was shown.
    #[error("it says: {0}")]
    Busy(String),
    /// The peer does not serve it.
    #[error("it says: {0}")]
    Unserved(String),
    /// The link, or what came over it.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// A conversation that came to its end, with what it was about.
pub(super) struct Heard {
    pub(super) request: Envelope,
    pub(super) said: SessionsSaid,
    pub(super) unbound: Vec<Unbound>,
    pub(super) compared: Compared,
}

/// What came of a conversation.
pub(super) struct Compared {
    pub(super) statement: Envelope,
    pub(super) sessions: Vec<SessionTold>,
    pub(super) found: DiffResult,
    pub(super) bytes: usize,
}

/// Whom is heard, over what, and who asks.
pub(super) struct Conversation<'a, D> {
    pub(super) source: &'a ReconcileSource,
    pub(super) keys: &'a OwnKeys,
    pub(super) dial: &'a D,
    pub(super) peer: &'a Peer,
    pub(super) auditor: &'a Auditor,
}

impl<D: Dial> Conversation<'_, D> {
    /// Has the peer state its log and show what differs. Where something of this period is recorded
    /// there meanwhile, as a receipt that was late, what it stated is not what it shows: then both begin
    /// again.
    pub(super) async fn heard(&self, span: Range<Timestamp>) -> Result<Heard, ActError> {
        let mut again = AGAIN.iter();
        loop {
            match (self.once(span.clone()).await?, again.next()) {
                (Ok(heard), _) => return Ok(heard),
                (Err(NotHeard::Busy(_)), Some(pause)) => tokio::time::sleep(*pause).await,
                (Err(error), _) => {
                    let agency = &self.peer.card.value.id;
                    return Err(ActError::failed(format!(
                        "`{agency}` could not be heard: {error}"
                    )));
                }
            }
        }
    }

    async fn once(&self, span: Range<Timestamp>) -> Result<Result<Heard, NotHeard>, ActError> {
        let (own, agency) = (&self.source.agency, &self.peer.card.value.id);
        let now = own.clock.now();
        let Range { start: since, end: until } = span;
        // What may be under way is asked about the next time, and keeps nothing back that is older.
        let settled = since..until.min(self.source.settled_before(now));
        let said = self.source.sessions_said(agency, settled).await?;
        let (from, to, sessions) = (own.id.clone(), agency.clone(), said.asked.clone());
        let request = StatementRequest { from, to, at: now, since, until, sessions };
        let envelope = Envelope::sign_json(Kind::Statement, &request, &self.keys.message_key(own))?;
        let entry = statement_asked(self.auditor.clone(), agency, since, until, &envelope);
        let (frames, mut token) = own.log.append(entry).await?.release_stating();
        // Both sides make their trees at the same time.
        let asked = Asked { request: &envelope, frames: &frames };
        let (first, ours) =
            tokio::join!(self.stated(&asked), self.source.tree(agency, since..until));
        let (ours, unbound) = ours?;
        let compared = async {
            let stated = match first {
                // A substream of the pool may have ended unseen; the next one is new or tells more.
                Err(NotHeard::Link(LinkError::Lost(_) | LinkError::Silent)) => {
                    self.stated(&asked).await?
                }
                stated => stated?,
            };
            narrow(stated, ours, agency, &mut token).await
        };
        let compared = tokio::time::timeout(LONGEST, compared).await;
        let compared =
            compared.unwrap_or_else(|_| Err(LinkError::Lost("it took too long".into()).into()));
        Ok(compared.map(|compared| Heard { request: envelope, said, unbound, compared }))
    }

    /// Asks for the peer's statement and checks it.
    async fn stated(&self, asked: &Asked<'_>) -> Result<Stated<D::Channel>, NotHeard> {
        let own = &self.source.agency;
        let protocol = |what: String| LinkError::Protocol(what);
        let card = &self.peer.card.value;
        let mut channel = self.dial.open(&Reach::of(self.peer, own.clock.now())).await?;
        channel.send_all(asked.frames).await?;
        let first = expect(channel.recv().await?, FrameKind::Statement)?;
        let bytes = asked.request.as_bytes().len().saturating_add(first.body.len());
        let envelope = Envelope::parse(&first.body).map_err(|e| protocol(e.to_string()))?;
        // The card may have come to name another key since this was asked for.
        let state = own.registry.state();
        let peer = state.peers.get(&card.id).unwrap_or(self.peer);
        let key =
            peer.key_of(&envelope, own.clock.now()).ok_or_else(|| protocol(REVOKED.into()))?;
        let stated: Statement =
            envelope.verified_json(Kind::Statement, key).map_err(|e| protocol(e.to_string()))?;
        let bound = stated.request == asked.request.digest();
        if !bound || stated.from != card.id || stated.to != own.id {
            return Err(protocol("a statement bound to something else".into()).into());
        }
        let root = Child { place: TreePath::all(), count: stated.count, digest: stated.digest };
        let sessions = stated.sessions;
        Ok(Stated { channel, envelope, root, sessions, bytes })
    }
}

/// Has a peer show what it stated, where that differs from ours.
async fn narrow<C: Channel>(
    stated: Stated<C>,
    ours: Tree,
    peer: &AgencyId,
    token: &mut NarrowingToken,
) -> Result<Compared, NotHeard> {
    let Stated { mut channel, envelope, root, sessions, mut bytes } = stated;
    let mut narrowing = TreeDiff::new(ours, root);
    loop {
        let places = narrowing.wanted();
        let wanted = places.len();
        let ask =
            token.ask(peer, &Narrow { places }).map_err(|e| LinkError::Protocol(e.to_string()))?;
        bytes = bytes.saturating_add(ask.frame().body.len());
        let sent = channel.send(&ask).await;
        if wanted == 0 {
            // Everything was heard; whether the peer hears that it was changes nothing.
            if sent.is_ok() {
                channel.finish();
            }
            let found = narrowing.finish();
            return Ok(Compared { statement: envelope, sessions, found, bytes });
        }
        sent?;
        for _ in 0..wanted {
            let shown = expect(channel.recv().await?, FrameKind::Narrow)?;
            bytes = bytes.saturating_add(shown.body.len());
            narrowing.take_in(&shown.body);
        }
        if bytes > MOST_BYTES {
            let why =
                format!("more than {MOST_BYTES} bytes of what differs; compare a shorter time");
            return Err(LinkError::Protocol(why).into());
        }
    }
}

/// What a peer says in place of what was asked for.
#[derive(Deserialize)]
struct Said {
    code: String,
    message: String,
}

fn expect(frame: Frame, kind: FrameKind) -> Result<Frame, NotHeard> {
    if frame.kind == kind {
        return Ok(frame);
    }
    if frame.kind != FrameKind::Failed {
        let what = format!("a frame of kind {:?} where {kind:?} was expected", frame.kind);
        return Err(LinkError::Protocol(what).into());
    }
    match serde_json::from_slice(&frame.body) {
        Ok(Said { code, message }) if code == "busy" => Err(NotHeard::Busy(message)),
        Ok(Said { code, message }) => Err(NotHeard::Unserved(format!("{message} ({code})"))),
        Err(error) => Err(LinkError::Protocol(error.to_string()).into()),
    }
}
