//! A lender that speaks provider protocol v1, wherever it runs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use domain::Money;
use kit::lender::{CallbackDesk, Options as Kit, PlatformKey, Target};
use lenders::protocol::{KeyConfig, ProtocolConfig};
use sdk::{Capabilities, Endpoint, NetworkPolicy, PrivateKey, PublicKey};

use super::{Exit, Options, print, progress, read};
use crate::clock::{SystemClock, UuidV7Ids};

const NETWORK: NetworkPolicy = NetworkPolicy::AllowLoopback;

pub(super) async fn check(options: &Options, target: Target) -> Result<Exit> {
    let kit = kit_options(options, &target)?;
    let report = kit::lender::check(&target, &kit, &progress(options)).await?;
    print(options, &report)
}

pub(super) fn at_address(options: &Options) -> Result<Target> {
    let Some(file) = &options.capabilities else {
        bail!(
            "a lender at an address needs --capabilities FILE and --lender-key ID=BASE64; or name a file with its entry"
        );
    };
    let capabilities: Capabilities = toml::from_str(&read(file)?).with_context(|| file.display().to_string())?;
    let key = |text: &String| {
        let (id, public) = text
            .split_once('=')
            .ok_or_else(|| anyhow!("--lender-key is ID=BASE64"))?;
        Ok(PublicKey::from_base64(id, public)?)
    };
    let keys = options.lender_keys.iter().map(key).collect::<Result<Vec<_>>>()?;
    let endpoint = Endpoint::parse(&options.target, NETWORK).context("the address of the lender")?;
    Ok(Target {
        endpoint,
        keys,
        capabilities,
    })
}

pub(super) fn of_config(config: &ProtocolConfig) -> Result<Target> {
    let key = |key: &KeyConfig| Ok(PublicKey::from_base64(&key.id, &key.public)?);
    Ok(Target {
        endpoint: Endpoint::parse(&config.url, NETWORK).context("the address of the lender")?,
        keys: config.keys.iter().map(key).collect::<Result<_>>()?,
        capabilities: config.capabilities.clone(),
    })
}

fn kit_options(options: &Options, target: &Target) -> Result<Kit> {
    let local = target.endpoint.as_str().starts_with("http://");
    let seed = match &options.platform_seed {
        Some(path) => seed(&read(path)?).with_context(|| format!("the key in {}", path.display()))?,
        // Everybody knows it: nothing may be signed with it that leaves this machine.
        None if local => PrivateKey::development_seed(&options.platform_key),
        None => bail!("a lender elsewhere needs --platform-key and --platform-seed: the development key is public"),
    };
    let key = PlatformKey {
        id: options.platform_key.clone(),
        seed,
    };
    let usual = Kit::new(key, NETWORK, Arc::new(SystemClock), Arc::new(UuidV7Ids));
    let reachable = local || options.callback_url.is_some();
    Ok(Kit {
        patience: Duration::from_secs(options.patience),
        payout_wait: options.payout_wait.map(Duration::from_secs),
        amount: options
            .amount
            .zip(target.capabilities.amounts.first())
            .map(|(minor, range)| Money::new(minor, range.currency)),
        only: options.only,
        callbacks: reachable.then(|| CallbackDesk {
            listen: options.callback_listen,
            public_url: options.callback_url.clone(),
        }),
        ..usual
    })
}

fn seed(text: &str) -> Result<[u8; 32]> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim())?;
    bytes.try_into().map_err(|_| anyhow!("expected the base64 of 32 bytes"))
}
