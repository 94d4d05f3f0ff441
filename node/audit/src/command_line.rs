//! What scripts are told of a command line that cannot be parsed.

use clap::error::ErrorKind;

/// Whether `--json` is among the arguments of this process.
#[must_use]
pub fn json_wanted() -> bool {
    std::env::args_os().take_while(|arg| arg != "--").any(|arg| arg == "--json")
}

/// Why a command line of `program` cannot be parsed, in a sentence: the first paragraph of what stands
/// on stderr.
#[must_use]
pub fn misused(program: &str, error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return format!("name a command; see `{program} --help`");
    }
    let said = error.to_string();
    let lines = said.trim_start_matches("error: ").lines().map(str::trim);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
