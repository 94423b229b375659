//! `usance provider new`: the beginning of a lender, red where its engineer must work.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ProviderId;
use sdk::PrivateKey;

/// What to make.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Name of the lender: a-z, 0-9 and -, a letter first.
    pub name: String,
    /// How it joins.
    #[arg(long, value_enum)]
    pub level: Level,
    /// The folder to make; the lender's name when left out.
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
    /// The provider SDK that a Rust lender depends on; the one of this repository when left out.
    #[arg(long, value_name = "FOLDER")]
    pub sdk: Option<PathBuf>,
}

/// How a lender joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// It speaks provider protocol v1; no code of ours.
    Protocol,
    /// A file describes its plain REST interface.
    Manifest,
    /// A crate that implements the `Lender` port.
    Rust,
}

type Template = (&'static str, &'static str);

const MANIFEST: &[Template] = &[
    (
        "{{name}}.toml",
        include_str!("../../templates/provider/manifest/manifest.toml"),
    ),
    (
        "fixtures/quote.toml",
        include_str!("../../templates/provider/manifest/quote.toml"),
    ),
    (
        "fixtures/quote.json",
        include_str!("../../templates/provider/manifest/quote.json"),
    ),
    (
        "fixtures/loan.json",
        include_str!("../../templates/provider/manifest/loan.json"),
    ),
    (
        "lenders.toml",
        include_str!("../../templates/provider/manifest/lenders.toml"),
    ),
    ("README.md", include_str!("../../templates/provider/manifest/README.md")),
];
const PROTOCOL: &[Template] = &[
    (
        "lender.toml",
        include_str!("../../templates/provider/protocol/lender.toml"),
    ),
    (
        "server.mjs",
        include_str!("../../templates/provider/protocol/server.mjs"),
    ),
    ("keys.toml", include_str!("../../templates/provider/protocol/keys.toml")),
    (
        "fixtures/question.json",
        include_str!("../../templates/provider/protocol/question.json"),
    ),
    (
        "fixtures/answer.json",
        include_str!("../../templates/provider/protocol/answer.json"),
    ),
    ("openapi.json", sdk::OPENAPI),
    ("README.md", include_str!("../../templates/provider/protocol/README.md")),
];
const RUST: &[Template] = &[
    // Named so that cargo does not take the template for a package.
    (
        "Cargo.toml",
        include_str!("../../templates/provider/rust/Cargo.toml.in"),
    ),
    ("src/lib.rs", include_str!("../../templates/provider/rust/lib.rs.in")),
    (
        "tests/lender.rs",
        include_str!("../../templates/provider/rust/lender.rs.in"),
    ),
    (
        "fixtures/quote.json",
        include_str!("../../templates/provider/rust/quote.json"),
    ),
    (
        "fixtures/loan.json",
        include_str!("../../templates/provider/rust/loan.json"),
    ),
    ("README.md", include_str!("../../templates/provider/rust/README.md")),
];

/// Makes the folder and says what to do next.
pub fn run(options: &Options) -> Result<ExitCode> {
    let name = checked(&options.name)?;
    let folder = options.into.clone().unwrap_or_else(|| PathBuf::from(&name));
    if folder.exists() {
        bail!("{} exists already: name another folder with --into", folder.display());
    }
    let (templates, sdk) = match options.level {
        Level::Manifest => (MANIFEST, None),
        Level::Protocol => (PROTOCOL, None),
        Level::Rust => (RUST, Some(sdk_folder(options.sdk.as_deref())?)),
    };
    let values = values(&name, sdk.as_deref())?;
    for (path, text) in templates {
        let path = folder.join(filled(path, &values));
        let parent = path.parent().context("a file has a folder")?;
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        std::fs::write(&path, filled(text, &values)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(sdk) = &sdk {
        // The versions that the SDK is tested with.
        let lock = sdk.join("../../Cargo.lock");
        if lock.is_file() {
            std::fs::copy(&lock, folder.join("Cargo.lock")).context("cannot copy Cargo.lock")?;
        }
    }
    super::print(&next(&name, options.level, &folder));
    Ok(ExitCode::SUCCESS)
}

fn checked(name: &str) -> Result<String> {
    let known = ProviderId::try_from(name.to_owned()).is_ok();
    if !known || !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.ends_with('-') || name.contains("--") {
        bail!("{name:?} is no name for a lender: a-z, 0-9 and single hyphens, a letter first");
    }
    Ok(name.to_owned())
}

/// The SDK as an absolute path.
fn sdk_folder(given: Option<&Path>) -> Result<PathBuf> {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../provider-adapters/sdk");
    let folder = given.unwrap_or_else(|| Path::new(ours));
    let found = folder.join("Cargo.toml").is_file();
    if !found {
        bail!("no provider SDK in {}: give its folder with --sdk", folder.display());
    }
    folder.canonicalize().context("the folder of the SDK")
}

fn values(name: &str, sdk: Option<&Path>) -> Result<Vec<(&'static str, String)>> {
    let parts = || name.split('-').filter(|part| !part.is_empty());
    let camel = parts().map(|part| part[..1].to_ascii_uppercase() + &part[1..]);
    let key = PrivateKey::development(name)?;
    let platform = PrivateKey::development("usance-dev")?;
    let mut values = vec![
        ("{{name}}", name.to_owned()),
        ("{{Name}}", camel.collect()),
        ("{{snake}}", name.replace('-', "_")),
        ("{{ENV}}", name.replace('-', "_").to_ascii_uppercase()),
        ("{{seed}}", STANDARD.encode(PrivateKey::development_seed(name))),
        ("{{public}}", key.public().to_base64()),
        ("{{platform_public}}", platform.public().to_base64()),
    ];
    if let Some(sdk) = sdk {
        values.push(("{{sdk}}", sdk.display().to_string()));
        values.push(("{{kit}}", sdk.with_file_name("kit").display().to_string()));
    }
    Ok(values)
}

fn filled(text: &str, values: &[(&str, String)]) -> String {
    values
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

fn next(name: &str, level: Level, folder: &Path) -> String {
    let steps: &[&str] = match level {
        Level::Manifest => &[
            "usance provider try {{name}}.toml --fixture fixtures/quote.toml   # red: its `todo` says why",
            "edit fixtures/ and {{name}}.toml until it is green",
            "usance provider check .   # the kit plays the lender, well and badly",
            "usance dev --lenders lenders.toml",
        ],
        Level::Protocol => &[
            "usance provider check .   # red: nobody answers yet",
            "node server.mjs &   # a server to begin with; or serve the four calls of openapi.json in your own language",
            "usance provider check .   # until it is green",
            "usance dev --lenders lender.toml",
        ],
        Level::Rust => &[
            "usance provider check .   # compiles, runs the kit; the test named todo_ is red and says why",
            "edit fixtures/ and src/lib.rs until it is green",
            "README.md says how it joins the server",
        ],
    };
    let steps: Vec<String> = steps.iter().map(|step| step.replace("{{name}}", name)).collect();
    let folder = folder.display();
    format!("Made {folder}. Next:\n  cd {folder}\n  {}\n", steps.join("\n  "))
}

#[cfg(test)]
#[path = "provider_new_tests.rs"]
mod tests;
