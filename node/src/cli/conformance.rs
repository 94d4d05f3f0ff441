//! `accord conformance --peer ADDRESS`: whether a node of any make does what the protocol demands.

use std::path::Path;

use schemas::text::Text;

use super::Done;
use super::output::Output;
use crate::conformance::{Must, run as examine};
use crate::permission::ActError;
use audit_log::clock::Clock;
use host::home::Home;

/// Recipients to examine.
#[derive(clap::Args)]
pub(super) struct ConformanceArgs {
    /// Where the node to examine is reached, as a multiaddress. Its administrator has recorded the
    /// card of the agency in this home, which is a test agency's: it signs queries that nobody made,
    /// and its node must not be running.
    #[arg(long, value_name = "MULTIADDR")]
    peer: Text,
}

pub(super) async fn run(
    dir: &Path,
    args: &ConformanceArgs,
    output: Output,
) -> Result<Done, ActError> {
    let home = Home::open(dir)?;
    // Two nodes of one key would take each other's connections.
    let _lock = home.lock()?;
    let show = |must: &Must| {
        output.object(must, || {
            let mark = if must.ok { "ok    " } else { "NOT OK" };
            format!("{mark}  {:<5} {}\n              {}", must.section, must.must, must.detail)
        });
    };
    let failed = examine(&home, &Clock::system(), args.peer.as_str(), show).await?;
    Ok(if failed == 0 { Done::Ok } else { Done::Refused })
}
