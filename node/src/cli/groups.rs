//! The commands as `accord --help` lists them: by what they are for.

use clap::Command;

/// Commands by what they are for; a test sees that each stands in one group.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Ask", &["waiting", "query", "case", "request", "reads"]),
    ("Share", &["agreement", "card", "policy"]),
    ("Audit", &["audit", "duty", "hold", "evidence", "retention"]),
    (
        "People and programs",
        &["login", "logout", "session", "authenticator", "user", "night-desk", "program", "device"],
    ),
    (
        "The node",
        &[
            "init",
            "run",
            "doctor",
            "health",
            "source",
            "transfer",
            "store",
            "backup",
            "restore",
            "certificate",
            "key",
            "clock",
            "demo",
            "conformance",
            "generate",
        ],
    ),
];

/// With its commands listed by what they are for.
pub(super) fn grouped(command: Command) -> Command {
    let mut listed = String::new();
    for (title, names) in GROUPS {
        listed += &format!("{title}:\n");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            // The whole of it stands in the help of the command.
            let first = about.split(['.', ':', ';']).next().unwrap_or_default();
            listed += &format!("  {name:<14} {first}\n");
        }
        listed += "\n";
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{listed}Options:\n{{options}}\n\nFirst steps: `accord demo`, `accord init --help`. Each command has examples in docs/.\n"
    );
    command.help_template(template)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_stands_in_one_group() {
        let command = crate::cli::Cli::command();
        let mut there: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        let mut listed: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        there.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, there);
    }

    #[test]
    fn help_lists_them_by_what_they_are_for() {
        let help = grouped(crate::cli::Cli::command()).render_help().to_string();
        assert!(help.contains("Ask:\n  waiting        What waits for you\n"), "{help}");
        assert!(help.contains("--json"), "{help}");
    }
}
