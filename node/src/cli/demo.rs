//! placeholder
use super::Done;
use super::output::Output;
use crate::acts::ActError;
#[derive(clap::Args)]
pub(super) struct DemoArgs {}
pub(super) async fn run(_: &DemoArgs, _: Output) -> Result<Done, ActError> {
    Ok(Done::Ok)
}
