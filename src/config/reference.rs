//! The settings as Markdown tables, for docs/CONFIGURATION.md.
//!
//! Tests only, because the document is a file of the repository. Owns no text about single settings and no defaults:
//! both come from the table of settings, so the document cannot disagree with the program; a test below compares
//! them.

use super::{
    field::Key,
    listen_options::LISTEN_OPTIONS,
    schema::{LISTEN_URL, OPERATOR, SECTIONS},
    settings::{Config, Gateway, Operator},
    webirc::WEBIRC,
};

/// Every section of the file with its settings: name, default, range and meaning.
fn reference_text() -> String {
    let mut config = Config::default();
    let mut text = String::new();
    for section in &SECTIONS {
        push_section(&mut text, section.name, section.about);
        push_rows(&mut text, section.keys, &mut config);
    }
    push_section(
        &mut text,
        "[listen]",
        "Where to listen. The block is repeated for each listener.",
    );
    let listen = &mut config.listen[0];
    push_row(&mut text, &LISTEN_URL, listen);
    push_rows(&mut text, LISTEN_OPTIONS, listen);
    push_section(
        &mut text,
        "[operator]",
        "Operators of the server. The block is repeated for each; by default there are none.",
    );
    push_rows(&mut text, OPERATOR, &mut Operator::default());
    push_section(
        &mut text,
        "[webirc]",
        "Gateways that connect for others and name them by WEBIRC. The block is repeated for each; by default there are none.",
    );
    push_rows(&mut text, WEBIRC, &mut Gateway::default());
    text
}

fn push_section(text: &mut String, name: &str, about: &str) {
    *text += &format!("\n## `[{name}]`\n\n{about}\n\n");
    *text += "| key | default | range | meaning |\n|---|---|---|---|\n";
}

fn push_rows<T>(text: &mut String, keys: &[Key<T>], target: &mut T) {
    for key in keys {
        push_row(text, key, target);
    }
}

fn push_row<T>(text: &mut String, key: &Key<T>, target: &mut T) {
    let default = match key.field.show(target) {
        Some(value) => format!("`{value}`"),
        None => String::from("none"),
    };
    let range = key.field.range().unwrap_or_default();
    let meaning = key.about.replace('\n', " ").replace('|', "\\|");
    *text += &format!("| `{}` | {default} | {range} | {meaning} |\n", key.name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, fs, path::Path};

    /// The line above the generated part of the document.
    const MARK: &str = "<!-- Below this line: made from src/config/schema.rs. -->\n";

    #[test]
    fn the_document_lists_every_setting_as_the_program_has_it() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CONFIGURATION.md");
        let document = fs::read_to_string(&path).unwrap();
        let (head, listed) = document.split_once(MARK).expect("the mark is there");
        if env::var_os("MADANG_WRITE_DOCS").is_some() {
            fs::write(&path, format!("{head}{MARK}{}", reference_text())).unwrap();
            return;
        }
        assert!(
            listed == reference_text(),
            "docs/CONFIGURATION.md is not up to date: run MADANG_WRITE_DOCS=1 cargo test --lib reference"
        );
    }
}
