//! `usance risk`: score files with a model, and look at, check, sign and train models.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::risk::model::{Artefact, Files, Kind, SIGNATURE, SUMS, TrustedKeys, development_key, key_id};
use anyhow::{Context, Result, bail, ensure};
use domain::ports::Clock;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;

use super::risk_card;
use super::risk_rows::Rows;
use crate::clock::SystemClock;

/// What `usance risk` can do.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum Command {
    /// Score every row of a file: probability of default, points, reasons.
    Score(ScoreOptions),
    /// Print what a model is: features, figures, validity.
    Card {
        /// Folder of the model.
        model: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Public keys to trust, one a line, 64 hexadecimal digits.
        #[arg(long)]
        trust: Option<PathBuf>,
    },
    /// Check signature, digests, every number and the golden rows of a model.
    Check {
        /// Folder of the model.
        model: PathBuf,
        /// Public keys to trust, one a line, 64 hexadecimal digits.
        #[arg(long)]
        trust: Option<PathBuf>,
    },
    /// Sign a model anew with your own key.
    Sign {
        /// Folder of the model.
        model: PathBuf,
        /// Ed25519 private key: 64 hexadecimal digits, or PKCS #8 PEM.
        #[arg(long)]
        key: PathBuf,
    },
    /// Train the models of this checkout (scripts/train.sh).
    Train {
        /// Handed on to the script.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Which rows get reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Reasons {
    /// Rows below the cut-off.
    Declined,
    /// Every row.
    All,
    /// No row.
    None,
}

/// What to score, with what, and how to print.
#[derive(clap::Args, Clone, Debug)]
pub struct ScoreOptions {
    /// Folder of the model.
    #[arg(long)]
    pub model: PathBuf,
    /// File of rows; `-` reads standard input.
    #[arg(long)]
    pub input: PathBuf,
    /// One JSON object a line instead of CSV.
    #[arg(long)]
    pub json: bool,
    /// Write here instead of to standard output.
    #[arg(long)]
    pub output: Option<PathBuf>,
    /// Which rows get reasons.
    #[arg(long, value_enum, default_value = "declined")]
    pub reasons: Reasons,
    /// Public keys to trust, one a line, 64 hexadecimal digits.
    #[arg(long)]
    pub trust: Option<PathBuf>,
}

/// Runs it.
pub fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Score(options) => score(options)?,
        Command::Card { model, json, trust } => {
            let model = open(model, trust.as_deref())?;
            super::print(&risk_card::card(&model, *json, super::table::colour_wanted())?);
        }
        Command::Check { model, trust } => super::print(&risk_card::checked(&open(model, trust.as_deref())?)),
        Command::Sign { model, key } => sign(model, key)?,
        Command::Train { arguments } => return train(arguments),
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens a model that the development key or a key of the file signed, and says what is odd about it.
fn open(folder: &Path, trust: Option<&Path>) -> Result<Artefact> {
    let mut keys = TrustedKeys::development();
    if let Some(file) = trust {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut public = [0; 32];
            let bad = || {
                format!(
                    "{}, line {}: not 64 hexadecimal digits of a public key",
                    file.display(),
                    number + 1
                )
            };
            hex::decode_to_slice(line.trim(), &mut public).with_context(bad)?;
            keys = keys.with(public)?;
        }
    }
    let opened = Files::read(folder).and_then(|files| Artefact::open(&files, &keys));
    let model = opened.with_context(|| format!("cannot use the model in {}", folder.display()))?;
    if model.signed_by() == key_id(development_key().verifying_key().as_bytes()) {
        eprintln!("note: signed by the development key, which everybody has; not for production");
    }
    if model.expires() < SystemClock.now().date_naive() {
        eprintln!("note: the model was valid until {}", model.expires());
    }
    Ok(model)
}

fn score(options: &ScoreOptions) -> Result<()> {
    let model = open(&options.model, options.trust.as_deref())?;
    ensure!(
        model.kind() != Kind::Isolation,
        "{} finds anomalies: it predicts no default",
        model.name()
    );
    let shown = options.input.display().to_string();
    let input: Box<dyn BufRead> = if options.input.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&options.input).with_context(|| format!("cannot read {shown}"))?;
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let mut rows = Rows::open(model.manifest(), input).with_context(|| shown.clone())?;
    eprintln!("{shown}: {}", rows.layout().found);
    let Some(output) = &options.output else {
        let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        return match write_scores(&model, &mut rows, options, out) {
            Err(error) if is_gone(&error) => Ok(()),
            other => other.map(|_| ()).with_context(|| shown),
        };
    };
    // Renamed when it is whole, so that nobody takes half of the scores for all.
    let mut part = output.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let created = File::create(&part).with_context(|| format!("cannot write {}", part.display()))?;
    let written = write_scores(&model, &mut rows, options, BufWriter::with_capacity(1 << 16, created));
    if written.is_err() {
        // Half a file helps nobody; that it could not be removed changes nothing about the error.
        let _left = std::fs::remove_file(&part);
    }
    let count = written.with_context(|| shown)?;
    std::fs::rename(&part, output).with_context(|| format!("cannot write {}", output.display()))?;
    eprintln!("{count} rows written to {}", output.display());
    Ok(())
}

/// The reader of standard output went away (`| head`).
fn is_gone(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// One line a row, in order. Returns how many.
fn write_scores(model: &Artefact, rows: &mut Rows<'_>, options: &ScoreOptions, mut out: impl Write) -> Result<u64> {
    if !options.json {
        writeln!(out, "pd,score,reasons")?;
    }
    let cut_off = model.cut_off().unwrap_or(i32::MIN);
    let (mut row, mut count) = (Vec::new(), 0);
    while rows.next_into(&mut row)? {
        let scored = model.score(&row);
        let reasons = match options.reasons {
            Reasons::Declined if scored.score >= cut_off => Vec::new(),
            Reasons::None => Vec::new(),
            Reasons::Declined | Reasons::All => model.reasons(&row),
        };
        // Codes are upper case letters, digits and underlines: nothing to escape. `{}` prints a double so that it reads
        // back to the same bits.
        let codes: Vec<&str> = reasons.iter().map(|reason| reason.group).collect();
        if options.json {
            let quoted = if codes.is_empty() {
                String::new()
            } else {
                format!("\"{}\"", codes.join("\",\""))
            };
            writeln!(
                out,
                "{{\"pd\":{},\"score\":{},\"reasons\":[{quoted}]}}",
                scored.pd, scored.score
            )?;
        } else {
            writeln!(out, "{},{},{}", scored.pd, scored.score, codes.join(";"))?;
        }
        count += 1;
    }
    out.flush()?;
    Ok(count)
}

fn sign(folder: &Path, key: &Path) -> Result<()> {
    let text = std::fs::read_to_string(key).with_context(|| format!("cannot read {}", key.display()))?;
    let key = private_key(&text).with_context(|| key.display().to_string())?;
    let public = key.verifying_key();
    let files = Files::read(folder)?.signed(&key);
    // A model that does not open is not signed.
    let trusted = TrustedKeys::none().with(*public.as_bytes())?;
    let model = Artefact::open(&files, &trusted).with_context(|| format!("cannot sign {}", folder.display()))?;
    for name in [SUMS, SIGNATURE] {
        std::fs::write(folder.join(name), files.bytes(name)).with_context(|| format!("cannot write {name}"))?;
    }
    println!(
        "{} {} is signed by key {}",
        model.name(),
        model.version(),
        model.signed_by()
    );
    println!("public key: {}", hex::encode(public.as_bytes()));
    Ok(())
}

fn private_key(text: &str) -> Result<SigningKey> {
    let text = text.trim();
    if text.starts_with("-----BEGIN") {
        return SigningKey::from_pkcs8_pem(text).map_err(|_| anyhow::anyhow!("is not an Ed25519 key in PKCS #8"));
    }
    let mut seed = [0; 32];
    if hex::decode_to_slice(text, &mut seed).is_err() {
        bail!("holds neither 64 hexadecimal digits nor PKCS #8 PEM");
    }
    Ok(SigningKey::from_bytes(&seed))
}

fn train(arguments: &[String]) -> Result<ExitCode> {
    let script = Path::new("scripts/train.sh");
    ensure!(
        script.is_file(),
        "there is no scripts/train.sh here: run this in a checkout of the repository (Python 3.11 is needed); \
         a model that is trained already needs only its folder"
    );
    let status = std::process::Command::new(script).args(arguments).status();
    let status = status.with_context(|| format!("cannot run {}", script.display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

#[cfg(test)]
#[path = "risk_tests.rs"]
mod tests;
