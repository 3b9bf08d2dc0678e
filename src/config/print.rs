//! The default configuration as a commented file, and the lists of schemes and options for help texts.
//!
//! Invariant: the printed text, read again, is [`Config::default`]. Owns no text about single settings and no
//! defaults: the texts come from the tables, the values from that default. Does not print; it makes text.

use super::{
    field::{Field, Key, Section},
    listen_options::LISTEN_OPTIONS,
    schema::{LIMITS, LISTEN_URL, OPERATOR, SERVER, WEB},
    scheme::Scheme,
    settings::{Config, Gateway, Operator},
    tls::TLS,
    webirc::WEBIRC,
};

const HEAD: &str = "\
# Configuration of madang. Every key is optional, and the values here are the defaults; keys that start with # have none.
# Durations are written like \"30s\", \"5m\" or \"500ms\"; sizes like \"64 KiB\" or \"1 MiB\", or as plain bytes.
# Flags win over this file. Check it with: madang config check FILE

";

const LISTEN_HEAD: &str = "\
# Where to listen. Repeat this block for more listeners; socket options may be here or in the url's query.
[[listen]]

";

const OPERATOR_HEAD: &str = "\
# Operators of the server. Repeat this block for more; by default there are none.
# [[operator]]

";

const WEBIRC_HEAD: &str = "\
# Gateways that connect for others and name them by WEBIRC. Repeat this block for more; by default there are none.
# [[webirc]]

";

/// The whole default configuration, commented, in TOML.
pub fn default_text() -> String {
    let mut config = Config::default();
    let mut text = String::from(HEAD);
    print_section(&mut text, &SERVER, &mut config);
    text.push_str(LISTEN_HEAD);
    let listen = &mut config.listen[0];
    print_key(&mut text, &LISTEN_URL, listen);
    for key in LISTEN_OPTIONS {
        print_key(&mut text, key, listen);
    }
    print_section(&mut text, &TLS, &mut config);
    print_section(&mut text, &WEB, &mut config);
    print_section(&mut text, &LIMITS, &mut config);
    text.push_str(OPERATOR_HEAD);
    for key in OPERATOR {
        print_key(&mut text, key, &mut Operator::default());
    }
    text.push_str(WEBIRC_HEAD);
    for key in WEBIRC {
        print_key(&mut text, key, &mut Gateway::default());
    }
    text.truncate(text.trim_end().len() + "\n".len());
    text
}

fn print_section(text: &mut String, section: &Section, config: &mut Config) {
    *text += &format!("# {}\n[{}]\n\n", section.about, section.name);
    for key in section.keys {
        print_key(text, key, config);
    }
}

fn print_key<T>(text: &mut String, key: &Key<T>, target: &mut T) {
    let range = key.field.range();
    let range = range.map_or(String::new(), |range| format!(" Range: {range}."));
    for line in format!("{}{range}", key.about).lines() {
        *text += &format!("# {line}\n");
    }
    *text += &match key.field.show(target) {
        Some(value) => format!("{} = {value}\n\n", key.name),
        None => format!("# {} = {}\n\n", key.name, key.example),
    };
}

/// The listeners if none is given: `any://127.0.0.1:7777`.
pub fn default_listen_text() -> String {
    let listen = Config::default().listen;
    let urls = listen.iter().map(ToString::to_string);
    urls.collect::<Vec<_>>().join(", ")
}

/// The names of all schemes: `any, telnet, ...`.
pub fn schemes_text() -> String {
    Scheme::names().collect::<Vec<_>>().join(", ")
}

/// The socket options with their defaults, for the query of a URL: `backlog=1024, nodelay=true, ...`.
pub fn listen_options_text() -> String {
    let listen = &mut Config::default().listen[0];
    let options = LISTEN_OPTIONS.iter().map(|key| {
        let unset = match key.field {
            Field::FlagOrNone(_) => "true or false",
            Field::Text { .. } => "0660",
            // None by default.
            Field::Texts { .. } => "NETWORK,...",
            _ => "BYTES",
        };
        let value = key.field.show(listen).filter(|value| value != "[]");
        format!("{}={}", key.name, value.unwrap_or(unset.into()))
    });
    options.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_default_configuration() {
        insta::assert_snapshot!(default_text());
    }

    #[test]
    fn the_help_of_listen_names_every_scheme() {
        for name in Scheme::names() {
            assert!(LISTEN_URL.about.contains(name), "{name}");
        }
    }

    #[test]
    fn the_printed_file_is_the_default_configuration() {
        let read = Config::from_toml(&default_text(), Path::new("printed"));
        assert_eq!(read, Ok(Config::default()));
    }

    #[test]
    fn the_examples_are_valid() {
        // A key that was commented out is followed by " = "; the files among the examples do not exist here.
        let uncommented: String = default_text()
            .lines()
            .filter(|line| {
                !["motd =", "certificate =", "key =", "mode ="]
                    .iter()
                    .any(|k| line.contains(k))
            })
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.contains(" = ") || rest.starts_with("[[") => {
                    format!("{rest}\n")
                }
                _ => format!("{line}\n"),
            })
            .collect();
        let config = Config::from_toml(&uncommented, Path::new("printed")).unwrap();
        assert!(config.limits.clients.is_some());
        assert_eq!(config.operators.len(), 1);
        assert_eq!(config.gateways.len(), 1);
        assert!(config.listen[0].options.sndbuf.is_some());
    }
}
