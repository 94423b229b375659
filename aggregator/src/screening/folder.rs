//! A folder of list files.

use std::path::{Path, PathBuf};

use screening::lists::{ListFile, LoadError, Snapshot};

/// Why a folder of lists was refused.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file or the folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What it holds is not understood.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Folders inside the folder are read too, so deep.
const DEPTH: usize = 3;

/// Reads every file below `folder`. Hidden files, texts for people (`*.md`, `*.txt`) and checksums (`*.sha256`) are no lists; any other
/// file has to be one.
pub fn files(folder: &Path) -> Result<Vec<ListFile>, FolderError> {
    let mut found = Vec::new();
    gather(folder, DEPTH, &mut found)?;
    found.sort();
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).map_err(|source| FolderError::Read {
            path: path.clone(),
            source,
        })?;
        Ok(ListFile {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes,
        })
    };
    found.iter().map(read).collect()
}

/// Reads the lists of a folder.
pub fn load(folder: &Path) -> Result<Snapshot, FolderError> {
    Ok(screening::lists::load(&files(folder)?)?)
}

fn gather(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), FolderError> {
    let unread = |source| FolderError::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let skipped = name.starts_with('.') || [".md", ".txt", ".sha256"].iter().any(|end| name.ends_with(end));
        if path.is_dir() && !name.starts_with('.') && depth > 0 {
            gather(&path, depth - 1, found)?;
        } else if path.is_file() && !skipped {
            found.push(path);
        }
    }
    Ok(())
}
