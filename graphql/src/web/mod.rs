//! The web app: files that a build made, read once at start, and the address that browsers know us by.

mod files;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use axum::http::{HeaderMap, header};

pub(crate) use serve::page;

/// The files cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the web app in {} cannot be read", .folder.display())]
pub struct BadFolder {
    folder: PathBuf,
    #[source]
    source: std::io::Error,
}

/// Where browsers find us, and what they get.
#[derive(Debug, Default)]
pub struct Site {
    origin: Option<String>,
    production: bool,
    files: HashMap<String, files::File>,
}

impl Site {
    /// The site at `url`; in development also at every address of this machine itself.
    pub fn new(url: Option<&str>, production: bool) -> Self {
        Self {
            origin: url.and_then(origin_of),
            production,
            files: HashMap::new(),
        }
    }

    /// With the files of that folder: `index.html`, and what it asks for.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, BadFolder> {
        let bad = |source| BadFolder {
            folder: folder.to_owned(),
            source,
        };
        self.files = files::read(folder).map_err(bad)?;
        if !self.files.contains_key(files::PAGE) {
            return Err(bad(std::io::Error::other("index.html is missing")));
        }
        Ok(self)
    }

    /// Our origin as the browser of a request sees it. Development takes the request's word for it when that names this machine itself:
    /// another name may be a stranger's that leads here.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> Option<String> {
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let local = host.filter(|host| !self.production && is_loopback(host));
        match local {
            Some(host) => Some(format!("http://{}", host.to_ascii_lowercase())),
            None => self.origin.clone(),
        }
    }
}

/// Scheme, host and port of a URL, as browsers write an origin.
fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let host = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    (!host.is_empty() && !host.contains('@')).then(|| format!("{scheme}://{host}"))
}

/// Whether a `Host` names this machine itself.
fn is_loopback(host: &str) -> bool {
    let uri: Option<axum::http::uri::Authority> = host.parse().ok();
    let Some(authority) = uri.filter(|authority| !authority.as_str().contains('@')) else {
        return false;
    };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
