//! A folder in which every object is written once: the smallest store that keeps checkpoints outside the database.

use std::fs::{File, OpenOptions, create_dir_all, hard_link, read, remove_file};
use std::io::{ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use domain::ports::{CheckpointStore, Put, StoreFailure};

/// The folder. Objects appear whole and are never opened for writing again; that nobody deletes them is up to who owns the disk.
#[derive(Debug)]
pub struct CheckpointFolder(PathBuf);

impl CheckpointFolder {
    /// Opens the folder, or makes it.
    pub fn open(folder: &Path) -> Result<Self> {
        create_dir_all(folder)?;
        Ok(Self(folder.canonicalize()?))
    }
}

#[async_trait]
impl CheckpointStore for CheckpointFolder {
    fn place(&self) -> String {
        format!("file:{}", self.0.display())
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> std::result::Result<Put, StoreFailure> {
        let plain = |part: &str| !part.is_empty() && !part.starts_with('.');
        if !name.split('/').all(plain) {
            return Err(StoreFailure(format!("{name:?} is no name of an object")));
        }
        let (path, bytes) = (self.0.join(name), bytes.to_vec());
        let written = tokio::task::spawn_blocking(move || put(&path, &bytes)).await;
        let put = written.map_err(|error| StoreFailure(error.to_string()))?;
        put.map_err(|error| StoreFailure(format!("{name}: {error}")))
    }
}

/// Written beside its place, made durable, then linked there: a link to a name that exists fails, so nothing is overwritten and
/// nothing is seen half.
fn put(path: &Path, bytes: &[u8]) -> Result<Put> {
    let folder = path.parent().unwrap_or(Path::new("."));
    create_dir_all(folder)?;
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let _left_by_a_crash = remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
    file.write_all(bytes)?;
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)?;
    file.sync_all()?;
    let linked = hard_link(&draft, path);
    remove_file(&draft)?;
    match linked {
        Ok(()) => {
            File::open(folder)?.sync_all()?;
            Ok(Put::Kept)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(if read(path)? == bytes { Put::Kept } else { Put::Conflict })
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_object_is_written_once_and_another_one_of_its_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = CheckpointFolder::open(folder.path()).unwrap();
        let put = |name: &'static str, bytes: &'static [u8]| store.put_once(name, bytes);
        assert_eq!(put("tenant/1.checkpoint", b"one").await.unwrap(), Put::Kept);
        assert_eq!(put("tenant/1.checkpoint", b"one").await.unwrap(), Put::Kept);
        assert_eq!(put("tenant/1.checkpoint", b"other").await.unwrap(), Put::Conflict);
        assert!(put("../1.checkpoint", b"one").await.is_err());
        let path = folder.path().join("tenant/1.checkpoint");
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert!(std::fs::metadata(&path).unwrap().permissions().readonly());
        assert_eq!(
            std::fs::read_dir(folder.path().join("tenant")).unwrap().count(),
            1,
            "no draft is left"
        );
    }
}
