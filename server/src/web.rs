//! The web app and who may sign in to it, as configured.

use std::path::PathBuf;

use aggregator::sessions::SessionSettings;
use anyhow::{Context, Result, bail};
use chain::registry::Profile;
use domain::ids::TenantId;
use graphql::web::Site;
use serde::Deserialize;
use uuid::Uuid;

/// Environment variable that names the folder of the app.
const FOLDER: &str = "USANCE_WEB";

/// The web app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebConfig {
    /// Folder that `make web` filled; `USANCE_WEB` wins over it. None serves no app.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Address of the app as browsers open it; none means `public_url`. Without an `https` address nobody signs in, in production.
    #[serde(default)]
    pub url: Option<String>,
    /// The tenant that people who register become borrowers of; none: nobody registers.
    #[serde(default)]
    pub register_tenant: Option<Uuid>,
}

impl WebConfig {
    /// Of `usance dev`: the build of this checkout, if there is one.
    pub fn development(tenant: TenantId) -> Self {
        let beside = PathBuf::from("web/dist");
        let checkout = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../web/dist"));
        let built = |folder: &PathBuf| folder.join("index.html").is_file();
        let places = if cfg!(debug_assertions) {
            vec![beside, checkout]
        } else {
            vec![beside]
        };
        Self {
            folder: places.into_iter().find(built),
            url: None,
            register_tenant: Some(tenant.0),
        }
    }

    /// Refuses what production must not have.
    pub fn check(&self, profile: Profile) -> Result<()> {
        let plain = self.url.as_ref().is_some_and(|url| !url.starts_with("https://"));
        if profile == Profile::Production && plain {
            bail!("web.url begins with https:// in production: its cookies are for no other");
        }
        Ok(())
    }

    /// How people sign in.
    pub fn sessions(&self, profile: Profile) -> SessionSettings {
        SessionSettings {
            public_tenant: self.register_tenant.map(TenantId),
            refuse_development: profile == Profile::Production,
            ..SessionSettings::default()
        }
    }

    /// The site; its files are read now.
    pub fn site(&self, profile: Profile, public_url: Option<&str>) -> Result<Site> {
        let production = profile == Profile::Production;
        let url = self.url.as_deref().or(public_url);
        let url = url.filter(|url| !production || url.starts_with("https://"));
        let site = Site::new(url, production);
        let named = std::env::var_os(FOLDER).filter(|name| !name.is_empty());
        match named.map(PathBuf::from).or_else(|| self.folder.clone()) {
            Some(folder) => site
                .with_folder(&folder)
                .context("web.folder (USANCE_WEB): run `make web` in the checkout"),
            None => Ok(site),
        }
    }
}
