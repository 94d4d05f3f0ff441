//! What a command line need not show: every local user reads another's arguments (`ps`), and a plate,
//! a case or a reason is none of their business. Where such an option is given `-`, its value is the
//! next line of standard input, or is asked for where that is a terminal.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, IsTerminal as _, Write};

use super::output::Output;
use crate::permission::ActError;

/// The options whose value may be `-`.
const TOLD_APART: [&str; 20] = [
    "after-loss",
    "cad",
    "camera",
    "case",
    "clock-right",
    "danger",
    "enrol",
    "finding",
    "for-officer",
    "from-body",
    "identified",
    "need-to-know",
    "offense",
    "plate",
    "read",
    "reason",
    "requested-by",
    "suspicion",
    "vehicle-role",
    "verified-by",
];

/// The arguments with every `-` replaced for which `line` gives a value; it is told the option's name.
pub(super) fn filled(
    args: impl IntoIterator<Item = OsString>,
    mut line: impl FnMut(&str) -> io::Result<Option<String>>,
) -> Result<Vec<OsString>, ActError> {
    let mut filled: Vec<OsString> = Vec::new();
    let mut args = args.into_iter();
    for arg in args.by_ref() {
        if arg == "--" {
            filled.push(arg);
            break;
        }
        let apart = filled.last().filter(|_| arg == "-").and_then(|option| told_apart(option));
        let apart = apart.map(str::to_owned);
        let joined = arg.to_str().and_then(|arg| arg.strip_suffix("=-"));
        let joined = joined.and_then(|option| told_apart(OsStr::new(option))).map(str::to_owned);
        if apart.is_some() {
            filled.pop();
        }
        let Some(name) = apart.or(joined) else {
            filled.push(arg);
            continue;
        };
        let unread = |e: io::Error| ActError::failed(format!("standard input: {e}"));
        let said = line(&name).map_err(unread)?;
        let said = said.filter(|said| !said.trim().is_empty()).ok_or_else(|| {
            ActError::usage(format!(
                "--{name} -: standard input has no line for it; each `-` takes one, in the order in which they stand"
            ))
        })?;
        // With its option in one, so that nothing in it is taken for another.
        filled.push(format!("--{name}={}", said.trim()).into());
    }
    filled.extend(args);
    Ok(filled)
}

fn told_apart(arg: &OsStr) -> Option<&str> {
    let name = arg.to_str()?.strip_prefix("--")?;
    TOLD_APART.contains(&name).then_some(name)
}

/// Whether a person at this terminal sees what she is asked.
pub(super) fn somebody_reads(output: Output) -> bool {
    !output.json() && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether the person at the terminal says yes to a question; nothing else is a yes.
pub(super) fn says_yes(question: &str, mut from: impl BufRead, mut to: impl Write) -> bool {
    let mut answer = String::new();
    to.write_all(question.as_bytes()).is_ok()
        && to.flush().is_ok()
        && from.read_line(&mut answer).is_ok()
        && answer.trim() == "yes"
}

/// The next line of standard input; a person is asked for it.
pub(super) fn next_line(name: &str) -> io::Result<Option<String>> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        let mut stderr = io::stderr().lock();
        write!(stderr, "{}: ", name.replace('-', " "))?;
        stderr.flush()?;
    }
    let mut line = String::new();
    Ok((stdin.read_line(&mut line)? > 0).then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(args: &[&str], lines: &[&str]) -> Result<Vec<OsString>, ActError> {
        let mut lines = lines.iter().map(|line| (*line).to_owned());
        filled(args.iter().map(OsString::from), |_| Ok(lines.next()))
    }

    #[test]
    fn each_dash_takes_a_line_in_the_order_in_which_they_stand() {
        let args = ["accord", "query", "--plate", "-", "--to", "x", "--reason=-", "--case", "26-1"];
        let filled = of(&args, &["7ABC123\n", " --to y \n"]).unwrap();
        assert_eq!(
            filled,
            [
                "accord",
                "query",
                "--plate=7ABC123",
                "--to",
                "x",
                "--reason=--to y",
                "--case",
                "26-1"
            ]
        );
    }

    #[test]
    fn what_is_no_such_option_or_stands_behind_two_dashes_stays() {
        for args in [
            ["accord", "reads", "import", "-"],
            ["accord", "--mapping", "-", "x"],
            ["accord", "--", "--plate", "-"],
        ] {
            assert_eq!(of(&args, &[]).unwrap(), args);
        }
    }

    #[test]
    fn a_line_that_is_missing_is_named() {
        for lines in [&[][..], &["7ABC123\n", "\n"]] {
            let error = of(&["query", "--plate", "-", "--reason", "-"], lines).unwrap_err();
            assert!(error.to_string().contains("has no line for it"), "{error}");
        }
    }
}
