//! A posted policy as it is read: as a page of its own, and as Markdown.

use maud::{DOCTYPE, html};

/// A posted policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The agency's name.
    pub agency: String,
    /// The text that it states.
    pub source: String,
    /// The seven headings, A to G.
    pub sections: Vec<Section>,
}

/// What stands under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `A` to `G`.
    pub letter: char,
    /// The heading.
    pub title: &'static str,
    /// Its sentences, each with the sections that demand it.
    pub items: Vec<(String, String)>,
}

const STYLE: &str = "body{font:12pt/1.5 serif;max-width:46em;margin:2em auto;padding:0 1em}\
h1{font-size:18pt}h2{font-size:13pt;margin-top:1.6em}li{margin:.3em 0}\
cite{font-style:normal;font-size:9.5pt;color:#555;display:block}@media print{body{margin:0}}";

impl Page {
    /// As a page of its own.
    #[must_use]
    pub fn html(&self) -> String {
        let title = self.title();
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) }
                    style { (STYLE) }
                }
                body {
                    h1 { (title) }
                    p { (self.preamble()) }
                    @for section in &self.sections {
                        section {
                            h2 { (section.letter) ". " (section.title) }
                            ul {
                                @for (text, cited) in &section.items {
                                    li { (text) " " cite { (cited) } }
                                }
                            }
                        }
                    }
                }
            }
        }
        .into_string()
    }

    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n{}\n", self.title(), self.preamble());
        for section in &self.sections {
            out += &format!("\n## {}. {}\n\n", section.letter, section.title);
            for (text, cited) in &section.items {
                out += &format!("- {text} *({cited})*\n");
            }
        }
        out
    }

    fn title(&self) -> String {
        format!("{}: usage and privacy policy for licence plate readers", self.agency)
    }

    fn preamble(&self) -> String {
        format!(
            "Posted under California Civil Code 1798.90.51(b). It states {} as the agency's node enforces, tracks and shows it.",
            self.source
        )
    }
}
