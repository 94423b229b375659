//! Keys of keys in a file of this machine: one `version hex` a line, 64 hex digits, `#` begins a comment.

use std::path::Path;

use zeroize::Zeroizing;

/// A key file that cannot be used. No key is in a message.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not there, or not ours to read.
    #[error("the key file cannot be read")]
    Read(#[from] std::io::Error),
    /// Others may read it.
    #[error("the key file is readable by others; set its mode to 0400")]
    Open,
    /// A line that is not understood, or a version twice.
    #[error("line {0} of the key file is not `version hex`, or repeats a version")]
    Line(usize),
    /// No key.
    #[error("the key file holds no key")]
    Empty,
}

/// Reads a key file. Where it `must_be_private`, nobody but its owner may read it.
pub fn read_keys(path: &Path, must_be_private: bool) -> Result<Vec<(u32, [u8; 32])>, FileError> {
    #[cfg(unix)]
    if must_be_private {
        use std::os::unix::fs::PermissionsExt as _;
        if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            return Err(FileError::Open);
        }
    }
    let text = Zeroizing::new(std::fs::read_to_string(path)?);
    let mut keys: Vec<(u32, [u8; 32])> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let key = parse(line).filter(|(version, _)| keys.iter().all(|(other, _)| other != version));
        keys.push(key.ok_or(FileError::Line(number))?);
    }
    if keys.is_empty() {
        return Err(FileError::Empty);
    }
    Ok(keys)
}

fn parse(line: &str) -> Option<(u32, [u8; 32])> {
    let (version, key) = line.split_once(char::is_whitespace)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(key.trim(), &mut bytes).ok()?;
    Some((version.parse().ok().filter(|version| *version > 0)?, bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(text: &str) -> Result<Vec<(u32, [u8; 32])>, FileError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read_keys(file.path(), true)
    }

    #[test]
    fn keys_are_read_by_version_and_a_line_that_is_not_understood_is_named() {
        let one = "11".repeat(32);
        let keys = read(&format!("# ours\n1 {one}\n\n2  {one} # newer\n")).unwrap();
        assert_eq!(keys, vec![(1, [0x11; 32]), (2, [0x11; 32])]);
        for (text, line) in [
            (format!("1 {one}\n1 {one}"), 2),
            ("1 abcd".into(), 1),
            (format!("0 {one}"), 1),
        ] {
            assert!(
                matches!(read(&text), Err(FileError::Line(found)) if found == line),
                "{text}"
            );
        }
        assert!(matches!(read("# none\n"), Err(FileError::Empty)));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("1 {}", "11".repeat(32))).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read_keys(file.path(), true), Err(FileError::Open)));
        assert!(read_keys(file.path(), false).is_ok(), "in development it is read");
    }
}
