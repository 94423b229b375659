//! Records of a delimited text: quoted fields may hold the delimiter, doubled quotes and line ends.

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its fields, unquoted; blanks around a field that is not quoted are no part of it.
    pub fields: Vec<String>,
}

/// Why a text is no table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// All records of `text`. Empty lines and a lone 0x1A (the end-of-file mark of old systems) are no records.
pub fn records(text: &str, delimiter: char) -> Result<Vec<Record>, Broken> {
    let mut out = Vec::new();
    let mut line = 1;
    let mut fields = Vec::new();
    let mut began = 1;
    let mut rest = text;
    while !rest.is_empty() {
        // A quoted empty field is a record of its own, an empty line is not.
        let quoted = rest.starts_with('"');
        let (field, end, after) = field(rest, delimiter, &mut line)?;
        fields.push(field);
        rest = after;
        if end == Some(delimiter) {
            if rest.is_empty() {
                fields.push(String::new());
            } else {
                continue;
            }
        }
        let blank = fields.len() == 1 && matches!(fields[0].as_str(), "" | "\u{1a}") && !quoted;
        let taken = std::mem::take(&mut fields);
        if !blank {
            out.push(Record {
                line: began,
                fields: taken,
            });
        }
        began = line;
    }
    Ok(out)
}

/// The next field, what ended it (the delimiter, `\n`, or the end of the text), and the text behind it.
fn field<'a>(text: &'a str, delimiter: char, line: &mut usize) -> Result<(String, Option<char>, &'a str), Broken> {
    let start = text.trim_start_matches([' ', '\t']);
    let Some(quoted) = start.strip_prefix('"') else {
        let end = text.find([delimiter, '\n']).unwrap_or(text.len());
        let value = text[..end].trim().to_owned();
        let ended = text[end..].chars().next();
        let after = &text[end + ended.map_or(0, char::len_utf8)..];
        *line += usize::from(ended == Some('\n'));
        return Ok((value, ended, after));
    };
    let began = *line;
    let mut value = String::new();
    let mut rest = quoted;
    loop {
        let Some(at) = rest.find('"') else {
            return Err(Broken {
                line: began,
                why: "a quoted field does not end",
            });
        };
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(more) = rest.strip_prefix('"') {
            value.push('"');
            rest = more;
        } else {
            break;
        }
    }
    *line += value.matches('\n').count();
    let end = rest.find([delimiter, '\n']).unwrap_or(rest.len());
    if !rest[..end].trim().is_empty() {
        return Err(Broken {
            line: *line,
            why: "text behind a quoted field",
        });
    }
    let ended = rest[end..].chars().next();
    let after = &rest[end + ended.map_or(0, char::len_utf8)..];
    *line += usize::from(ended == Some('\n'));
    Ok((value, ended, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Vec<(usize, Vec<String>)> {
        records(text, ',')
            .unwrap()
            .into_iter()
            .map(|r| (r.line, r.fields))
            .collect()
    }

    fn row(line: usize, fields: &[&str]) -> (usize, Vec<String>) {
        (line, fields.iter().map(|f| (*f).to_owned()).collect())
    }

    #[test]
    fn quotes_delimiters_and_line_ends_inside_a_field_are_text() {
        let text = "1,\"A, \"\"B\"\"\",-0- \r\n2,\"two\nlines\",x\r\n\r\n3,y,\n\u{1a}";
        assert_eq!(
            table(text),
            [
                row(1, &["1", "A, \"B\"", "-0-"]),
                row(2, &["2", "two\nlines", "x"]),
                row(5, &["3", "y", ""])
            ]
        );
    }

    #[test]
    fn a_last_line_without_an_end_counts() {
        assert_eq!(table("a,b"), [row(1, &["a", "b"])]);
        assert_eq!(table("a,"), [row(1, &["a", ""])]);
        assert_eq!(table(""), []);
        assert_eq!(table("a\n\"\"\n\nb\n"), [row(1, &["a"]), row(2, &[""]), row(4, &["b"])]);
        assert_eq!(table("a 'b' \"c\",d"), [row(1, &["a 'b' \"c\"", "d"])]);
    }

    #[test]
    fn broken_quoting_is_refused_with_its_line() {
        for (text, line) in [("a\n\"b", 2), ("\"a\"b\n", 1)] {
            assert_eq!(records(text, ',').unwrap_err().line, line, "{text}");
        }
    }
}
