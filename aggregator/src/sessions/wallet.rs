//! Sign-In with Ethereum (ERC-4361). We write the message and keep its digest: what comes back is either that text, to the letter, or
//! refused. So site, address, chain, nonce and times are checked by one comparison, and no parser stands between.

use std::net::IpAddr;

use ::audit::Code;
use alloy_primitives::{Address, Bytes, Signature, eip191_hash_message};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use domain::Role;
use domain::ports::{ChainError, ChainReader};
use sha2::{Digest, Sha256};

use super::passwords::random_text;
use super::people::NewPerson;
use super::tries::Try;
use super::{People, SessionError, SignedIn};
use crate::api::Error;
use crate::store::sessions::{self as rows, ChallengeRow};

/// How long a message can be signed.
const VALID: Duration = Duration::minutes(10);
/// Longest signature, bytes: what a contract wallet may need.
const LONGEST_SIGNATURE: usize = 4_096;
/// Largest chain id that every reader of JSON takes.
const LARGEST_CHAIN: u64 = (1 << 53) - 1;

/// The site that a wallet shows: ours, as the browser sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletSite {
    /// Origin, for example `https://usance.example`.
    pub origin: String,
}

impl WalletSite {
    fn domain(&self) -> &str {
        self.origin
            .split_once("://")
            .map_or(self.origin.as_str(), |(_, host)| host)
    }
}

/// What a wallet is asked to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The text, to be signed by `personal_sign` as it is.
    pub message: String,
    /// Good once.
    pub nonce: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

fn message(site: &WalletSite, address: Address, row: &ChallengeRow) -> String {
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!(
        "{domain} wants you to sign in with your Ethereum account:\n{address}\n\nSign in to Usance. This costs nothing and moves \
         nothing.\n\nURI: {origin}/\nVersion: 1\nChain ID: {chain}\nNonce: {nonce}\nIssued At: {issued}\nExpiration Time: {expires}",
        domain = site.domain(),
        address = address.to_checksum(None),
        origin = site.origin,
        chain = row.chain_id,
        nonce = row.nonce,
        issued = stamp(row.issued_at),
        expires = stamp(row.expires_at),
    )
}

fn digest(message: &str) -> [u8; 32] {
    Sha256::digest(message.as_bytes()).into()
}

impl People<'_> {
    /// A message for that address to sign.
    pub async fn challenge(
        &self,
        site: &WalletSite,
        (address, chain_id): (&str, u64),
        from: Option<IpAddr>,
    ) -> Result<Challenge, SessionError> {
        let address: Address = address
            .parse()
            .map_err(|_| Error::invalid("address", "0x and 40 hexadecimal digits"))?;
        if chain_id == 0 || chain_id > LARGEST_CHAIN {
            return Err(Error::invalid("chainId", "an EIP-155 chain id").into());
        }
        self.count(Try::Wallet, from).await?;
        let now = self.now();
        let row = ChallengeRow {
            nonce: random_text(24),
            origin: site.origin.clone(),
            address: address.to_vec(),
            chain_id: chain_id.cast_signed(),
            issued_at: now,
            expires_at: now + VALID,
            used_at: None,
        };
        let message = message(site, address, &row);
        let mut conn = self.db.acquire().await?;
        rows::add_challenge(&mut conn, &digest(&message), &row).await?;
        Ok(Challenge {
            message,
            nonce: row.nonce,
            expires_at: row.expires_at,
        })
    }

    /// Signs in by a signed message; an address that nobody has becomes a new borrower of the public tenant.
    ///
    /// `WALLET_MESSAGE`: not a text that we gave out for this site; `WALLET_EXPIRED`: too late, or used; `WALLET_SIGNATURE`: not the
    /// address's. A contract wallet is asked on its chain (ERC-1271), where that chain is configured.
    pub async fn sign_in_by_wallet(
        &self,
        site: &WalletSite,
        (message, signature): (&str, &str),
        reader: &dyn ChainReader,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, SessionError> {
        self.count(Try::Wallet, from).await?;
        let signature: Bytes = signature
            .parse()
            .ok()
            .filter(|bytes: &Bytes| !bytes.is_empty() && bytes.len() <= LONGEST_SIGNATURE)
            .ok_or_else(|| Error::invalid("signature", "0x and hexadecimal digits"))?;
        let sha256 = digest(message);
        let mut conn = self.db.acquire().await?;
        let row = rows::challenge(&mut conn, &sha256).await?;
        drop(conn);
        let row = row
            .filter(|row| row.origin == site.origin)
            .ok_or(SessionError::Denied("WALLET_MESSAGE"))?;
        let now = self.now();
        if row.used_at.is_some() || now < row.issued_at || now >= row.expires_at {
            return Err(SessionError::Denied("WALLET_EXPIRED"));
        }
        let address = Address::try_from(row.address.as_slice()).map_err(crate::store::corrupt)?;
        let chain_id = row.chain_id.cast_unsigned();
        if !signed(reader, (chain_id, address), (message, &signature)).await? {
            metrics::counter!("usance_sign_in_refused_total", "why" => "wallet").increment(1);
            return Err(SessionError::Denied("WALLET_SIGNATURE"));
        }
        let mut conn = self.db.acquire().await?;
        if !rows::use_challenge(&mut conn, &sha256, now).await? {
            return Err(SessionError::Denied("WALLET_EXPIRED"));
        }
        drop(conn);
        self.owner(address).await
    }

    /// Who has that wallet, or a new borrower.
    async fn owner(&self, address: Address) -> Result<SignedIn, SessionError> {
        let hmac = self.vault.keyed("wallet", address.as_slice()).await?;
        for _ in 0..2 {
            let mut conn = self.db.acquire().await?;
            if let Some(row) = rows::login(&mut conn, &hmac).await? {
                let principal = self.principal(&mut conn, row.principal_id).await?;
                drop(conn);
                let name = self.name(&row, &principal).await?;
                return self.begin_session((&row, principal), name, Code::of("WALLET")).await;
            }
            drop(conn);
            let person = NewPerson {
                id: None,
                login: address.to_checksum(None),
                tenant: self.public_tenant()?,
                role: Role::Borrower,
                provider: None,
                groups: Vec::new(),
            };
            // Somebody else may have been quicker: then there is such a login.
            if let Some((row, principal)) = self.store_person(&person, (hmac, None), "WALLET").await? {
                let begun = self.begin_session((&row, principal), person.login, Code::of("REGISTERED"));
                return begun.await;
            }
        }
        Err(Error::NotFound.into())
    }
}

/// Whether the account, or the contract at its address, signed that text.
async fn signed(
    reader: &dyn ChainReader,
    (chain_id, address): (u64, Address),
    (message, signature): (&str, &Bytes),
) -> Result<bool, Error> {
    let hash = eip191_hash_message(message.as_bytes());
    let account = Signature::try_from(signature.as_ref()).ok();
    let by = account.and_then(|signature| signature.recover_address_from_prehash(&hash).ok());
    if by == Some(address) {
        return Ok(true);
    }
    match reader.signature_valid(chain_id, address, hash, signature).await {
        Ok(valid) => Ok(valid),
        Err(ChainError::UnknownChain(_)) => Ok(false),
        Err(error) => Err(Error::Unavailable(Box::new(error))),
    }
}
