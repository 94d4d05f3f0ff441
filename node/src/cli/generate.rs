//! `accord generate …`: completion for shells, man pages, and the document of the API, as they are.

use std::path::PathBuf;

use clap::{CommandFactory as _, Subcommand};
use clap_complete::Shell;
use serde_json::json;

use super::output::{Output, raw};
use super::{Cli, Done};
use crate::http::DOCUMENT;
use crate::permission::ActError;

#[derive(Subcommand)]
pub(super) enum Generate {
    /// Completion for a shell, such as `accord generate completion bash`.
    Completion {
        /// Which shell.
        shell: Shell,
    },
    /// The document of the API for programs (OpenAPI 3.1), as a node serves it.
    Openapi,
    /// A man page a command, into a folder.
    Man {
        /// The folder.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

pub(super) fn run(generate: &Generate, output: Output) -> Result<Done, ActError> {
    match generate {
        Generate::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "accord", &mut script);
            raw(&script);
        }
        Generate::Openapi => raw(DOCUMENT.as_bytes()),
        Generate::Man { out } => {
            let failed = |e: std::io::Error| ActError::failed(format!("`{}`: {e}", out.display()));
            std::fs::create_dir_all(out).map_err(failed)?;
            clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), out)
                .map_err(failed)?;
            let pages = std::fs::read_dir(out).map_err(failed)?.count();
            output.object(&json!({ "folder": out, "pages": pages }), || {
                format!("{pages} pages are in {}; look at one with `man -l`", out.display())
            });
        }
    }
    Ok(Done::Ok)
}
