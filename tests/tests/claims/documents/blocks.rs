//! The blocks of a document, and what of them is typed.

/// What becomes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Typed as a whole.
    Script,
    /// Typed command by command, and what they print is compared.
    Console,
    /// As [`Kind::Console`], of one command that runs on.
    Stays,
    /// Only shown.
    Shown,
    /// No shell.
    Other,
}

/// A fenced block of a document.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// What becomes of it.
    pub(super) kind: Kind,
    /// Its language.
    pub(super) language: String,
    /// The line of the document that its first line is, from 1.
    pub(super) line: usize,
    /// Its lines.
    pub(super) lines: Vec<String>,
}

/// Something that is typed at once.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Where it begins in the document, from 1.
    pub(super) line: usize,
    /// What is typed.
    pub(super) typed: String,
    /// How many lines of the document that is.
    pub(super) lines: usize,
    /// What it must print; `None` where only success counts.
    pub(super) printed: Option<Vec<String>>,
    /// It runs on.
    pub(super) stays: bool,
}

/// The blocks of a document, in order.
///
/// # Errors
/// When a block does not say what becomes of it, or never ends: a sentence with its line.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(_)) if line.starts_with([' ', '\t']) => {
                return Err(format!("line {number}: a fence is indented, so it is not typed"));
            }
            (None, Some(said)) => {
                let kind = kind(said.trim()).map_err(|why| format!("line {number}: {why}"))?;
                let language = said.split_whitespace().next().unwrap_or_default().to_owned();
                open = Some(Block { kind, language, line: number + 1, lines: Vec::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    match open {
        Some(block) => Err(format!("line {}: the block never ends", block.line)),
        None => Ok(blocks),
    }
}

fn kind(said: &str) -> Result<Kind, String> {
    match said {
        "sh" => Ok(Kind::Script),
        "console" => Ok(Kind::Console),
        "console stays" => Ok(Kind::Stays),
        "sh shown" | "console shown" => Ok(Kind::Shown),
        "toml" | "json" | "csv" | "text" | "python" => Ok(Kind::Other),
        "" => Err("a fence names no language".into()),
        other => Err(format!(
            "`{other}` does not say whether it is typed; expected `sh`, `console`, `console stays`, `sh shown`, `console shown`, or `toml`, `json`, `csv`, `text`, `python`"
        )),
    }
}

impl Block {
    /// What is typed of it.
    ///
    /// # Errors
    /// When a console does not begin with a command, or one that stays has several.
    pub(super) fn steps(&self) -> Result<Vec<Step>, String> {
        match self.kind {
            Kind::Shown | Kind::Other => Ok(Vec::new()),
            Kind::Script => {
                let typed = self.lines.join("\n");
                let (line, lines) = (self.line, self.lines.len());
                Ok(vec![Step { line, typed, lines, printed: None, stays: false }])
            }
            Kind::Console => self.console(),
            Kind::Stays => {
                let mut steps = self.console()?;
                steps.iter_mut().for_each(|step| step.stays = true);
                if steps.len() == 1 {
                    Ok(steps)
                } else {
                    Err(format!("line {}: what stays is one command", self.line))
                }
            }
        }
    }

    fn console(&self) -> Result<Vec<Step>, String> {
        let mut steps: Vec<Step> = Vec::new();
        let mut rest = (self.line..).zip(&self.lines);
        while let Some((number, line)) = rest.next() {
            let Some(command) = line.strip_prefix("$ ") else {
                let step = steps.last_mut().and_then(|step| step.printed.as_mut());
                step.ok_or_else(|| format!("line {number}: nothing has printed this"))?
                    .push(line.clone());
                continue;
            };
            let mut typed = command.to_owned();
            let mut last = command;
            // Its further lines: behind a backslash or a pipe, or up to where a here-document ends.
            let here = command.split("<<").nth(1).map(|word| word.trim_matches(['\'', '"', ' ']));
            while last.ends_with(['\\', '|']) || here.is_some_and(|end| last != end) {
                let Some((_, more)) = rest.next() else {
                    return Err(format!("line {number}: the command never ends"));
                };
                typed += &format!("\n{more}");
                last = more;
            }
            // In the background: what it prints is there sooner or later.
            let background = typed.trim_end().strip_suffix('&').filter(|rest| !rest.ends_with('&'));
            let lines = typed.lines().count();
            let (typed, stays) = match background {
                Some(rest) => (rest.trim_end().to_owned(), true),
                None => (typed.clone(), false),
            };
            steps.push(Step { line: number, typed, lines, printed: Some(Vec::new()), stays });
        }
        Ok(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "A text.\n\n```sh\none\ntwo\n```\n```toml\na = 1\n```\n```console\n$ cat <<END\nhere\nEND\nhere\n$ run \\\n    on &\nready\n$ last\n```\n```sh shown\nreboot\n```\n";

    #[test]
    fn blocks_become_what_is_typed() {
        let blocks = blocks(TEXT).unwrap();
        let kinds: Vec<_> = blocks.iter().map(|block| block.kind).collect();
        assert_eq!(kinds, [Kind::Script, Kind::Other, Kind::Console, Kind::Shown]);
        let steps: Vec<_> = blocks.iter().flat_map(|block| block.steps().unwrap()).collect();
        let told: Vec<_> = steps
            .iter()
            .map(|step| (step.line, step.typed.as_str(), step.printed.clone(), step.stays))
            .collect();
        let printed = |lines: &[&str]| Some(lines.iter().map(ToString::to_string).collect());
        assert_eq!(
            told,
            [
                (4, "one\ntwo", None, false),
                (11, "cat <<END\nhere\nEND", printed(&["here"]), false),
                (15, "run \\\n    on", printed(&["ready"]), true),
                (18, "last", printed(&[]), false),
            ]
        );
    }

    #[test]
    fn what_does_not_say_whether_it_is_typed_is_a_mistake() {
        for (text, said) in [
            ("```\nls\n```\n", "names no language"),
            ("```bash\nls\n```\n", "`bash` does not say"),
            ("- item\n  ```sh\n  ls\n  ```\n", "indented"),
            ("```sh\nls\n", "never ends"),
        ] {
            let error = blocks(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        let stray = &blocks("```console\nready\n```\n").unwrap()[0];
        assert!(stray.steps().unwrap_err().contains("nothing has printed this"));
    }
}
