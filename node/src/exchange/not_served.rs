//! Why a frame of a peer gets no reply of its kind: what proves nothing is told apart from what does
//! not fit now and from what this node cannot do.

use audit_log::append::AppendError;
use audit_log::cosigning::HeadError;
use peer::link::LinkError;
use schemas::event::exchange::RejectionCause;
use schemas::time::Timestamp;
use store::StoreError;

use super::answer::Unserved;

/// Why a frame of a peer gets no reply of its kind.
pub(super) enum NotServed {
    /// It proves nothing: it is counted, and the peer gets an unsigned word.
    Rejected(RejectionCause, String),
    /// A document that verifies, and is not taken in now or later: a sentence for the peer, which has to
    /// know what became of what its people signed.
    Refused(String),
    /// It does not fit what is recorded here, and may later: a code and a sentence for the peer.
    NotNow(&'static str, String),
    /// More of it than is taken in: it is counted, and the peer is told of what, and until when.
    TooMany(String, Timestamp),
    /// This node cannot serve it.
    Unserved(Unserved),
    /// The conversation is over.
    Link(LinkError),
}

impl NotServed {
    /// Bytes, signature or content that prove nothing.
    pub(super) fn unverifiable(why: impl std::fmt::Display) -> Self {
        Self::Rejected(RejectionCause::Unverifiable, why.to_string())
    }

    /// It is addressed to, or was signed by, another agency.
    pub(super) fn misdirected(why: impl std::fmt::Display) -> Self {
        Self::Rejected(RejectionCause::Misdirected, why.to_string())
    }

    /// It does not fit what is recorded here; the sender may send it again later.
    pub(super) fn not_now(why: impl std::fmt::Display) -> Self {
        Self::NotNow("not_now", why.to_string())
    }
}

impl std::fmt::Display for NotServed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rejected(_, why)
            | Self::Refused(why)
            | Self::NotNow(_, why)
            | Self::TooMany(why, _) => f.write_str(why),
            Self::Unserved(error) => error.fmt(f),
            Self::Link(error) => error.fmt(f),
        }
    }
}

impl From<schemas::envelope::EnvelopeError> for NotServed {
    fn from(error: schemas::envelope::EnvelopeError) -> Self {
        Self::unverifiable(error)
    }
}

impl From<Unserved> for NotServed {
    fn from(error: Unserved) -> Self {
        Self::Unserved(error)
    }
}

impl From<StoreError> for NotServed {
    fn from(error: StoreError) -> Self {
        Self::Unserved(Unserved::Store(error))
    }
}

impl From<AppendError> for NotServed {
    fn from(error: AppendError) -> Self {
        Self::Unserved(Unserved::Log(error))
    }
}

impl From<HeadError> for NotServed {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Log(error) => error.into(),
            HeadError::Store(error) => error.into(),
        }
    }
}

impl From<LinkError> for NotServed {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}
