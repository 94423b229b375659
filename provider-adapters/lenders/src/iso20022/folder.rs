//! The folder of a bank: a file is there whole or not at all, also after a crash.
//!
//! | Part | What is in it |
//! |---|---|
//! | `out/` | files for the bank; the transport takes them away |
//! | `in/` | files of the bank; the transport writes them under another name and renames them to `*.xml` |
//! | `done/`, `failed/` | files that were read, and those that were not, each with its reason beside it |
//! | `books/` | what we know; nobody else writes there |

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::xml::MAX_BYTES;

const PARTS: [&str; 13] = [
    "out",
    "in",
    "done",
    "failed",
    "books",
    "books/tmp",
    "books/orders",
    "books/sent",
    "books/outcomes",
    "books/references",
    "books/entries",
    "books/pending",
    "books/counted",
];
const ASIDE: &str = "books/aside";
/// Files taken in one look.
const BATCH: usize = 256;

#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Makes what is missing.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        for part in PARTS.into_iter().chain([ASIDE]) {
            fs::create_dir_all(root.join(part))?;
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Writes a file that is not there yet; false when it is.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> io::Result<bool> {
        let to = self.root.join(name);
        if to.try_exists()? {
            return Ok(false);
        }
        let from = self.temporary(name, bytes)?;
        // A link never replaces, so the first writer wins.
        let linked = fs::hard_link(&from, &to);
        fs::remove_file(&from)?;
        match linked {
            Ok(()) => self.settle(&to).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a file, in place of one of that name.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let from = self.temporary(name, bytes)?;
        let to = self.root.join(name);
        fs::rename(from, &to)?;
        self.settle(&to)
    }

    fn temporary(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let plain = name.replace('/', "-");
        let unique = format!(
            "books/tmp/{plain}.{}.{:?}",
            std::process::id(),
            std::thread::current().id()
        );
        let path = self.root.join(unique);
        let mut file = File::create(&path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(path)
    }

    /// Makes a new name last.
    fn settle(&self, path: &Path) -> io::Result<()> {
        match path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => File::open(&self.root)?.sync_all(),
        }
    }

    /// A file of ours; none when it is not there.
    pub(super) fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.root.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn has(&self, name: &str) -> io::Result<bool> {
        self.root.join(name).try_exists()
    }

    /// Moves a file of ours.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let to = self.root.join(to);
        match fs::rename(self.root.join(from), &to) {
            Ok(()) => self.settle(&to),
            // Somebody was here before.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Names in a part, in their order; those that begin with a dot do not count.
    pub(super) fn list(&self, part: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(part))? {
            let name = entry?.file_name().into_string();
            names.extend(name.ok().filter(|name| !name.starts_with('.')));
        }
        names.sort();
        Ok(names)
    }

    /// Files of the bank that are whole: `*.xml` with a plain name. A link is none.
    pub(super) fn arrived(&self) -> io::Result<Vec<String>> {
        let mut names = self.list("in")?;
        names.retain(|name| {
            let plain = name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            let xml = Path::new(name)
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("xml"));
            let file = || fs::symlink_metadata(self.root.join("in").join(name)).is_ok_and(|meta| meta.is_file());
            plain && xml && file()
        });
        names.truncate(BATCH);
        Ok(names)
    }

    /// A file of the bank; none when it is larger than is read, or gone.
    pub(super) fn incoming(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.root.join("in").join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Puts a file of the bank to `done` or `failed`, beside others of its name.
    pub(super) fn finish(&self, name: &str, part: &str, why: Option<&str>) -> io::Result<()> {
        let mut to = format!("{part}/{name}");
        let mut number = 1;
        while self.has(&to)? {
            number += 1;
            to = format!("{part}/{number}-{name}");
        }
        if let Some(why) = why {
            self.replace(&format!("{to}.why.txt"), why.as_bytes())?;
        }
        self.rename(&format!("in/{name}"), &to)
    }

    /// The right to read `in/`, until the file is dropped; none while another process has it.
    pub(super) fn lock(&self) -> io::Result<Option<File>> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.root.join("books/lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}
