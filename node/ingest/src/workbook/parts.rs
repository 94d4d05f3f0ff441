//! Which parts of a workbook are which: its sheets, the texts that they share, how their numbers are shown.

use std::io::{self, Read};

use crate::archive::Archive;
use crate::field::clean;
use crate::xml::{self, Element};

/// Where the workbook stands that does not say so.
const USUAL: &str = "xl/workbook.xml";
/// Largest part that lists others, in bytes.
const LARGEST_LIST: u64 = 2 << 20;
/// Most sheets that are named in a sentence.
const NAMED: usize = 5;

/// Other archives that spreadsheets and other programs write, by a file in them.
const OTHERS: [(&str, &str); 5] = [
    ("xl/workbook.bin", "it is an .xlsb workbook; save the sheet as CSV (UTF-8) or as .xlsx"),
    ("content.xml", "it is an OpenDocument file; save the sheet as CSV (UTF-8) or as .xlsx"),
    ("Index/Document.iwa", "it is a Numbers document; export the sheet as CSV or as .xlsx"),
    (
        "word/document.xml",
        "it is a Word document, from which nothing is read; export the reads as CSV",
    ),
    ("doc.kml", "it is a .kmz file, from which nothing is read; export the reads as CSV"),
];

/// Whether an archive is a workbook.
///
/// # Errors
/// When it is a document of another kind; the sentence says which.
pub(crate) fn is_workbook(archive: &Archive) -> io::Result<bool> {
    let holds = |wanted: &str| archive.names().any(|name| name == wanted);
    for (file, said) in OTHERS {
        let document = file != "content.xml" || holds("META-INF/manifest.xml");
        if holds(file) && document {
            return Err(io::Error::other(said));
        }
    }
    let book = |name: &str| name.rsplit(['/', '\\']).next() == Some("workbook.xml");
    Ok(holds("[Content_Types].xml") && archive.names().any(book))
}

/// One sheet.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) path: String,
}

/// The parts that are read.
pub(super) struct Parts {
    pub(super) sheet: Part,
    pub(super) strings: Option<String>,
    pub(super) styles: Option<String>,
    pub(super) since_1904: bool,
    /// What is said of sheets that are not read.
    pub(super) others: Option<String>,
}

impl Parts {
    pub(super) fn of(archive: &Archive, wanted: Option<&str>) -> io::Result<Self> {
        let package = match tree(archive, "_rels/.rels")? {
            Some(root) => relations(&root, ""),
            None => Vec::new(),
        };
        let main = package.into_iter().find(|one| one.kind == "officeDocument");
        let main = main.map_or_else(|| USUAL.to_owned(), |one| one.path);
        let book = tree(archive, &main)?
            .ok_or_else(|| io::Error::other("the workbook has no list of its sheets"))?;
        let (folder, file) = main.rsplit_once('/').unwrap_or(("", &main));
        let related = tree(archive, &format!("{folder}/_rels/{file}.rels"))?;
        let related = related.map(|root| relations(&root, folder)).unwrap_or_default();
        let path = |kind: &str| related.iter().find(|one| one.kind == kind);
        let path = |kind: &str| path(kind).map(|one| one.path.clone());
        let sheets = book.child("sheets").map(|sheets| sheets.children.as_slice());
        let worksheet = |sheet: &Element| {
            let id = said(sheet, "id")?;
            let found = related.iter().find(|one| one.id == id && one.kind == "worksheet")?;
            let name = said(sheet, "name").unwrap_or_default().to_owned();
            let hidden = said(sheet, "state").is_some_and(|state| state != "visible");
            Some((Part { name, path: found.path.clone() }, hidden))
        };
        let sheets: Vec<(Part, bool)> =
            sheets.unwrap_or_default().iter().filter_map(worksheet).collect();
        let (sheet, others) = chosen(sheets, wanted)?;
        let since = book.child("workbookPr").and_then(|of| said(of, "date1904"));
        Ok(Self {
            sheet,
            strings: path("sharedStrings"),
            styles: path("styles"),
            since_1904: since.is_some_and(|text| matches!(text, "1" | "true" | "on")),
            others,
        })
    }
}

/// The sheet that is read, and what is said of the others.
fn chosen(sheets: Vec<(Part, bool)>, wanted: Option<&str>) -> io::Result<(Part, Option<String>)> {
    let is = |(part, hidden): &(Part, bool)| match wanted {
        Some(wanted) => part.name.trim().eq_ignore_ascii_case(wanted.trim()),
        None => !hidden,
    };
    let at = sheets.iter().position(is);
    let shown = |names: Vec<&str>| {
        let few: Vec<String> = names.iter().take(NAMED).map(|name| clean(name, 40)).collect();
        let more = names.len().saturating_sub(few.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("`{}`{rest}", few.join("`, `"))
    };
    let others: Vec<&str> = sheets
        .iter()
        .enumerate()
        .filter(|(nth, (_, hidden))| Some(*nth) != at && !hidden)
        .map(|(_, (part, _))| part.name.as_str())
        .collect();
    let told = match (at.and_then(|at| sheets.get(at)), wanted) {
        (Some((part, _)), None) if !others.is_empty() => Some(format!(
            "the sheet `{}` is read, and not {}; `sheet` of a mapping names another",
            clean(&part.name, 40),
            shown(others)
        )),
        (None, Some(wanted)) => {
            return Err(io::Error::other(format!(
                "the workbook has no sheet `{}`; it has {}",
                clean(wanted, 40),
                shown(sheets.iter().map(|(part, _)| part.name.as_str()).collect())
            )));
        }
        _ => None,
    };
    let sheet = at.and_then(|at| sheets.into_iter().nth(at));
    let (sheet, _) = sheet.ok_or_else(|| io::Error::other("the workbook has no sheet of cells"))?;
    Ok((sheet, told))
}

/// What one part has to do with another.
struct Relation {
    id: String,
    kind: String,
    path: String,
}

fn relations(root: &Element, folder: &str) -> Vec<Relation> {
    let one = |element: &Element| {
        let target = said(element, "Target")?;
        let kind = said(element, "Type")?.rsplit('/').next()?.to_owned();
        Some(Relation { id: said(element, "Id")?.to_owned(), kind, path: joined(folder, target) })
    };
    root.children.iter().filter_map(one).collect()
}

/// A target as a name in the archive: from its root where it begins with `/`, else from the folder.
fn joined(folder: &str, target: &str) -> String {
    let mut steps: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|step| !step.is_empty()).collect(),
    };
    for step in target.split(['/', '\\']) {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

fn said<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    let found = element.attributes.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

/// A part that lists others; `None` where there is none.
fn tree(archive: &Archive, path: &str) -> io::Result<Option<Element>> {
    let Some(part) = archive.file(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    part.take(LARGEST_LIST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_LIST {
        return Err(io::Error::other(format!(
            "the workbook's part `{}` is larger than {LARGEST_LIST} bytes; save the sheet as CSV (UTF-8)",
            clean(path, 80)
        )));
    }
    let (text, _) =
        crate::encoding::document(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes));
    xml::parse(&text).map(Some).map_err(|fault| {
        let path = clean(path, 80);
        io::Error::other(format!("the workbook's part `{path}`: {}", fault.into_sentence()))
    })
}
