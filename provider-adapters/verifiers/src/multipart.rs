//! Bodies of `multipart/form-data`, built before they are signed: what is signed is what is sent.

/// One part of a form.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// Its name.
    pub name: &'a str,
    /// Name of the file; none for a field.
    pub file: Option<&'a str>,
    /// Media type; none for plain text.
    pub media: Option<&'a str>,
    /// The bytes.
    pub content: &'a [u8],
}

impl std::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({}, {} bytes)", self.name, self.content.len())
    }
}

/// A whole body and its media type.
#[derive(Clone)]
pub struct Multipart {
    /// With the boundary.
    pub media: String,
    /// The bytes.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Multipart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Multipart({} bytes)", self.body.len())
    }
}

impl Multipart {
    /// A form of these parts. None when a name would break out of its header, or a part holds the boundary.
    pub fn new(boundary: &str, parts: &[Part<'_>]) -> Option<Self> {
        let plain = |text: &str| !text.is_empty() && !text.bytes().any(|b| b < b' ' || matches!(b, b'"' | b'\\' | 127));
        if !(1..=70).contains(&boundary.len()) || !boundary.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return None;
        }
        let mut body = Vec::new();
        for part in parts {
            let names = [Some(part.name), part.file, part.media];
            if !names.iter().flatten().all(|text| plain(text)) || contains(part.content, boundary.as_bytes()) {
                return None;
            }
            let file = part
                .file
                .map(|file| format!("; filename=\"{file}\""))
                .unwrap_or_default();
            let media = part
                .media
                .map(|media| format!("Content-Type: {media}\r\n"))
                .unwrap_or_default();
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"{file}\r\n{media}\r\n",
                part.name
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(part.content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Some(Self {
            media: format!("multipart/form-data; boundary={boundary}"),
            body,
        })
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_its_one_spelling_and_no_part_breaks_out() {
        let metadata = Part {
            name: "metadata",
            file: None,
            media: None,
            content: b"{\"idDocType\":\"PASSPORT\",\"country\":\"DEU\"}",
        };
        let form = Multipart::new("b", &[metadata]).unwrap();
        let expected = "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"idDocType\":\"PASSPORT\",\"country\":\"DEU\"}\r\n--b--\r\n";
        assert_eq!(
            String::from_utf8(form.body).unwrap(),
            expected.replace("boundary=b", "b")
        );
        assert_eq!(form.media, "multipart/form-data; boundary=b");
        let bad = |part: Part<'_>| Multipart::new("edge", &[part]).is_none();
        assert!(bad(Part {
            content: b"--edge--",
            ..metadata
        }));
        assert!(bad(Part {
            file: Some("a\"\r\nX: 1"),
            ..metadata
        }));
        assert!(Multipart::new("b c", &[metadata]).is_none());
    }
}
