//! The shell in which a document is typed, and what is on the machine that the document takes for
//! granted. Nodes that a document starts end with its shell.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use ::tests::binary::binary;
use tempfile::TempDir;

use super::blocks::{Step, blocks};
use super::words::Words;

/// How long one step may take before it is given up.
const LONGEST: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);
/// Ends what a step printed; nothing else prints it.
const END: &str = "\u{1}typed";
/// Set, the documents are rewritten so that they show what this run printed.
const UPDATE: &str = "ACCORD_UPDATE";
/// The root of the project.
pub(super) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A shell, its folder and what was learnt in it.
pub(super) struct Shell {
    dir: TempDir,
    shell: Child,
    keyboard: ChildStdin,
    screen: Receiver<String>,
    words: Words,
    /// What the documents say, and what is typed for it: ports, folders.
    stand_ins: Vec<(String, String)>,
    steps: u32,
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The shell leads a group that what it starts belongs to.
        drop(Command::new("kill").args(["-9", "--", &format!("-{}", self.shell.id())]).status());
        drop(self.shell.wait());
    }
}

/// The lines of a document, with what this run printed.
struct Shown {
    updates: bool,
    lines: Vec<String>,
    /// How much longer it is by now.
    longer: isize,
}

impl Shown {
    fn of(text: &str) -> Self {
        let lines = text.lines().map(str::to_owned).collect();
        Self { updates: std::env::var_os(UPDATE).is_some(), lines, longer: 0 }
    }

    /// Puts what a step printed in place of the lines that the document had.
    fn put(&mut self, step: &Step, before: usize, printed: Vec<String>) {
        let from = step.line - 1 + step.lines;
        let from = from.checked_add_signed(self.longer).expect("a line of the document");
        self.longer += printed.len() as isize - before as isize;
        self.lines.splice(from..from + before, printed);
    }
}

/// The text of a document.
///
/// # Panics
/// When it is not there.
pub(super) fn document(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

impl Shell {
    /// A shell in an empty folder, which is its home, on a machine that has `accord`, and a `cargo`
    /// that has built it already. In what is typed, the first of each pair of `stand_ins` is
    /// replaced by the second; `variables` are set.
    ///
    /// # Panics
    /// When it cannot be started.
    pub(super) fn begin(stand_ins: &[(&str, String)], variables: &[(&str, String)]) -> Self {
        let dir = TempDir::new().expect("a folder");
        let programs = dir.path().join(".programs");
        fs::create_dir(&programs).expect("a folder");
        let runtime = dir.path().join(".runtime");
        fs::create_dir(&runtime).expect("a folder");
        let accord = format!("#!/bin/sh\nexec '{}' \"$@\"\n", binary().display());
        program(&programs, "accord", &accord);
        program(
            &programs,
            "cargo",
            "#!/bin/sh\ncase \"$1 $2 $3\" in\n    'run --release --') shift 3; exec accord \"$@\" ;;\n    'build --release ') ;;\n    *) echo \"cargo $*: no document types this\" >&2; exit 1 ;;\nesac\n",
        );
        let path = std::env::var("PATH").expect("a path");
        // As at a terminal, its processes have a leader of their own.
        let mut shell = Command::new("setsid")
            .args(["bash", "--noprofile", "--norc"])
            .current_dir(dir.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("HOME", dir.path())
            .env("XDG_RUNTIME_DIR", &runtime)
            .env("LANG", "C.UTF-8")
            .env("TZ", "America/Los_Angeles")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash");
        let mut keyboard = shell.stdin.take().expect("its stdin");
        keyboard.write_all(b"exec 2>&1\n").expect("a shell");
        let shown = BufReader::new(shell.stdout.take().expect("its stdout"));
        let (lines, screen) = channel();
        std::thread::spawn(move || {
            for line in shown.split(b'\n').map_while(Result::ok) {
                if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let stand_ins = stand_ins.iter().map(|(ours, own)| ((*ours).to_owned(), own.clone()));
        let (stand_ins, words) = (stand_ins.collect(), Words::default());
        Self { dir, shell, keyboard, screen, words, stand_ins, steps: 0 }
    }

    /// The folder that it began in.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Puts a program on the machine's path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub(super) fn has_program(&self, name: &str, text: &str) {
        program(&self.dir.path().join(".programs"), name, text);
    }

    /// Puts a file or folder of the project where a reader in a checkout has it.
    ///
    /// # Panics
    /// When it cannot.
    pub(super) fn has(&self, path: &str) {
        let here = self.dir.path().join(path);
        fs::create_dir_all(here.parent().expect("a folder")).expect("folders");
        std::os::unix::fs::symlink(Path::new(ROOT).join(path), here).expect("a link");
    }

    /// Types a document of the project. With `ACCORD_UPDATE` set, what its commands print is written
    /// into it where it is not what stands there.
    ///
    /// # Panics
    /// At the first block that is not as it says.
    pub(super) fn types(&mut self, path: &str) {
        let text = document(path);
        let mut shown = Shown::of(&text);
        let typed = self.types_blocks(&text, &mut shown);
        if shown.updates {
            fs::write(Path::new(ROOT).join(path), shown.lines.join("\n") + "\n")
                .expect("a document");
        }
        if let Err(why) = typed {
            panic!("{path}: {why}");
        }
    }

    /// Types a script, every command of which must succeed, and gives what it printed.
    ///
    /// # Panics
    /// When one does not.
    pub(super) fn types_script(&mut self, script: &str) -> Vec<String> {
        self.steps += 1;
        let typed = self.stood_in(script);
        self.runs(&typed, true).unwrap_or_else(|(why, printed)| {
            panic!("{why}:\n{script}\n--- it printed\n{}", printed.join("\n"))
        })
    }

    fn types_blocks(&mut self, text: &str, shown: &mut Shown) -> Result<(), String> {
        for block in blocks(text)? {
            for step in block.steps()? {
                match (self.types_step(&step), &step.printed) {
                    (Ok(()), _) => {}
                    (Err((_, Some(printed))), Some(before)) if shown.updates => {
                        let told = printed.iter().map(|line| self.told(line)).collect();
                        shown.put(&step, before.len(), told);
                    }
                    (Err((why, _)), _) => return Err(why),
                }
            }
        }
        Ok(())
    }

    fn typed(&self, text: &str) -> String {
        self.stood_in(&self.words.typed(text))
    }

    fn stood_in(&self, text: &str) -> String {
        let stand_ins = self.stand_ins.iter();
        stand_ins.fold(text.to_owned(), |text, (ours, own)| replaced(&text, ours, own))
    }

    fn told(&self, text: &str) -> String {
        let text = self.words.told(text);
        self.stand_ins.iter().fold(text, |text, (ours, own)| replaced(&text, own, ours))
    }

    /// Why a step is not as it says, and what it printed if it ended.
    fn types_step(&mut self, step: &Step) -> Result<(), (String, Option<Vec<String>>)> {
        self.steps += 1;
        let typed = self.typed(&step.typed);
        // Ids are compared as the document has them; what they stand for is learnt there.
        let own = |line: &String| self.stood_in(line);
        let expected: Option<Vec<String>> =
            step.printed.as_ref().map(|lines| lines.iter().map(own).collect());
        let job = step.stays.then(|| self.dir.path().join(format!(".job-{}", self.steps)));
        let printed = match &job {
            Some(job) => self.runs_on(&typed, job, expected.as_deref().unwrap_or_default()),
            None => self.runs(&typed, step.printed.is_none()),
        };
        let failed = |what: &str, printed: &[String]| {
            let printed = printed.join("\n");
            format!("line {}: {what}\n{typed}\n--- it printed\n{printed}", step.line)
        };
        let printed = printed.map_err(|(why, printed)| (failed(&why, &printed), None))?;
        match expected {
            Some(expected) if !self.words.fit(&expected, &printed, job.is_some()) => {
                let what = format!("expected\n{}\n--- of", expected.join("\n"));
                Err((failed(&what, &printed), Some(printed)))
            }
            _ => Ok(()),
        }
    }

    /// Types something and waits for its end; what it printed. A script stops at what fails.
    fn runs(&mut self, typed: &str, script: bool) -> Result<Vec<String>, (String, Vec<String>)> {
        let file = self.dir.path().join(format!(".step-{}", self.steps));
        fs::write(&file, format!("{typed}\n")).expect("a file");
        let (strict, lax) = if script {
            (
                "set -euo pipefail; trap 'echo \"failed: $BASH_COMMAND\"' ERR; ",
                "; set +euo pipefail; trap - ERR",
            )
        } else {
            ("", "")
        };
        let line =
            format!("{strict}. '{}' </dev/null{lax}; printf '\\n{END}\\n'\n", file.display());
        self.keyboard.write_all(line.as_bytes()).expect("a shell");
        let end = Instant::now() + LONGEST;
        let mut printed = Vec::new();
        loop {
            match self.screen.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) if line == END => break,
                Ok(line) => printed.push(line),
                Err(RecvTimeoutError::Timeout) => return Err(("takes too long".into(), printed)),
                Err(RecvTimeoutError::Disconnected) => return Err(("failed".into(), printed)),
            }
        }
        // The end stands on a line of its own.
        if printed.last().is_some_and(String::is_empty) {
            printed.pop();
        }
        Ok(printed)
    }

    /// Types something that runs on, and waits until it has printed what it must.
    fn runs_on(
        &mut self,
        typed: &str,
        job: &Path,
        expected: &[String],
    ) -> Result<Vec<String>, (String, Vec<String>)> {
        let errors = if typed.contains("2>") { "" } else { " 2>&1" };
        self.runs(&format!("{typed} >'{}'{errors} &", job.display()), false)?;
        let end = Instant::now() + LONGEST;
        loop {
            let printed = fs::read_to_string(job).unwrap_or_default();
            let printed: Vec<String> = printed.lines().map(str::to_owned).collect();
            if self.words.clone().fit(expected, &printed, true) {
                return Ok(printed);
            }
            if Instant::now() > end {
                return Err((format!("has not printed\n{}", expected.join("\n")), printed));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// `text` with `new` in place of `old`, but not inside a digest or a fingerprint that holds it.
fn replaced(text: &str, old: &str, new: &str) -> String {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(old) {
        done += before;
        let alone = !inside(done.chars().next_back()) && !inside(after.chars().next());
        done += if alone { new } else { old };
        rest = after;
    }
    done + rest
}

fn program(folder: &Path, name: &str, text: &str) {
    let path: PathBuf = folder.join(name);
    fs::write(&path, text).expect("a program");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its permissions");
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_port_is_replaced_and_a_digest_that_holds_it_is_not() {
        for (text, expected) in [
            ("/ip4/127.0.0.1/tcp/7421 7421", "/ip4/127.0.0.1/tcp/40001 40001"),
            ("2b31-7421-1b6b a74219", "2b31-7421-1b6b a74219"),
            ("7421-", "7421-"),
            ("", ""),
        ] {
            assert_eq!(replaced(text, "7421", "40001"), expected);
        }
    }
}
