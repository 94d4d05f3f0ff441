//! What of the log is counted for the public, and under what.

use agreements::screening::{OffenseGroup, offense_group};
use schemas::body::Body;
use schemas::entry::{EntryKind, Header};
use schemas::refusal::RefusalCode;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Activity {
    /// The agency's own reads were searched.
    SearchedOwn,
    /// Another agency was asked, one of each query.
    AskedOthers,
    /// The agency's own policy kept a query from leaving.
    Declined,
    /// Reads were released to another agency.
    Answered,
    /// Another agency's query was refused.
    Refused,
    /// An answer was shown or sent again.
    Again,
    /// A read was corrected.
    Corrected,
    /// A written request of another agency was approved.
    Approved,
    /// A written request of another agency was denied.
    Denied,
    /// A request of an outside body was filed for records release.
    RecordsRequest,
}

impl Activity {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::SearchedOwn,
        Self::AskedOthers,
        Self::Declined,
        Self::Answered,
        Self::Refused,
        Self::Again,
        Self::Corrected,
        Self::Approved,
        Self::Denied,
        Self::RecordsRequest,
    ];

    /// That of an entry: by its kind, and of a decision by whose log it stands in, so that it is the same
    /// once the body is destroyed.
    #[must_use]
    pub const fn of(kind: EntryKind) -> Option<Self> {
        Some(match kind {
            EntryKind::ReadsSearched => Self::SearchedOwn,
            EntryKind::QuerySent => Self::AskedOthers,
            EntryKind::QueryDeclined => Self::Declined,
            EntryKind::QueryAnswered => Self::Answered,
            EntryKind::QueryRefused => Self::Refused,
            EntryKind::AnswerViewed | EntryKind::AnswerRedelivered => Self::Again,
            EntryKind::ReadsCorrected => Self::Corrected,
            EntryKind::RequestApproved => Self::Approved,
            EntryKind::RequestDenied => Self::Denied,
            EntryKind::RequestRecorded => Self::RecordsRequest,
            _ => return None,
        })
    }

    /// As the report names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SearchedOwn => "own reads searched",
            Self::AskedOthers => "other agencies asked",
            Self::Declined => "queries that the agency's own policy declined",
            Self::Answered => "queries of other agencies answered",
            Self::Refused => "queries of other agencies refused",
            Self::Again => "answers shown or sent again",
            Self::Corrected => "reads corrected",
            Self::Approved => "written requests approved",
            Self::Denied => "written requests denied",
            Self::RecordsRequest => "requests of outside bodies filed for records release",
        }
    }

    /// Whether its count is told in parts, where the official switches that on.
    #[must_use]
    pub const fn is_parted(self) -> bool {
        matches!(
            self,
            Self::SearchedOwn | Self::AskedOthers | Self::Declined | Self::Answered | Self::Refused
        )
    }
}

/// Under what an access is counted within its activity: searches by groups of offences, refusals by the
/// first code of why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A group of offences.
    Offense(OffenseGroup),
    /// Why it was refused.
    Code(RefusalCode),
    /// Nothing of these is told by it.
    Unnamed,
}

impl Part {
    /// That of an access. Who was looked for, by whom and in what words is in none.
    #[must_use]
    pub fn of(activity: Activity, body: &Body) -> Self {
        let Some(access) = body.event.access() else { return Self::Unnamed };
        match activity {
            Activity::Refused | Activity::Declined => {
                access.reasons.first().map_or(Self::Unnamed, |reason| Self::Code(reason.code))
            }
            _ => Self::Offense(offense_group(&access.why)),
        }
    }

    /// Every one that an activity is counted under.
    #[must_use]
    pub fn all(activity: Activity) -> Vec<Self> {
        let unnamed = [Self::Unnamed];
        match activity {
            Activity::Refused | Activity::Declined => {
                RefusalCode::ALL.iter().map(|code| Self::Code(*code)).chain(unnamed).collect()
            }
            _ => {
                OffenseGroup::ALL.iter().map(|group| Self::Offense(*group)).chain(unnamed).collect()
            }
        }
    }

    /// As the report names it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Offense(group) => group.name().to_owned(),
            Self::Code(code) => code.to_string(),
            Self::Unnamed => "not named".to_owned(),
        }
    }
}

/// Whether an entry is of the agency's own doing, where its kind leaves that open. Nothing that may be
/// destroyed decides it: a period once told stays as it was told.
#[must_use]
pub(super) fn is_counted(activity: Activity, header: &Header, body: Option<&Body>) -> bool {
    match activity {
        // The decision of another agency on a request of one's own is that agency's to tell.
        Activity::Approved | Activity::Denied => {
            body.is_some_and(|body| header.peer.as_ref() != Some(&body.actor.agency))
        }
        // What a peer corrected is that peer's to tell.
        Activity::Corrected => header.peer.is_none(),
        _ => true,
    }
}
