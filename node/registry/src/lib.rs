//! Who may see what: people, cards, agreements, written requests, holds, sources, programs, devices and alarms.
//!
//! The registry is the fold of the changes that stand in the audit log, in its order. Nothing is ever
//! deleted, so folding up to a date says who was permitted on that date. Pure: whoever verifies a log
//! folds it without a node.

mod alarms;
mod audits;
mod backups;
mod candidates;
mod change;
mod clock;
mod devices;
mod fold;
mod grounds;
mod holds;
mod keys;
mod lookups;
mod node_keys;
mod open_alarms;
mod parties;
mod payload;
mod peers;
mod persistent;
mod programs;
mod public;
mod recorded;
mod records_requests;
mod refused;
mod sign_in;
mod sources;
mod state;
mod told;
mod uses_sum;

pub use alarms::{Alarm, Raised, Resolution};
pub use audits::{AuditClosing, Audits, NotUnder, OpenedAudit};
pub use backups::Backup;
pub use candidates::{Candidates, Uses, decide_upon};
pub use change::Change;
pub use clock::{AcceptedClock, ClockAcceptance, behind_since, first_stamp_from, restamp};
pub use devices::{EnrolledDevice, KeyOf};
pub use grounds::Grounds;
pub use holds::{HeldRead, Hold, On, OpenedHold, Redacted, Release};
pub use keys::NamedKeys;
pub use peers::{HeldCard, Peer, PeerPolicy, Signed, Verified};
pub use persistent::Map;
pub use programs::{Credential, Program};
pub use public::{Public, PublicRelease};
pub use records_requests::{BodyKind, RecordsClosed, RecordsRequest, UnknownBodyKind};
pub use refused::{RefusedProposal, RefusedProposals};
pub use schemas::names::{DeviceName, NameError, ProgramName, SourceName};
pub use sign_in::{Alone, Bound, SignIn, WayIn};
pub use sources::Source;
pub use state::{Adopted, AgreementTexts, State, VersionedAgreement};
pub use uses_sum::{MOST_SUMS, UsesSum};

/// A change that cannot be read, or does not fit what came before it: what is wrong, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("registry: {0}")]
pub struct ChangeError(String);
