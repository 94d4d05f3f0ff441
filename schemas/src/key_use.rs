//! What each of an agency's keys is for.

/// What a key is for; each key has one use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Signs cards, agreements and adherences, in the command line's process.
    Agency,
    /// The libp2p identity.
    Node,
    /// Signs messages.
    Message,
    /// Signs log checkpoints.
    Log,
    /// Cosigns peers' checkpoints.
    Cosigner,
}

impl KeyUse {
    /// Every use.
    pub const ALL: [Self; 5] = [Self::Agency, Self::Node, Self::Message, Self::Log, Self::Cosigner];

    /// The word for it, which is also the name of its file, and is signed where a key is proven.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Node => "node",
            Self::Message => "message",
            Self::Log => "log",
            Self::Cosigner => "cosigner",
        }
    }
}

impl std::fmt::Display for KeyUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
