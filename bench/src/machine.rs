//! The machine that the figures are of, and who used its processors.

use std::fs;
use std::process::Command;

/// What to name beside every figure.
#[derive(Debug)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Processors that this process may use.
    pub cores: usize,
    /// Load averages of 1, 5 and 15 minutes before the first round.
    pub load: String,
    /// Compiler on the PATH.
    pub rustc: String,
}

impl Machine {
    /// Looks now.
    pub fn look() -> Self {
        let unknown = || "unknown".to_owned();
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find(|line| line.starts_with("model name"));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load: Vec<&str> = load.split(' ').take(3).collect();
        let rustc = Command::new("rustc").arg("--version").output().ok();
        let rustc = rustc.and_then(|output| String::from_utf8(output.stdout).ok());
        Self {
            cpu: model
                .and_then(|line| line.split_once(": "))
                .map_or_else(unknown, |(_, name)| name.to_owned()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            load: load.join(" "),
            rustc: rustc.map_or_else(unknown, |text| text.trim().to_owned()),
        }
    }
}

/// Processor time of the live threads of this process, nanoseconds: the scheduler's own count.
pub fn cpu_nanos() -> Option<u64> {
    let mut sum = 0_u64;
    for task in fs::read_dir("/proc/self/task").ok()? {
        // A thread that ended in between is not counted.
        let Ok(text) = fs::read_to_string(task.ok()?.path().join("schedstat")) else {
            continue;
        };
        sum += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(sum)
}

/// The PostgreSQL server of a connection address, when it runs on this machine and its port stands in its command line.
#[derive(Clone, Debug)]
pub struct Postgres {
    postmaster: Option<u32>,
}

/// Clock ticks of `/proc/*/stat` last this long.
const TICK_NANOS: u64 = 10_000_000;

impl Postgres {
    /// Finds the server of that address.
    pub fn of(url: &str) -> Self {
        let address = url.rsplit('@').next().unwrap_or(url);
        let authority = address.split('/').next().unwrap_or(address);
        let port = authority.rsplit(':').next().unwrap_or("5432").to_owned();
        let listens = |pid: &u32| {
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words: Vec<&str> = line.split('\0').collect();
            words[0].ends_with("postgres") && words.windows(2).any(|pair| pair == ["-p", &port])
        };
        Self {
            postmaster: processes().into_iter().find(listens),
        }
    }

    /// Processor time of the server and its children, those that ended too; in steps of 10 ms a process.
    pub fn cpu_nanos(&self) -> Option<u64> {
        let postmaster = self.postmaster?;
        let mut ticks = 0;
        for pid in processes() {
            let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
                continue;
            };
            let Some(stat) = Stat::parse(&text) else { continue };
            if pid == postmaster {
                ticks += stat.own + stat.ended_children;
            } else if stat.parent == postmaster {
                ticks += stat.own;
            }
        }
        Some(ticks * TICK_NANOS)
    }
}

fn processes() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| name.parse().ok()).collect()
}

/// Fields of `/proc/*/stat`, proc(5).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Ticks of the process.
    own: u64,
    /// Ticks of its children that ended and were waited for.
    ended_children: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name in parentheses may hold anything.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(11)? + ticks(12)?,
            ended_children: ticks(13)? + ticks(14)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_behind_a_name_with_parentheses() {
        let text = "42 (post) gres)) S 7 42 42 0 -1 4194304 1 2 3 4 11 12 13 14 20 0 1 0";
        let expected = Stat {
            parent: 7,
            own: 23,
            ended_children: 27,
        };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("42 (postgres) S"), None);
    }
}
