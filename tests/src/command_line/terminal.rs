//! Commands as a person types them at a terminal.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::Desk;
use crate::binary::binary;

/// Runs a command at `desk` as `user`, signed in, who sits at a terminal and types `typed`; what stands on
/// the screen then, and the exit code.
///
/// # Panics
/// When there is no terminal to be had: `script` of util-linux makes it.
#[must_use]
pub fn accord_at_a_terminal(desk: &Desk, user: &str, args: &[&str], typed: &str) -> (String, i32) {
    drop(desk.token(user));
    let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
    let program = binary();
    let words = [program.to_str().expect("UTF-8")].into_iter().chain(args.iter().copied());
    let line: Vec<String> = words.map(quoted).collect();
    let mut terminal = Command::new("script");
    // What the command line itself would be run with.
    for (name, value) in desk.command(user, &[]).get_envs() {
        terminal.env(name, value.unwrap_or_default());
    }
    let mut terminal = terminal
        .args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a terminal");
    let mut keyboard = terminal.stdin.take().expect("a keyboard");
    keyboard.write_all(typed.as_bytes()).expect("typed");
    // The keyboard stays until the command has ended.
    let mut screen = String::new();
    let mut shown = terminal.stdout.take().expect("a screen");
    shown.read_to_string(&mut screen).expect("UTF-8");
    let code = terminal.wait().expect("an end").code().expect("an exit code");
    drop(keyboard);
    (screen.replace('\r', ""), code)
}
