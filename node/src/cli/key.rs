//! `accord key …`: exchanging keys while the node runs.

use std::path::Path;

use clap::{Subcommand, ValueEnum};

use super::Done;
use super::card::{Reissue, reissue};
use super::client::Client;
use super::output::Output;
use crate::acts::ActError;
use crate::keys::KeyUse;

#[derive(Subcommand)]
pub(super) enum Key {
    /// Have another key take the place of one, and the card say so. Peers learn it by themselves.
    Rotate {
        /// Which.
        key: Rotated,
        /// How long the present key still counts, in minutes, while peers learn the new card: half of
        /// it the node goes on signing with it (heads of the log it signs with both). 0 if it may be
        /// known to others: then what is under way is refused or asked again.
        #[arg(long, value_name = "MINUTES", default_value_t = 1_440,
              value_parser = clap::value_parser!(u32).range(0..=43_200))]
        overlap: u32,
    },
}

/// The keys that can be exchanged alone.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Rotated {
    /// The one that the node proves on connecting.
    Node,
    /// The one that signs queries, answers, receipts and requests.
    Message,
    /// The one that signs heads of the audit log.
    Log,
    /// The one that cosigns heads of peers' logs.
    Cosigner,
}

impl Rotated {
    const fn of(self) -> KeyUse {
        match self {
            Self::Node => KeyUse::Node,
            Self::Message => KeyUse::Message,
            Self::Log => KeyUse::Log,
            Self::Cosigner => KeyUse::Cosigner,
        }
    }
}

pub(super) async fn run(
    dir: &Path,
    client: &Client,
    command: Key,
    output: Output,
) -> Result<Done, ActError> {
    let Key::Rotate { key, overlap } = command;
    reissue(dir, client, Reissue::rotating(key.of(), overlap), output).await
}
