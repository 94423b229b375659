//! Parts of a log put together.

use crate::export::{CheckpointLine, EntryLine, Header, line};
use crate::note::{Verifier, open};

/// Parts do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these are not parts of one log, one after the other")]
pub struct JoinError;

/// One log out of parts that follow each other. What comes out proves itself like each part; nothing is verified here.
pub fn join(parts: &[String]) -> Result<String, JoinError> {
    let mut whole: Option<Header> = None;
    let (mut notes, mut sizes, mut entries) = (Vec::new(), Vec::new(), String::new());
    for part in parts {
        let mut lines = part.split_inclusive('\n');
        let header: Header = read(lines.next())?;
        let keys: Vec<_> = header.keys.iter().filter_map(|key| Verifier::parse(key)).collect();
        for _ in 0..header.checkpoints {
            let found: CheckpointLine = read(lines.next())?;
            let (_, checkpoint) = open(&keys, &found.checkpoint).map_err(|_| JoinError)?;
            if sizes.last().is_none_or(|last| *last < checkpoint.size) {
                sizes.push(checkpoint.size);
                notes.push(found);
            }
        }
        for (next, text) in (header.from..).zip(lines) {
            let found: EntryLine = read(Some(text))?;
            if found.seq != next {
                return Err(JoinError);
            }
            entries.push_str(text);
        }
        whole = Some(match whole {
            None => header,
            Some(before) if before.to == header.from && before.origin == header.origin => {
                let mut keys = before.keys.clone();
                keys.extend(header.keys.into_iter().filter(|key| !before.keys.contains(key)));
                Header {
                    to: header.to,
                    keys,
                    ..before
                }
            }
            Some(_) => return Err(JoinError),
        });
    }
    let whole = whole.ok_or(JoinError)?;
    let header = Header {
        checkpoints: notes.len() as u64,
        ..whole
    };
    let mut text = line(&header).map_err(|_| JoinError)?;
    for note in &notes {
        text += &line(note).map_err(|_| JoinError)?;
    }
    Ok(text + &entries)
}

fn read<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<T, JoinError> {
    serde_json::from_str(text.ok_or(JoinError)?).map_err(|_| JoinError)
}
