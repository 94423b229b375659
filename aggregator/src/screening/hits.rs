//! Hits of sanctions screening: what officers decided about them counts, and what nobody decided yet opens a case.
//!
//! A decision of officers holds for one customer, one entry and the fields of both sides as they were: their fingerprint is a keyed hash
//! over all that identifies the entry and over the customer's name, date of birth and country. When either side changes, so does the
//! fingerprint, and the hit counts again. Listed wallets are never lifted.

use std::collections::HashMap;

use ::privacy::{BlindKey, Purpose};
use compliance::screening::{Hit, HitKind, Lists, Ruling, Screening};
use domain::ids::{PrincipalId, RequestId, TenantId};
use domain::request::CreditRequest;
use screening::{Entity, plain_name};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::wallets::Asked;
use crate::World;
use crate::api::Error;
use crate::cases::{self, CaseKind, Severity, Verdict};
use crate::store::cases::Disposition;
use crate::store::lending::SettlementRow;
use crate::store::{Unreadable, corrupt, quoting, screening as rows, to_json};

/// Where fingerprints lie: a key of their own.
const COLUMN: (&str, &str) = ("cases.case", "matched_hash");

/// A hit that counts, ready to become a case.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    entity: String,
    matched_hash: [u8; 32],
    severity: Severity,
    evidence: Value,
}

/// What screening a customer came to.
#[derive(Clone, Debug)]
pub(crate) struct Screened {
    /// The evidence, without what officers lifted.
    pub screening: Screening,
    /// The hits that count.
    pub found: Vec<Found>,
}

/// The name of an entry in cases. A wallet is another matter than the name of the same entry.
fn entity_of(hit: &Hit) -> String {
    let name = format!("{}:{}", hit.list, hit.entry);
    let name = if hit.kind == HitKind::Wallet {
        format!("{WALLET}{name}")
    } else {
        name
    };
    name.chars().take(200).collect()
}

const WALLET: &str = "wallet:";

/// Whether a case is about a listed wallet.
pub(crate) fn is_wallet(entity: &str) -> bool {
    entity.starts_with(WALLET)
}

/// Values in an order of their own: a list that prints them in another order says the same.
fn sorted<T: Serialize>(values: &[T]) -> Result<Vec<String>, Error> {
    let mut texts = values.iter().map(to_json).collect::<Result<Vec<_>, _>>()?;
    texts.sort();
    texts.dedup();
    Ok(texts)
}

/// All that identifies an entry, in one form. Programs are left out: they say why it is listed, not who it is.
fn identity_of(entity: &Entity) -> Result<String, Error> {
    to_json(&(
        entity.kind,
        entity.gender,
        sorted(&entity.names)?,
        sorted(&entity.births)?,
        sorted(&entity.countries)?,
        sorted(&entity.identifiers)?,
    ))
}

/// The fingerprint of what was compared, of one person.
fn fingerprint(key: &BlindKey, person: PrincipalId, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
    let hash = key.fingerprint(person.0, parts);
    hash.ok_or_else(|| corrupt(Unreadable("key of fingerprints")))
}

/// Whose hits are looked at, and what is compared of them.
struct Side<'a> {
    key: BlindKey,
    lists: &'a Lists,
    request: &'a CreditRequest,
}

impl Side<'_> {
    /// The fingerprint of the fields of both sides.
    fn fingerprint(&self, hit: &Hit) -> Result<[u8; 32], Error> {
        let (listed, own) = if hit.kind == HitKind::Wallet {
            let wallet = self.request.wallet.map(|wallet| wallet.to_checksum(None));
            (Vec::new(), wallet.unwrap_or_default())
        } else {
            let entries = self.lists.entries(&hit.list, &hit.entry);
            let mut listed = entries.map(identity_of).collect::<Result<Vec<_>, _>>()?;
            listed.sort();
            let applicant = &self.request.applicant;
            let own = (
                plain_name(&applicant.full_name),
                applicant.date_of_birth,
                &self.request.jurisdiction.country,
            );
            (listed, to_json(&own)?)
        };
        let (kind, listed) = (to_json(&hit.kind)?, to_json(&listed)?);
        let parts = [&hit.list, &hit.entry, &kind, &listed, &own].map(String::as_bytes);
        fingerprint(&self.key, self.request.borrower, &parts)
    }

    /// What officers decided about a hit, when that still holds.
    fn ruling(
        &self,
        decided: &HashMap<String, Disposition>,
        hit: &Hit,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Option<Ruling> {
        let last = decided.get(&entity_of(hit))?;
        let same = self.fingerprint(hit).ok()?;
        if last.verdict == Verdict::TrueHit {
            return (last.matched_hash == same).then_some(Ruling::Confirmed(last.case_id));
        }
        cases::holds(last, &same, now).then_some(Ruling::Lifted(last.case_id))
    }

    fn found(&self, screening: &Screening, hit: &Hit) -> Result<Found, Error> {
        Ok(Found {
            entity: entity_of(hit),
            matched_hash: self.fingerprint(hit)?,
            severity: if hit.kind.blocks() {
                Severity::Block
            } else {
                Severity::Review
            },
            evidence: json!({
                "hit": hit, "listVersion": screening.list_version, "engineVersion": screening.engine_version,
                "thresholds": screening.thresholds,
            }),
        })
    }
}

fn plain(world: &World, lists: &Lists, request: &CreditRequest) -> Screening {
    let wallet = request.wallet.map(|wallet| wallet.to_checksum(None));
    lists.screen(
        &request.applicant.full_name,
        wallet.as_deref(),
        world.screening.thresholds(),
    )
}

/// Screens a customer by the lists of now. Who is on none costs no look at the database.
pub(crate) async fn screen(world: &World, request: &CreditRequest) -> Result<Screened, Error> {
    let lists = world.screening.current();
    let screening = plain(world, &lists, request);
    if screening.hits.is_empty() {
        return Ok(Screened {
            screening,
            found: Vec::new(),
        });
    }
    let mut conn = world.db.acquire().await?;
    ruled(&mut conn, world, (&lists, request), screening).await
}

/// The same in the caller's transaction.
pub(crate) async fn screen_in(
    conn: &mut PgConnection,
    world: &World,
    request: &CreditRequest,
) -> Result<Screened, Error> {
    let lists = world.screening.current();
    let screening = plain(world, &lists, request);
    ruled(conn, world, (&lists, request), screening).await
}

/// What was found, after what officers decided about it.
pub(crate) async fn ruled(
    conn: &mut PgConnection,
    world: &World,
    (lists, request): (&Lists, &CreditRequest),
    mut screening: Screening,
) -> Result<Screened, Error> {
    let mut found = Vec::new();
    if screening.hits.is_empty() {
        return Ok(Screened { screening, found });
    }
    let key = world.vault.fingerprints(request.tenant.0, COLUMN).await?;
    let side = Side { key, lists, request };
    let decided = cases::decided(conn, (request.tenant, request.borrower)).await?;
    if screening.hits.iter().any(|hit| decided.contains_key(&entity_of(hit))) {
        let now = world.clock.now();
        let wallet = request.wallet.map(|wallet| wallet.to_checksum(None));
        let who = (request.applicant.full_name.as_str(), wallet.as_deref());
        screening = lists.screen_ruled(who, screening.thresholds, &|hit| side.ruling(&decided, hit, now));
    }
    for hit in &screening.hits {
        found.push(side.found(&screening, hit)?);
    }
    Ok(Screened { screening, found })
}

/// Opens a case for each hit that counts, in the transaction that stores what was decided about the request.
pub(crate) async fn open_cases(
    conn: &mut PgConnection,
    world: &World,
    request: (TenantId, PrincipalId, RequestId),
    (stage, found): (&str, &[Found]),
) -> Result<(), Error> {
    let (tenant, subject, id) = request;
    for found in found {
        let mut evidence = found.evidence.clone();
        evidence["stage"] = stage.into();
        evidence["request"] = id.to_string().into();
        let hit = cases::Hit {
            tenant,
            subject,
            kind: CaseKind::ScreeningHit,
            severity: found.severity,
            entity: &found.entity,
            matched_hash: found.matched_hash,
            evidence,
            raised_by: None,
        };
        cases::open_hit(conn, world, &hit).await?;
    }
    Ok(())
}

/// What screening says of a request now, where a change of lists hit it after it was decided about: officers may have decided since, and
/// the lists may have changed again. None when no change hit it.
pub(crate) async fn verdict_now(
    conn: &mut PgConnection,
    world: &World,
    request: RequestId,
) -> Result<Option<String>, Error> {
    let stored = rows::verdict_of_request(conn, request.0).await?;
    if stored.as_deref().is_none_or(|verdict| verdict == "CLEAR") {
        return Ok(stored);
    }
    let Some(row) = quoting::request(conn, request).await? else {
        return Ok(stored);
    };
    let whole = match crate::quoting::whole(conn, world, &row.asked.request, Purpose::Screening).await {
        Ok(whole) => whole,
        // Nobody can look any more: what was found then stays.
        Err(Error::Refused(refusal)) if refusal.code == "ERASED" => return Ok(stored),
        Err(error) => return Err(error),
    };
    let screened = screen_in(conn, world, &whole).await?;
    Ok(Some(
        super::verdict(&screened.screening, whole.wallet.is_some()).to_owned(),
    ))
}

/// The listed wallets of a settlement, ready to become cases.
pub(crate) async fn wallets_found(
    world: &World,
    row: &SettlementRow,
    listed: &[(&str, &str, &Hit)],
) -> Result<Vec<Found>, Error> {
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let key = world.vault.fingerprints(row.tenant.0, COLUMN).await?;
    let mut found = Vec::new();
    for (role, wallet, hit) in listed {
        let parts = [role, wallet, hit.list.as_str(), hit.entry.as_str()].map(str::as_bytes);
        found.push(Found {
            entity: entity_of(hit),
            matched_hash: fingerprint(&key, row.borrower, &parts)?,
            severity: Severity::Block,
            evidence: json!({
                "hit": hit, "role": role, "wallet": wallet, "settlement": row.id,
                "listVersion": world.screening.list_version(),
            }),
        });
    }
    Ok(found)
}

/// The wallets that an oracle or a service does not call clear, ready to become cases. Who did not answer is no hit.
pub(crate) async fn said_found(world: &World, row: &SettlementRow, asked: &Asked) -> Result<Vec<Found>, Error> {
    let mut against = asked.against().peekable();
    if against.peek().is_none() {
        return Ok(Vec::new());
    }
    let key = world.vault.fingerprints(row.tenant.0, COLUMN).await?;
    let mut found = Vec::new();
    for (said, severity) in against {
        let parts = [said.source.as_bytes(), said.wallet.as_slice()];
        found.push(Found {
            entity: format!("{WALLET}{}:{}", said.source, said.wallet),
            matched_hash: fingerprint(&key, row.borrower, &parts)?,
            severity,
            evidence: json!({ "said": said, "settlement": row.id }),
        });
    }
    Ok(found)
}
