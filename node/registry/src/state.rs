//! The state that the registry's changes fold to: who may see what. Pure.
//!
//! A snapshot shares with the next one whatever the change between them left alone ([`Map`]), so
//! keeping one costs nothing and a change costs what it changes, however much there is beside it.

use std::sync::Arc;

use agreements::authority_index::AuthorityIndex;
use agreements::lifecycle::AgreementRecord;
use agreements::policy::Policy;
use agreements::request::RequestRecord;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::time::Timestamp;
use schemas::user::User;

use super::alarms::Raised;
use super::audits::Audits;
use super::backups::Backup;
use super::clock::AcceptedClock;
use super::devices::EnrolledDevice;
use super::holds::{Hold, Redacted};
use super::keys::NamedKeys;
use super::node_keys::NodeKeys;
use super::peers::{Peer, Signed};
use super::persistent::Map;
use super::programs::Program;
use super::public::Public;
use super::sign_in::SignIn;
use super::sources::Source;
use crate::{RecordsRequest, RefusedProposals};
use schemas::names::{DeviceName, ProgramName, SourceName};

/// One version of an agreement with all that was signed on it.
#[derive(Debug, Clone)]
pub struct VersionedAgreement {
    /// Who proposed it.
    pub proposer: AgencyId,
    /// The text with adherences and notices.
    pub recorded: AgreementRecord,
    /// The proposal's envelope.
    pub envelope: String,
    /// Envelopes of the adherences and notices, in the order they came.
    pub signed: Vec<String>,
}

/// The texts of an agreement, by version and who proposed them: of a later version there may be one of
/// each agency that stood in the one before.
pub type AgreementTexts = Map<(u32, AgencyId), VersionedAgreement>;

/// The policy in force as it was put into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The how manieth of this log.
    pub version: u32,
    /// Since when.
    pub since: Timestamp,
    /// Its exact text.
    pub text: String,
}

/// Who may do what.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(crate) generation: u64,
    /// The policy in force.
    pub policy: Option<Arc<Policy>>,
    /// Digest of its exact text.
    pub policy_digest: Option<Digest>,
    /// How it came into force.
    pub adopted: Option<Arc<Adopted>>,
    /// One's own card.
    pub own: Option<Arc<Signed<Card>>>,
    /// The keys of all one's own cards.
    pub own_keys: Arc<NamedKeys>,
    /// People.
    pub users: Map<UserName, User>,
    /// What they sign in by.
    pub sign_in: Arc<SignIn>,
    /// Peers.
    pub peers: Map<AgencyId, Peer>,
    /// Agreements by id, with all their texts.
    pub agreements: Map<AuthorityId, AgreementTexts>,
    /// Proposals of peers that were refused, the last ones.
    pub refused: RefusedProposals,
    /// Written requests, sent and received.
    pub requests: Map<AuthorityId, Signed<RequestRecord>>,
    /// Requests of outside bodies.
    pub records_requests: Map<AuthorityId, RecordsRequest>,
    /// Alarms by number, from 1.
    pub alarms: Map<u64, Raised>,
    /// Audits that were opened.
    pub audits: Audits,
    /// Legal holds by number, from 1, lasting and released.
    pub holds: Map<u64, Hold>,
    /// What sends reads by itself.
    pub sources: Map<SourceName, Source>,
    /// What asks on behalf of persons.
    pub programs: Map<ProgramName, Program>,
    /// From where people work.
    pub devices: Map<DeviceName, EnrolledDevice>,
    /// What the public is shown.
    pub public: Arc<Public>,
    /// Backups by when they were begun.
    pub backups: Map<Timestamp, Backup>,
    /// How far the log's bodies are destroyed.
    pub redacted: Arc<Redacted>,
    /// The clocks that were accepted.
    pub clock: AcceptedClock,
    /// Which agreements and requests concern an agency.
    pub concerning: AuthorityIndex,
    pub(crate) nodes: NodeKeys,
}
