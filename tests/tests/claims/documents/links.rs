//! Where the documents' links lead, and whether the files that they name are there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::shell::{ROOT, document};

/// Every document of the project, as a path from its root, in order.
///
/// # Panics
/// When a folder cannot be read.
pub(super) fn documents() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).expect("a folder") {
            let entry = entry.expect("a file");
            let name = entry.file_name().into_string().expect("UTF-8");
            let path = folder.join(&name);
            let made = name == "target" || name.starts_with('.');
            if entry.file_type().expect("its type").is_dir() {
                folders.extend((!made).then_some(path));
            } else if name.ends_with(".md") {
                found.push(path.display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// The lines that are text and not code, with their numbers from 1 and without code spans.
fn text_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter_map(move |(number, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then(|| (number, line.to_owned()))
    })
}

/// Where a line's links lead.
fn targets(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect();
    let mut targets = Vec::new();
    let mut rest = prose.as_str();
    while let Some((_, more)) = rest.split_once("](") {
        let Some((target, more)) = more.split_once(')') else { break };
        targets.push(target.to_owned());
        rest = more;
    }
    targets
}

/// What a link to a heading ends with.
fn anchor(heading: &str) -> String {
    // A link in a heading counts by its words.
    let mut words = String::new();
    let mut rest = heading;
    while let Some((before, more)) = rest.split_once("](") {
        words += &before.replace('[', "");
        rest = more.split_once(')').map_or("", |(_, after)| after);
    }
    words += rest;
    let kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    words.trim().to_lowercase().chars().filter(|c| kept(*c)).collect::<String>().replace(' ', "-")
}

fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut anchors = Vec::new();
    for (_, line) in text_lines(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let plain = anchor(heading);
        let times = seen.entry(plain.clone()).or_default();
        anchors.push(if *times == 0 { plain } else { format!("{plain}-{times}") });
        *times += 1;
    }
    anchors
}

/// A path with its `..` taken away.
fn plain(path: &Path) -> String {
    let mut parts: Vec<&std::ffi::OsStr> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(part) => parts.push(part),
            _ => {}
        }
    }
    parts.iter().collect::<PathBuf>().display().to_string()
}

/// Links that lead nowhere, each with its document, line and target. Those to other sites are not
/// followed.
pub(super) fn broken() -> Vec<String> {
    let mut broken = Vec::new();
    for path in documents() {
        let text = document(&path);
        let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
        for (number, line) in text_lines(&text) {
            for target in targets(&line) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (file, heading) = target.split_once('#').unwrap_or((&target, ""));
                let to = if file.is_empty() { path.clone() } else { plain(&folder.join(file)) };
                let there = Path::new(ROOT).join(&to).exists();
                let found = || anchors(&document(&to)).iter().any(|anchor| anchor == heading);
                if !there || !(heading.is_empty() || found()) {
                    broken.push(format!("{path}: line {number}: {target}"));
                }
            }
        }
    }
    broken
}

/// The files and folders of the project that a line names as code, from the project's root.
fn named(line: &str) -> Vec<&str> {
    const ROOTS: [&str; 6] = ["agreements/", "docs/", "node/", "schemas/", "tests/", ".ci/"];
    let spans = line.split('`').skip(1).step_by(2);
    let paths = spans.filter_map(|span| span.split_whitespace().next());
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
    let ours = |path: &&str| ROOTS.iter().any(|root| path.starts_with(root));
    paths.filter(ours).filter(|path| path.chars().all(plain)).collect()
}

/// Files that a document names and that are not there, each with its document and line.
pub(super) fn missing_files() -> Vec<String> {
    let mut missing = Vec::new();
    for path in documents() {
        for (number, line) in text_lines(&document(&path)) {
            let gone = named(&line).into_iter().filter(|file| !Path::new(ROOT).join(file).exists());
            missing.extend(gone.map(|file| format!("{path}: line {number}: {file}")));
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_a_page_as_it_is_shown() {
        let text = "# One, two & `three`\n```sh\n# no heading\n```\n## 5. The officer asks\n## In [a](b.md) link\n## 5. The officer asks\n#hash\n";
        let expected =
            ["one-two--three", "5-the-officer-asks", "in-a-link", "5-the-officer-asks-1"];
        assert_eq!(anchors(text), expected);
    }

    #[test]
    fn files_are_named_in_code_and_from_the_root() {
        let line =
            "`tests/fuzz/run 60`, `node/src/cli/`, node/src, `agreements/policies/ID.toml`, `a/b`";
        assert_eq!(named(line), ["tests/fuzz/run", "node/src/cli/"]);
    }

    #[test]
    fn links_are_found_outside_code() {
        let line = "see [a](b.md#c), ![d](e.png) and `[no](link)` [f](https://g)";
        assert_eq!(targets(line), ["b.md#c", "e.png", "https://g"]);
    }
}
