//! The configuration file: TOML in, [`Config`] or all of its errors out.
//!
//! One pass finds every error: after an error, reading goes on with the next key. Owns the rules that involve several
//! keys; the values that a single key allows are in its row. Knows no defaults.

use std::{iter, ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    error::{Error, Errors, Listing, Location, suggest},
    field::{Key, Raw, Section},
    listen::ListenUrl,
    listen_options::LISTEN_OPTIONS,
    regular_file::read_bounded,
    schema::{LISTEN_URL, OPERATOR, SECTIONS},
    settings::Config,
    units::show_size,
    webirc::WEBIRC,
};

/// Longest file in bytes. A thousand times more than real files have, and an end to what `/dev/zero` holds.
const BYTES_MAX: usize = 1 << 20;

/// Array of tables for listeners.
const LISTEN: &str = "listen";

/// Array of tables for operators.
const OPERATORS: &str = "operator";

/// Array of tables for gateways.
const GATEWAYS: &str = "webirc";

impl Config {
    /// Reads the text of a file. `path` is for messages, and paths in the text are relative to its directory.
    ///
    /// # Errors
    /// All errors of the text, each with its line.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, Errors> {
        parse(text, path)
    }
}

/// Reads and parses a file.
pub(super) fn load(path: &Path) -> Result<Config, Errors> {
    let whole = |message: String| Error {
        location: Location::File {
            path: path.to_owned(),
            line: None,
            column: None,
        },
        message,
    };
    let bytes = read_bounded(path, BYTES_MAX).map_err(|e| whole(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| whole("is not UTF-8".into()))?;
    parse(&text, path)
}

/// Parses a file's text.
pub(super) fn parse(text: &str, path: &Path) -> Result<Config, Errors> {
    let mut reader = Reader {
        text,
        path,
        errors: Vec::new(),
    };
    let (document, broken) = DeTable::parse_recoverable(text);
    for error in &broken {
        reader.report_syntax(error);
    }
    // Stops here, because later errors would be about recovered syntax that the author never wrote.
    Errors::check(std::mem::take(&mut reader.errors))?;
    let document = document.get_ref();
    let mut config = Config::default();
    reader.read_document(document, &mut config);
    reader.check_limits(document, &config);
    reader.load_certificates(document, &mut config);
    Errors::check(reader.errors)?;
    Ok(config)
}

/// One pass over a file's text.
struct Reader<'t> {
    text: &'t str,
    path: &'t Path,
    errors: Vec<Error>,
}

impl Reader<'_> {
    fn read_document(&mut self, document: &DeTable<'_>, config: &mut Config) {
        for (name, value) in document {
            let known = SECTIONS.into_iter().find(|s| s.name == name.get_ref());
            match (known, value.get_ref()) {
                (Some(section), DeValue::Table(table)) => {
                    let title = format!("[{}]", section.name);
                    self.read_keys(&title, table, section.keys.iter(), config);
                }
                (Some(section), _) => {
                    let remedy = format!("{0:?} is a section; write [{0}]", section.name);
                    self.report(name.span(), remedy);
                }
                (None, _) if name.get_ref() == LISTEN => self.read_listeners(value, config),
                (None, _) if name.get_ref() == OPERATORS => {
                    self.read_tables(OPERATORS, OPERATOR, value, &mut config.operators);
                }
                (None, _) if name.get_ref() == GATEWAYS => {
                    self.read_tables(GATEWAYS, WEBIRC, value, &mut config.gateways);
                }
                (None, other) => self.report_stranger(name, other),
            }
        }
    }

    /// Calls `read` for each table of an array; reports `not_a_list` for anything else.
    fn read_each(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        not_a_list: &str,
        mut read: impl FnMut(&mut Self, Range<usize>, &DeTable<'_>),
    ) {
        let DeValue::Array(items) = value.get_ref() else {
            return self.report(value.span(), not_a_list.into());
        };
        for item in items {
            match item.get_ref() {
                DeValue::Table(table) => read(self, item.span(), table),
                _ => self.report(item.span(), not_a_list.into()),
            }
        }
    }

    fn read_listeners(&mut self, value: &Spanned<DeValue<'_>>, config: &mut Config) {
        let not_a_list = "listeners are a list; write [[listen]] in double brackets above each";
        let mut listeners = Vec::new();
        self.read_each(value, not_a_list, |reader, span, table| {
            listeners.extend(reader.read_listener(span, table));
        });
        if !listeners.is_empty() {
            config.listen = listeners;
        }
    }

    /// Reads tables in which no key may be missing.
    fn read_tables<T: Default>(
        &mut self,
        name: &str,
        keys: &'static [Key<T>],
        value: &Spanned<DeValue<'_>>,
        into: &mut Vec<T>,
    ) {
        let title = format!("[[{name}]]");
        let not_a_list = format!("{name}s are a list; write {title} in double brackets above each");
        self.read_each(value, &not_a_list, |reader, span, table| {
            let mut read = T::default();
            reader.read_keys(&title, table, keys.iter(), &mut read);
            for key in keys {
                if !table.contains_key(key.name) {
                    reader.report(span.clone(), format!("{title} has no {}", key.name));
                }
            }
            into.push(read);
        });
    }

    fn read_listener(&mut self, span: Range<usize>, table: &DeTable<'_>) -> Option<ListenUrl> {
        const TITLE: &str = "[[listen]]";
        if !table.contains_key(LISTEN_URL.name) {
            let remedy = format!(
                "{TITLE} has no url; write one like url = {}",
                LISTEN_URL.example
            );
            self.report(span, remedy);
            return None;
        }
        let keys = iter::once(&LISTEN_URL).chain(LISTEN_OPTIONS);
        // A value to read into: the url comes first among the keys, whatever its line, and replaces all of it.
        let mut listen = Config::default().listen.swap_remove(0);
        let errors_before = self.errors.len();
        self.read_keys(TITLE, table, keys, &mut listen);
        if self.errors.len() > errors_before {
            return None;
        }
        for name in table.keys() {
            if let Err(error) = listen.check_option(name.get_ref()) {
                self.report(name.span(), format!("{TITLE} {error}"));
            }
        }
        Some(listen)
    }

    /// Reads the keys of a table in the order of `keys`, and reports those that are not among them.
    fn read_keys<'k, T: 'k>(
        &mut self,
        title: &str,
        table: &DeTable<'_>,
        keys: impl Iterator<Item = &'k Key<T>> + Clone,
        target: &mut T,
    ) {
        let base = self.path.parent().unwrap_or(Path::new(""));
        for key in keys.clone() {
            let Some(value) = table.get(key.name) else {
                continue;
            };
            let mut texts = Vec::new();
            let value_read = raw(value.get_ref(), &mut texts);
            if let Err(error) = key.field.read(target, value_read, base) {
                let written = self.excerpt(value.span());
                let message = format!("{title} {} = {written}: {error}", key.name);
                self.report(value.span(), message);
            }
        }
        let known = keys.map(|key| key.name);
        for name in table.keys() {
            let given = name.get_ref();
            if known.clone().any(|known| known == given) {
                continue;
            }
            let remedy = match section_of(given) {
                Some(home) => format!("it belongs in [{home}]"),
                None => suggest(given, known.clone(), Listing::WhenNoneIsNear),
            };
            self.report(
                name.span(),
                format!("unknown key {given:?} in {title}; {remedy}"),
            );
        }
    }

    /// Reports a name on the top level that is not the name of a section.
    fn report_stranger(&mut self, name: &Spanned<DeString<'_>>, value: &DeValue<'_>) {
        let given = name.get_ref();
        let is_section = matches!(value, DeValue::Table(_) | DeValue::Array(_));
        let message = match section_of(given) {
            Some(home) if !is_section => {
                format!("key {given:?} stands in no section; it belongs in [{home}]")
            }
            _ => {
                let known = SECTIONS.iter().map(|section| section.name);
                let known = known.chain([LISTEN, OPERATORS, GATEWAYS]);
                let remedy = suggest(given, known, Listing::WhenNoneIsNear);
                format!("unknown section {given:?}; {remedy}")
            }
        };
        self.report(name.span(), message);
    }

    /// Checks the rules between keys.
    fn check_limits(&mut self, document: &DeTable<'_>, config: &Config) {
        let limits = &config.limits;
        for (key, value, floor_key, floor) in [
            ("send_queue", limits.send_queue, "line", limits.line),
            (
                "queued_total",
                limits.queued_total,
                "send_queue",
                limits.send_queue,
            ),
        ] {
            if value < floor {
                // At least one of the two is in the file, because the defaults are in order.
                let span = span_of(document, "limits", key);
                let span = span.or_else(|| span_of(document, "limits", floor_key));
                let [value, floor] = [value, floor].map(|bytes| show_size(bytes as u64));
                let message = format!(
                    "[limits] {key} = \"{value}\" is less than {floor_key} = \"{floor}\"; it must hold at least one"
                );
                self.report(span.unwrap_or_default(), message);
            }
        }
        if let Some(motd) = &config.server.motd {
            if let Err(error) = limits.admit(motd) {
                let span = span_of(document, "server", "motd").unwrap_or_default();
                self.report(span, format!("[server] motd: {error}"));
            }
        }
    }

    /// Reads the files that `[tls]` names, once both of its keys are known.
    fn load_certificates(&mut self, document: &DeTable<'_>, config: &mut Config) {
        match config.tls.load() {
            Ok(credentials) => config.tls.credentials = credentials,
            Err(error) => {
                let span = span_of(document, "tls", "certificate");
                self.report(span.unwrap_or_default(), format!("[tls] {error}"));
            }
        }
        if config.tls.certificate.is_empty() && !config.tls.key.is_empty() {
            let span = span_of(document, "tls", "key").unwrap_or_default();
            self.report(span, "[tls] has a key and no certificate".into());
        }
    }

    /// Records an error whose message contains the key, by which it can be found in its line.
    fn report(&mut self, span: Range<usize>, message: String) {
        let (line, _) = self.position(span.start);
        self.push(Some(line), None, message);
    }

    fn report_syntax(&mut self, error: &toml::de::Error) {
        let position = error.span().map(|span| self.position(span.start));
        let (line, column) = position.unzip();
        let found = error.span().map(|span| self.excerpt(span));
        let message = match found.filter(|found| !found.is_empty()) {
            Some(found) => format!("{} (found {found})", error.message()),
            None => error.message().to_owned(),
        };
        self.push(line, column, message);
    }

    fn push(&mut self, line: Option<usize>, column: Option<usize>, message: String) {
        let path = self.path.to_owned();
        let location = Location::File { path, line, column };
        self.errors.push(Error { location, message });
    }

    /// Line and column, from 1, of a byte of the text.
    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// The text of a value, shortened and without control characters, for one line.
    fn excerpt(&self, span: Range<usize>) -> String {
        /// Longer texts are cut.
        const CHARS_MAX: usize = 60;
        let written = self.text.get(span).unwrap_or_default();
        let first_line = written.lines().next().unwrap_or_default();
        let cut: String = first_line
            .chars()
            .filter(|c| !c.is_control())
            .take(CHARS_MAX)
            .collect();
        let dots = if cut.len() < written.len() { "..." } else { "" };
        cut + dots
    }
}

/// Converts a TOML value to a [`Raw`] value.
fn raw<'v>(value: &'v DeValue<'_>, texts: &'v mut Vec<&'v str>) -> Raw<'v> {
    match value {
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            let negative = number.as_str().starts_with('-');
            Raw::Number(parsed.unwrap_or(if negative { i64::MIN } else { i64::MAX }))
        }
        DeValue::String(text) => Raw::Text(text),
        DeValue::Array(items) => {
            texts.extend(items.iter().map_while(|item| item.get_ref().as_str()));
            if texts.len() == items.len() {
                Raw::Texts(texts)
            } else {
                Raw::Other
            }
        }
        _ => Raw::Other,
    }
}

/// The section that has a key with this name.
fn section_of(key: &str) -> Option<&'static str> {
    let has = |section: &Section| section.keys.iter().any(|k| k.name == key);
    SECTIONS.into_iter().find(has).map(|s| s.name)
}

fn span_of(document: &DeTable<'_>, section: &str, key: &str) -> Option<Range<usize>> {
    let section = document.get(section)?.get_ref();
    Some(section.get(key)?.span())
}

#[cfg(test)]
mod tests;
