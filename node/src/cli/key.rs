//! `accord key …`: exchanging keys while the node runs.

use std::path::Path;

use clap::{Subcommand, ValueEnum};

use super::Done;
use super::card::{Reissue, reissue, renew_agency_key};
use super::client::Client;
use super::output::Output;
use crate::permission::ActError;
use schemas::key_use::KeyUse;

/// How long a key counts beside the next one, in minutes.
const A_DAY: u32 = 1_440;

#[derive(Subcommand)]
pub(super) enum Key {
    /// Have another key take the place of one, and the card say so. Peers learn it by themselves.
    Rotate {
        /// Which.
        key: Rotated,
        /// How long the present key still counts, in minutes, while peers learn the new card: half of
        /// it the node goes on with it (heads of the log it signs with both). 0 if it may be known to
        /// others: then it ends at once, an exchange of it that is under way too, and what is being asked
        /// is refused or asked again. A day if not given; of the agency key, which counts with each peer
        /// until its people have added the new card, only 0.
        #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(0..=43_200))]
        overlap: Option<u32>,
    },
}

/// The keys of a card.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Rotated {
    /// The one that signs cards and agreements, by whose fingerprint peers know the agency: their
    /// people confirm the new one by telephone.
    Agency,
    /// The one that the node proves on connecting.
    Node,
    /// The one that signs queries, answers, receipts and requests.
    Message,
    /// The one that signs heads of the audit log.
    Log,
    /// The one that cosigns heads of peers' logs.
    Cosigner,
}

pub(super) async fn run(
    dir: &Path,
    client: &Client,
    command: Key,
    output: Output,
) -> Result<Done, ActError> {
    let Key::Rotate { key, overlap } = command;
    let use_ = match key {
        Rotated::Agency if overlap.is_some_and(|minutes| minutes > 0) => {
            return Err(ActError::usage("--overlap is not for the agency key, which counts with each peer until its people have added the new card; leave it out, or give 0 to exchange it whatever is under way".into()));
        }
        Rotated::Agency => {
            return renew_agency_key(dir, client, overlap.is_some(), output).await;
        }
        Rotated::Node => KeyUse::Node,
        Rotated::Message => KeyUse::Message,
        Rotated::Log => KeyUse::Log,
        Rotated::Cosigner => KeyUse::Cosigner,
    };
    let change = Reissue::rotating(use_, overlap.unwrap_or(A_DAY));
    reissue(dir, client, change, output).await
}
