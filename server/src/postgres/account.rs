//! Who runs PostgreSQL. It refuses root, so root steps down to an account without rights, and the folders must be within
//! that account's reach.

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PostgresError;

/// Where root keeps what a stepped-down account must reach.
const OPEN_BASE: &str = "/var/tmp";
/// `nobody`, where the machine has no list of accounts.
const NOBODY: u32 = 65_534;

/// The account that runs PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Ours.
    pub euid: u32,
    /// The one to step down to; none when we are not root.
    pub lower: Option<(u32, u32)>,
}

impl Account {
    /// For a process of user `euid`. The owner of an existing cluster keeps running it.
    pub fn choose(euid: u32, cluster: &Path) -> Self {
        if euid != 0 {
            return Self { euid, lower: None };
        }
        let owner = fs::metadata(cluster)
            .ok()
            .map(|m| (m.uid(), m.gid()))
            .filter(|(uid, _)| *uid != 0);
        let listed = || {
            fs::read_to_string("/etc/passwd")
                .ok()
                .and_then(|text| unprivileged(&text))
        };
        Self {
            euid,
            lower: Some(owner.or_else(listed).unwrap_or((NOBODY, NOBODY))),
        }
    }

    /// A command that runs as this account, in no folder of ours, without our environment.
    pub fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env_clear().env("LC_ALL", "C").env("TZ", "UTC");
        for kept in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        if let Some((uid, gid)) = self.lower {
            command.gid(gid).uid(uid);
        }
        command
    }

    /// Gives `path` to this account.
    pub fn give(self, path: &Path) -> Result<(), PostgresError> {
        match self.lower {
            Some((uid, gid)) => {
                chown(path, Some(uid), Some(gid)).map_err(PostgresError::io("change the owner of", path))
            }
            None => Ok(()),
        }
    }

    /// A private folder of this account, made when it is not there. One of somebody else is refused.
    pub fn private_dir(self, path: &Path) -> Result<(), PostgresError> {
        let made = fs::DirBuilder::new().mode(0o700).create(path);
        match made {
            Ok(()) => self.give(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let uid = self.lower.map_or(self.euid, |(uid, _)| uid);
                trusted(path, &[uid], 0o077)
            }
            Err(error) => Err(PostgresError::io("create", path)(error)),
        }
    }

    /// Whether this account can pass through every folder above `path`, and `path` itself.
    pub fn reaches(self, path: &Path) -> bool {
        let Some((uid, gid)) = self.lower else { return true };
        path.ancestors().all(|folder| {
            fs::metadata(folder).is_ok_and(|meta| {
                let bit = if meta.uid() == uid {
                    0o100
                } else if meta.gid() == gid {
                    0o010
                } else {
                    0o001
                };
                meta.permissions().mode() & bit != 0
            })
        })
    }
}

/// Our effective user: the owner of a file that we make in `folder`.
pub fn effective_user(folder: &Path) -> Result<u32, PostgresError> {
    let probe = folder.join(format!(
        ".owner-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    let io = PostgresError::io("write in", folder);
    let uid = fs::File::create(&probe)
        .and_then(|file| file.metadata())
        .map(|meta| meta.uid())
        .map_err(&io)?;
    fs::remove_file(&probe).map_err(&io)?;
    Ok(uid)
}

/// The folder to use for `wanted`: itself, or, when root's chosen account cannot get there, one in the open base that is
/// always the same for `wanted`.
pub fn reachable_home(wanted: &Path) -> Result<(PathBuf, u32), PostgresError> {
    fs::create_dir_all(wanted).map_err(PostgresError::io("create", wanted))?;
    let wanted = wanted.canonicalize().map_err(PostgresError::io("find", wanted))?;
    let euid = effective_user(&wanted)?;
    if Account::choose(euid, &wanted.join("cluster")).reaches(&wanted) {
        return Ok((wanted, euid));
    }
    let open = open_folder(&format!("usance-pg-{}", name_of(&wanted)), euid)?;
    Ok((open, euid))
}

/// A folder in the open base that only `euid` can write.
pub fn open_folder(name: &str, euid: u32) -> Result<PathBuf, PostgresError> {
    let folder = Path::new(OPEN_BASE).join(name);
    match fs::DirBuilder::new().mode(0o755).create(&folder) {
        // The mode of creation passes through the umask.
        Ok(()) => {
            fs::set_permissions(&folder, Permissions::from_mode(0o755)).map_err(PostgresError::io("open", &folder))?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => trusted(&folder, &[euid], 0o022)?,
        Err(error) => return Err(PostgresError::io("create", &folder)(error)),
    }
    Ok(folder)
}

/// A real folder of one of these users, without these permission bits.
fn trusted(folder: &Path, users: &[u32], forbidden: u32) -> Result<(), PostgresError> {
    let meta = fs::symlink_metadata(folder).map_err(PostgresError::io("read", folder))?;
    let safe = meta.is_dir() && users.contains(&meta.uid()) && meta.permissions().mode() & forbidden == 0;
    if safe {
        Ok(())
    } else {
        Err(PostgresError::Untrusted {
            folder: folder.to_owned(),
        })
    }
}

/// A short name that stands for a path: FNV-1a, 64 bits.
pub fn name_of(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// `postgres`, else `nobody`, of an account list.
fn unprivileged(passwd: &str) -> Option<(u32, u32)> {
    let find = |wanted: &str| {
        passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let &[name, _, uid, gid, ..] = fields.as_slice() else {
                return None;
            };
            // Some systems write `nobody` as -2.
            let number = |text: &str| {
                text.parse::<i64>()
                    .ok()
                    .and_then(|n| u32::try_from(n & 0xffff_ffff).ok())
            };
            (name == wanted).then(|| number(uid).zip(number(gid))).flatten()
        })
    };
    find("postgres").or_else(|| find("nobody"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_steps_down_to_postgres_then_nobody() {
        let nobody = "root:x:0:0::/root:/bin/sh\nnobody:*:-2:-2::/:/usr/bin/false\n";
        assert_eq!(unprivileged(nobody), Some((u32::MAX - 1, u32::MAX - 1)));
        assert_eq!(
            unprivileged(&format!("{nobody}postgres:x:101:104::/:/bin/sh")),
            Some((101, 104))
        );
        assert_eq!(unprivileged("root:x:0:0"), None);
        assert_eq!(Account::choose(1000, Path::new("/")).lower, None);
    }

    #[test]
    fn a_folder_open_to_others_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let uid = effective_user(folder.path()).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            trusted(folder.path(), &[uid], 0o022),
            Err(PostgresError::Untrusted { .. })
        ));
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        trusted(folder.path(), &[uid], 0o022).unwrap();
        assert!(matches!(
            trusted(folder.path(), &[uid + 1], 0o022),
            Err(PostgresError::Untrusted { .. })
        ));
    }

    #[test]
    fn a_closed_folder_on_the_way_is_out_of_reach() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let stranger = Account {
            euid: 0,
            lower: Some((54_321, 54_321)),
        };
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(&inner, Permissions::from_mode(0o755)).unwrap();
        assert!(stranger.reaches(&inner));
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(!stranger.reaches(&inner));
    }
}
