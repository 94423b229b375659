//! Who a borrower is, by a service that checks identity documents, and what is known of a wallet.
//!
//! A [`Verifier`] is a vendor behind the true wire; sessions, levels, expiry and people's reviews stay with us. What a vendor found of a
//! person is personal data: `Debug` prints none of it.

use std::fmt;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A service that verifies identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// Sumsub.
    Sumsub,
    /// Jumio.
    Jumio,
}

impl Vendor {
    /// Every vendor.
    pub const ALL: [Self; 2] = [Self::Sumsub, Self::Jumio];

    /// The name as stored and in the address of its webhooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sumsub => "sumsub",
            Self::Jumio => "jumio",
        }
    }

    /// The vendor of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.as_str() == text)
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the borrower says of themselves, for the vendor to compare with the documents. Every field may be left out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClaimedPerson {
    /// Full name, as on the identity document.
    pub full_name: Option<String>,
    /// Day of birth.
    pub born: Option<NaiveDate>,
    /// ISO 3166-1 alpha-2 of the residence.
    pub country: Option<String>,
}

impl fmt::Debug for ClaimedPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimedPerson(personal data)")
    }
}

/// What the documents say.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedPerson {
    /// Given names.
    pub given_names: String,
    /// Family names.
    pub family_names: String,
    /// Day of birth.
    pub born: Option<NaiveDate>,
    /// Country of the document or of the residence, as the vendor writes it (alpha-2 or alpha-3).
    pub country: Option<String>,
}

impl fmt::Debug for VerifiedPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedPerson(personal data)")
    }
}

/// The consent that the borrower gave before the vendor takes pictures.
#[derive(Clone, PartialEq, Eq)]
pub struct BiometricConsent {
    /// When it was given.
    pub at: DateTime<Utc>,
    /// Address of the borrower's device.
    pub ip: Option<String>,
    /// ISO 3166-1 alpha-2 of where the borrower is.
    pub country: Option<String>,
    /// Subdivision without the country.
    pub region: Option<String>,
}

impl fmt::Debug for BiometricConsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BiometricConsent(personal data)")
    }
}

/// A session to begin at the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVerification<'a> {
    /// Our session: the name under which the vendor knows the person. It is the idempotency key.
    pub session: Uuid,
    /// The vendor's name of what is checked: a level at Sumsub, a workflow key at Jumio.
    pub level: &'a str,
    /// What the borrower says.
    pub claimed: &'a ClaimedPerson,
    /// The consent.
    pub consent: &'a BiometricConsent,
}

/// How the vendor names a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VendorRef {
    /// Our session.
    pub session: Uuid,
    /// The vendor's name of the person: an applicant, an account.
    pub subject: String,
    /// The vendor's name of this run of the checks, where it has one.
    pub run: Option<String>,
    /// The level that was asked for.
    pub level: String,
}

/// A session that exists at the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its names.
    pub reference: VendorRef,
    /// The page for the borrower, where the vendor gives it at once.
    pub link: Option<WebLink>,
}

/// A page of the vendor's where the borrower shows documents and face. Who has it can act as the borrower: it does not print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebLink {
    /// The page.
    pub url: String,
    /// Until when it can be opened.
    pub until: DateTime<Utc>,
}

impl fmt::Debug for WebLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebLink(until {})", self.until)
    }
}

/// A token for the vendor's software on the borrower's device. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken {
    /// The token.
    pub token: String,
    /// Until when it is good.
    pub until: DateTime<Utc>,
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceToken(until {})", self.until)
    }
}

/// A session that the borrower enters once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again<'a> {
    /// The session.
    pub of: &'a VendorRef,
    /// The consent, for a vendor that begins a new run.
    pub consent: &'a BiometricConsent,
}

/// A way in for the borrower, and the session as the vendor names it from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// The session.
    pub reference: VendorRef,
    /// The way in.
    pub way: T,
}

/// Whether a rejected person may try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RejectKind {
    /// Better pictures or other documents may pass.
    Retry,
    /// Nothing that this person sends will pass.
    Final,
}

/// Why the vendor rejected. The two comments are kept apart by type, so that one is not shown as the other.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Whether another try makes sense.
    pub kind: RejectKind,
    /// The vendor's codes.
    pub labels: Vec<String>,
    /// May be shown to the borrower.
    pub public_comment: Option<PublicComment>,
    /// For our officers only.
    pub private_comment: Option<PrivateComment>,
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rejection({:?}, {:?})", self.kind, self.labels)
    }
}

/// A vendor's words for the borrower. They may quote documents, so they do not print.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicComment(pub String);

/// A vendor's words for us, which the borrower must not see.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateComment(pub String);

impl fmt::Debug for PublicComment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicComment")
    }
}

impl fmt::Debug for PrivateComment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateComment")
    }
}

/// Where a session stands at the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VendorStatus {
    /// Waits for the borrower.
    AwaitingUser,
    /// The vendor checks.
    Pending,
    /// A person at the vendor has to look, or we have to.
    OnHold,
    /// The documents are good and belong to the person. None where the vendor shows no name: then ours cannot be compared.
    Approved(Option<VerifiedPerson>),
    /// They are not.
    Rejected(Rejection),
    /// The borrower did not come in time: a new session is needed.
    Expired,
    /// The vendor has forgotten the person.
    Deleted,
}

/// What the vendor says of a session when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it stands.
    pub status: VendorStatus,
    /// How often the borrower has handed in, where the vendor counts.
    pub attempts: Option<u32>,
    /// The level that was checked, as the vendor names it. It may be another than was asked for.
    pub level: Option<String>,
}

/// A webhook as it came in: the bytes that were sent, nothing decoded.
#[derive(Clone, Copy)]
pub struct Hook<'a> {
    /// What stands after the vendor in the address.
    pub token: Option<&'a str>,
    /// Names in lower case, and values, as often as they were sent.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
    /// When it came.
    pub at: DateTime<Utc>,
}

impl fmt::Debug for Hook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({} bytes)", self.body.len())
    }
}

impl<'a> Hook<'a> {
    /// The value of a header that was sent exactly once. Sent twice it is as good as missing: which one was signed?
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut all = self.headers.iter().filter(|(given, _)| *given == name);
        let first = all.next().map(|(_, value)| *value);
        if all.next().is_some() { None } else { first }
    }
}

/// What a webhook that passed every check says. It is a reason to ask the vendor, not the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookEvent {
    /// Our session.
    pub session: Uuid,
    /// The vendor's name of the person, to be the one of the session.
    pub subject: String,
    /// The vendor's name of the run, where it has one.
    pub run: Option<String>,
    /// What happened, in the vendor's word.
    pub kind: String,
    /// When it happened at the vendor, milliseconds since 1970: the order of events of a session.
    pub at_ms: i64,
    /// What makes this event the same as another: a second one is dropped.
    pub dedupe: String,
}

/// Why a webhook is not taken. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HookRefusal {
    /// We have no secret to check it with: nothing is taken.
    #[error("no webhook secret is configured")]
    NoSecret,
    /// Digest or token is missing or wrong.
    #[error("the digest is not right")]
    Digest,
    /// Digested by an algorithm other than the one agreed.
    #[error("the digest algorithm is not the agreed one")]
    Algorithm,
    /// Of the vendor's sandbox, in production.
    #[error("of a sandbox")]
    Sandbox,
    /// Authentic, but not readable, or of a time that cannot be.
    #[error("not readable")]
    Malformed,
}

impl HookRefusal {
    /// The code in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSecret => "NO_SECRET",
            Self::Digest => "DIGEST",
            Self::Algorithm => "ALGORITHM",
            Self::Sandbox => "SANDBOX",
            Self::Malformed => "MALFORMED",
        }
    }
}

/// Why a vendor did not answer, by what we do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The vendor knows nobody like that.
    #[error("the vendor knows no such session")]
    Unknown,
    /// Too many calls: ask again after that time, where it is known.
    #[error("rate limited")]
    RateLimited {
        /// What the vendor asks for.
        retry_after: Option<Duration>,
    },
    /// No answer before the deadline: ask again.
    #[error("no answer in time")]
    TimedOut,
    /// Not reachable or broken on their side: ask again.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The vendor refuses us (credentials, signature, wrong environment): tell an operator.
    #[error("the vendor refused our request: {0}")]
    Refused(String),
    /// The answer does not make sense: a person has to look.
    #[error("malformed answer in {field}: {detail}")]
    Malformed {
        /// The field.
        field: String,
        /// What is wrong with it; nothing that the vendor wrote.
        detail: String,
    },
}

impl VerifyError {
    /// The code in records and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::TimedOut => "TIMED_OUT",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::Refused(_) => "REFUSED",
            Self::Malformed { .. } => "MALFORMED",
        }
    }

    /// Whether asking again later may help without anybody doing something.
    pub fn passes(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::TimedOut | Self::Unavailable(_))
    }

    /// The answer makes no sense in that field.
    pub fn malformed(field: &str, detail: &str) -> Self {
        Self::Malformed {
            field: field.to_owned(),
            detail: detail.to_owned(),
        }
    }
}

/// A service that verifies identities. Adapters stay naive: retries, queues and people are around them.
#[async_trait]
pub trait Verifier: Send + Sync {
    /// Which service.
    fn vendor(&self) -> Vendor;

    /// Begins a session. `new.session` is the idempotency key: repeated, it finds what the first call made.
    async fn begin(&self, new: &NewVerification<'_>, deadline: Instant) -> Result<Begun, VerifyError>;

    /// A page for the borrower, good for about `ttl`. A vendor may begin a new run for it: the reference that comes back is the one that
    /// counts from then on, and is stored before the page is shown.
    async fn link(&self, again: &Again<'_>, ttl: Duration, deadline: Instant) -> Result<Entry<WebLink>, VerifyError>;

    /// A token for the vendor's software on the borrower's device, good for about `ttl`. Of the reference the same holds.
    async fn token(
        &self,
        again: &Again<'_>,
        ttl: Duration,
        deadline: Instant,
    ) -> Result<Entry<DeviceToken>, VerifyError>;

    /// Where the session stands now. The address is built of our own names, never of what a webhook says.
    async fn fetch(&self, of: &VendorRef, deadline: Instant) -> Result<Snapshot, VerifyError>;

    /// Has the vendor forget the person. Repeating it changes nothing.
    async fn delete(&self, of: &VendorRef, deadline: Instant) -> Result<(), VerifyError>;

    /// Checks a webhook over its raw bytes and reads it. Pure: the vendor is not asked.
    fn read_hook(&self, hook: Hook<'_>) -> Result<HookEvent, HookRefusal>;
}

/// What is thought of a wallet. They are ordered: of several verdicts the worst counts, and unknown is never clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WalletVerdict {
    /// Nothing is known against it.
    Clear,
    /// Nobody could say: to be treated like `Review`.
    Unknown,
    /// A person has to look.
    Review,
    /// No money goes to it or comes from it.
    Block,
}

impl WalletVerdict {
    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Unknown => "UNKNOWN",
            Self::Review => "REVIEW",
            Self::Block => "BLOCK",
        }
    }
}

/// A wallet to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletSubject {
    /// The address as its chain writes it.
    pub address: String,
    /// EIP-155 chain id of an EVM address; none for another chain.
    pub chain_id: Option<u64>,
}

/// What a verdict rests on. Addresses of others and names of people are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletEvidence {
    /// Who says it: `elliptic`, `chainalysis-api`, a list.
    pub source: String,
    /// What it is about, in the source's words: `sanctions`, a rule's name.
    pub category: String,
    /// Risk score of the source in its own unit, as text; none when it gives none.
    pub score: Option<String>,
    /// The source's reference of the screening, where it gives one.
    pub reference: Option<String>,
}

/// What a source says of a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletScreening {
    /// The verdict.
    pub verdict: WalletVerdict,
    /// What it rests on; empty when nothing is known against the wallet.
    pub evidence: Vec<WalletEvidence>,
    /// When the source was asked.
    pub at: DateTime<Utc>,
}

/// A service that knows wallets. An error is never a clearance: the caller takes it for [`WalletVerdict::Unknown`].
#[async_trait]
pub trait WalletScreener: Send + Sync {
    /// The source's name in evidence.
    fn name(&self) -> &str;

    /// What is known of a wallet now. Safe to repeat.
    async fn screen(&self, wallet: &WalletSubject, deadline: Instant) -> Result<WalletScreening, VerifyError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_person_and_what_opens_a_session_does_not_print() {
        let person = VerifiedPerson {
            given_names: "Ada".into(),
            family_names: "Canary".into(),
            born: None,
            country: None,
        };
        let rejection = Rejection {
            kind: RejectKind::Final,
            labels: vec!["FORGERY".into()],
            public_comment: Some(PublicComment("Canary".into())),
            private_comment: Some(PrivateComment("Canary".into())),
        };
        let link = WebLink {
            url: "https://canary".into(),
            until: DateTime::UNIX_EPOCH,
        };
        let claimed = ClaimedPerson {
            full_name: Some("Canary".into()),
            ..ClaimedPerson::default()
        };
        let printed = format!("{person:?} {rejection:?} {link:?} {claimed:?}");
        assert!(!printed.to_lowercase().contains("canary"), "{printed}");
        assert!(printed.contains("FORGERY"), "codes are no personal data");
    }

    #[test]
    fn a_header_that_was_sent_twice_counts_as_missing() {
        let hook = |headers: &'static [(&'static str, &'static str)]| Hook {
            token: None,
            headers,
            body: b"",
            at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(hook(&[("a", "1"), ("b", "2")]).header("a"), Some("1"));
        assert_eq!(hook(&[("a", "1"), ("a", "1")]).header("a"), None);
        assert_eq!(hook(&[]).header("a"), None);
    }

    #[test]
    fn the_worst_verdict_counts_and_unknown_is_not_clear() {
        use WalletVerdict::{Block, Clear, Review, Unknown};
        assert_eq!([Clear, Unknown].into_iter().max(), Some(Unknown));
        assert_eq!([Unknown, Review, Clear].into_iter().max(), Some(Review));
        assert_eq!([Block, Review].into_iter().max(), Some(Block));
    }
}
