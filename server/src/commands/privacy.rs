//! `usance privacy export | erase | erasures | hold | release | holds | retention | rotate`: personal data of a running service, over its
//! REST interface.
//!
//! Ends with 0 when it did what was asked, with 1 when everything had to be kept, and with 2 when it could not ask or was refused.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::provider_ops::Service;
use super::{Exit, print};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write everything that is held of a person.
    Export {
        /// `prn_…`; the caller when left out.
        subject: Option<String>,
        /// File to write; standard output when left out.
        #[arg(long)]
        out: Option<PathBuf>,
        #[command(flatten)]
        service: Service,
    },
    /// Ask to forget a person. Ends with 1 when everything has to be kept.
    Erase {
        /// `prn_…`; the caller when left out.
        subject: Option<String>,
        #[command(flatten)]
        service: Service,
    },
    /// List requests to be forgotten.
    Erasures {
        /// `prn_…`; everybody when left out, for officers.
        subject: Option<String>,
        #[command(flatten)]
        service: Service,
    },
    /// Place a legal hold on a person's records.
    Hold {
        /// `prn_…`.
        subject: String,
        /// Class of records; everything when left out.
        #[arg(long)]
        class: Option<String>,
        /// Why; kept for good.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        service: Service,
    },
    /// End a hold that another officer placed.
    Release {
        /// `hld_…`.
        id: String,
        /// Why; kept for good.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        service: Service,
    },
    /// List legal holds.
    Holds {
        /// `prn_…`; everybody when left out.
        subject: Option<String>,
        /// Also those that were ended.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        service: Service,
    },
    /// List how long records are kept, by which law.
    Retention {
        #[command(flatten)]
        service: Service,
    },
    /// Replace the key of a tenant, or the keys of a person.
    Rotate {
        /// `ten_…`; the caller's own when left out.
        #[arg(long)]
        tenant: Option<String>,
        /// `prn_…`; the tenant's key when left out.
        #[arg(long)]
        subject: Option<String>,
        #[command(flatten)]
        service: Service,
    },
}

/// An id as a part of an address: nothing but letters, digits and `_`.
fn plain(id: &str) -> Result<&str> {
    let fits = !id.is_empty()
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits { Ok(id) } else { bail!("{id:?} is not an id") }
}

fn of(subject: Option<&String>, first: char) -> Result<String> {
    let subject = subject.map(|id| plain(id)).transpose()?;
    Ok(subject.map(|id| format!("{first}subject={id}")).unwrap_or_default())
}

fn body<const N: usize>(fields: [(&str, Option<&String>); N]) -> Value {
    let given = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.as_str().into())));
    Value::Object(given.collect::<Map<_, _>>())
}

/// One line per record: its words, parted by two spaces; or JSON.
fn show(found: &Value, names: &[&str], as_json: bool) {
    if as_json {
        print(&format!("{found:#}\n"));
        return;
    }
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let one = std::slice::from_ref(found);
    let records = found.as_array().map_or(one, Vec::as_slice);
    for record in records {
        let words: Vec<String> = names.iter().map(|name| word(&record[*name])).collect();
        print(&format!("{}\n", words.join("  ")));
    }
}

const ERASURE: &[&str] = &["id", "subject", "state", "erases", "kept", "askedAt", "doneAt"];
const HOLD: &[&str] = &[
    "id",
    "subject",
    "class",
    "reason",
    "placedBy",
    "placedAt",
    "releasedBy",
    "releasedAt",
];
const POLICY: &[&str] = &[
    "class",
    "jurisdiction",
    "months",
    "countsFrom",
    "binding",
    "effectiveAt",
    "basis",
];

/// Does it.
pub async fn run(command: &Command) -> Result<ExitCode> {
    Ok(match command {
        Command::Export { subject, out, service } => export(subject.as_ref(), out.as_ref(), service).await?,
        Command::Erase { subject, service } => erase(subject.as_ref(), service).await?,
        Command::Erasures { subject, service } => {
            let path = format!("/v1/privacy/erasures?first=100{}", of(subject.as_ref(), '&')?);
            read(service, &path, ERASURE).await?
        }
        Command::Hold {
            subject,
            class,
            reason,
            service,
        } => {
            let fields = [
                ("subject", Some(subject)),
                ("class", class.as_ref()),
                ("reason", Some(reason)),
            ];
            change(service, "/v1/privacy/holds", (&body(fields), HOLD)).await?
        }
        Command::Release { id, reason, service } => {
            let path = format!("/v1/privacy/holds/{}/release", plain(id)?);
            change(service, &path, (&json!({ "reason": reason }), HOLD)).await?
        }
        Command::Holds { subject, all, service } => {
            let path = format!(
                "/v1/privacy/holds?first=100&active={}{}",
                !all,
                of(subject.as_ref(), '&')?
            );
            read(service, &path, HOLD).await?
        }
        Command::Retention { service } => read(service, "/v1/privacy/retention", POLICY).await?,
        Command::Rotate {
            tenant,
            subject,
            service,
        } => {
            let fields = [("tenant", tenant.as_ref()), ("subject", subject.as_ref())];
            change(
                service,
                "/v1/privacy/key-rotations",
                (&body(fields), &["tenant", "subject", "at"]),
            )
            .await?
        }
    }
    .into())
}

async fn read(service: &Service, path: &str, names: &[&str]) -> Result<Exit> {
    let found = service.connect().await?.get(path).await?;
    show(&found, names, service.json);
    Ok(Exit::Success)
}

async fn change(service: &Service, path: &str, (body, names): (&Value, &[&str])) -> Result<Exit> {
    let made = service.connect().await?.change(path, body).await?;
    show(&made, names, service.json);
    Ok(Exit::Success)
}

async fn export(subject: Option<&String>, out: Option<&PathBuf>, service: &Service) -> Result<Exit> {
    let path = format!("/v1/privacy/export{}", of(subject, '?')?);
    let found = service.connect().await?.get(&path).await?;
    let text = format!("{:#}\n", found["document"]);
    match out {
        Some(file) => std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?,
        None => print(&text),
    }
    Ok(Exit::Success)
}

async fn erase(subject: Option<&String>, service: &Service) -> Result<Exit> {
    let asked = service
        .connect()
        .await?
        .change("/v1/privacy/erasures", &body([("subject", subject)]))
        .await?;
    show(&asked, ERASURE, service.json);
    let refused = asked["state"] == "REFUSED";
    Ok(if refused { Exit::Failure } else { Exit::Success })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_no_address() {
        assert_eq!(of(Some(&"prn_01".to_owned()), '&').unwrap(), "&subject=prn_01");
        for wrong in ["", "a/b", "a&first=1", "A"] {
            assert!(of(Some(&wrong.to_owned()), '?').is_err(), "{wrong:?}");
        }
    }
}
