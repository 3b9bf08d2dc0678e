//! JSON (RFC 8259) as far as a status needs it: objects, lists, numbers, and the server's own texts.

use std::fmt::{Display, Write};

/// An object that is being written.
pub(super) struct Object<'a> {
    out: &'a mut String,
    is_first: bool,
}

impl<'a> Object<'a> {
    /// Opens one.
    pub(super) fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self {
            out,
            is_first: true,
        }
    }

    /// Closes it.
    pub(super) fn end(self) {
        self.out.push('}');
    }

    fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(',');
        }
        push_text(key, self.out);
        self.out.push(':');
        self.out
    }

    /// A whole number.
    pub(super) fn number(&mut self, key: &str, number: impl Display) {
        push(self.key(key), format_args!("{number}"));
    }

    /// A number with so many digits after the point at most.
    pub(super) fn rounded(&mut self, key: &str, number: f64, digits: i32) {
        let scale = 10f64.powi(digits);
        let rounded = (number * scale).round() / scale;
        push(self.key(key), format_args!("{rounded}"));
    }

    /// A text.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        push_text(text, self.key(key));
    }

    /// Another object inside of this.
    pub(super) fn object(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        let mut inner = Object::begin(self.key(key));
        write(&mut inner);
        inner.end();
    }

    /// A list of objects.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(T, &mut Object<'_>),
    ) {
        let out = self.key(key);
        out.push('[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                out.push(',');
            }
            let mut inner = Object::begin(out);
            write(item, &mut inner);
            inner.end();
        }
        out.push(']');
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes everything");
}

fn push_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => push(out, format_args!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_lists_are_written_as_json() {
        let mut text = String::new();
        let mut object = Object::begin(&mut text);
        object.number("n", 7);
        object.rounded("r", 2.0 / 3.0, 2);
        object.rounded("whole", 3.0, 3);
        object.text("t", "a \"b\" \\ \n\u{1f}\u{80}ü");
        object.object("o", |inner| inner.number("x", -1));
        object.object("empty", |_| {});
        object.list("l", [1, 2].into_iter(), |n, item| item.number("i", n));
        object.list("none", std::iter::empty::<u8>(), |_, _| {});
        object.end();
        let expected = [
            r#"{"n":7,"r":0.67,"whole":3,"t":"a \"b\" \\ \u000a\u001f\u0080ü","#,
            r#""o":{"x":-1},"empty":{},"l":[{"i":1},{"i":2}],"none":[]}"#,
        ];
        assert_eq!(text, expected.concat());
    }
}
