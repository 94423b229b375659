//! How often somebody may try. Counted before anything is compared, in the database, so that every process counts the same; keys are
//! keyed hashes.

use std::net::IpAddr;

use chrono::Duration;

use super::{People, SessionError};
use crate::store::sessions as rows;

/// A window begins with the first try.
const WINDOW: Duration = Duration::minutes(15);
/// Tries for one login from one address.
const PAIR: i32 = 10;
/// Tries for one login from anywhere.
const LOGIN: i32 = 50;
/// Passwords and wallets tried from one address.
const ADDRESS: i32 = 300;
/// Registrations from one address.
const REGISTER: i32 = 30;

/// What is tried.
#[derive(Clone, Copy)]
pub(super) enum Try {
    /// A password of that login's hash.
    Password([u8; 32]),
    /// A new login.
    Register,
    /// A wallet.
    Wallet,
}

/// An address as it is counted: of IPv6 the network, since a customer has a whole one.
fn network(from: Option<IpAddr>) -> Vec<u8> {
    match from.map(|ip| ip.to_canonical()) {
        Some(IpAddr::V4(v4)) => v4.octets().to_vec(),
        Some(IpAddr::V6(v6)) => v6.octets()[..8].to_vec(),
        None => Vec::new(),
    }
}

impl People<'_> {
    /// Counts a try, or says how long to wait.
    pub(super) async fn count(&self, what: Try, from: Option<IpAddr>) -> Result<(), SessionError> {
        let address = self.vault.keyed("address", &network(from)).await?;
        let counted: Vec<(&str, [u8; 32], i32)> = match what {
            Try::Password(login) => vec![
                ("PAIR", self.pair(login, from).await?, PAIR),
                ("LOGIN", login, LOGIN),
                ("ADDRESS", address, ADDRESS),
            ],
            Try::Register => vec![("REGISTER", address, REGISTER)],
            Try::Wallet => vec![("ADDRESS", address, ADDRESS)],
        };
        let now = self.now();
        let mut conn = self.db.acquire().await?;
        let mut wait = None;
        for (kind, key, most) in counted {
            let (since, tries) = rows::count_try(&mut conn, (kind, &key), (now, now - WINDOW)).await?;
            if tries > most {
                let left = (since + WINDOW - now).num_seconds().max(1);
                wait = wait.max(u32::try_from(left).ok());
            }
        }
        match wait {
            Some(seconds) => {
                metrics::counter!("usance_sign_in_refused_total", "why" => "rate").increment(1);
                Err(SessionError::TooMany { seconds })
            }
            None => Ok(()),
        }
    }

    /// A right password begins the count of its login anew.
    pub(super) async fn forgive(&self, login: [u8; 32], from: Option<IpAddr>) -> Result<(), SessionError> {
        let pair = self.pair(login, from).await?;
        let mut conn = self.db.acquire().await?;
        rows::forget_tries(&mut conn, ("PAIR", &pair)).await?;
        Ok(())
    }

    async fn pair(&self, login: [u8; 32], from: Option<IpAddr>) -> Result<[u8; 32], SessionError> {
        let both = [login.as_slice(), &network(from)].concat();
        Ok(self.vault.keyed("login and address", &both).await?)
    }
}
