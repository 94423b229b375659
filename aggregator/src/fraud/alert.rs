//! A fraud check that asks for a person, or refuses, opens a case.

use domain::ids::{PrincipalId, RequestId, TenantId};
use risk::fraud::{FraudOutcome, FraudResult};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::World;
use crate::api::Error;
use crate::cases::{self, CaseKind, Severity};

/// Opens a case for what the checks of a request found, in the caller's transaction. The same rules that fire again for the same person
/// are the same case.
pub(crate) async fn open_case(
    conn: &mut PgConnection,
    world: &World,
    (tenant, subject, request): (TenantId, PrincipalId, RequestId),
    result: &FraudResult,
) -> Result<(), Error> {
    let severity = match result.outcome {
        FraudOutcome::Approve => return Ok(()),
        FraudOutcome::Review => Severity::Review,
        FraudOutcome::Decline => Severity::Block,
    };
    let strongest = result.typologies.iter().max_by_key(|of| (of.outcome, of.score));
    let named = strongest
        .filter(|of| of.outcome == result.outcome)
        .map(|of| of.id.as_str());
    let first = result.fired.first().map_or("OTHER", |of| of.rule.as_str());
    let mut hash = Sha256::new();
    hash.update(b"usance/fraud-alert/1");
    hash.update(subject.0.as_bytes());
    hash.update([result.outcome as u8]);
    let mut fired = Vec::new();
    for of in &result.fired {
        for part in [&of.rule, &of.reference] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        fired.push(json!({ "rule": of.rule, "ref": of.reference, "weight": of.weight }));
    }
    let entity: String = format!("fraud:{}", named.unwrap_or(first)).chars().take(200).collect();
    let hit = cases::Hit {
        tenant,
        subject,
        kind: CaseKind::FraudAlert,
        severity,
        entity: &entity,
        matched_hash: hash.finalize().into(),
        evidence: json!({
            "request": request, "outcome": result.outcome, "fired": fired, "typologies": result.typologies,
            "version": result.version,
        }),
        raised_by: None,
    };
    cases::open_hit(conn, world, &hit).await?;
    Ok(())
}
