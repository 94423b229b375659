//! Which events are told, under which names, and which of their facts: ids and states, and nothing of a person.

use chrono::SecondsFormat;
use domain::ids::{ProviderId, TenantId};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Owner;
use crate::events::Delivered;

/// Name of the message that an owner sends to try an endpoint.
pub(super) const TEST: &str = "webhook.test";

/// Kind in the outbox, name outside, and who hears it.
#[rustfmt::skip]
static KNOWN: &[(&str, &str, Hears)] = &[
    ("QuoteRequested", "quote_request.created", Hears::Tenant),
    ("QuoteRequestDeclined", "quote_request.declined", Hears::Tenant),
    ("QuotesAggregated", "quote_request.closed", Hears::Tenant),
    ("QuotesExpired", "quote_request.expired", Hears::Tenant),
    ("QuoteAccepted", "quote.accepted", Hears::Both),
    ("SettlementAwaitsSignature", "settlement.awaits_signature", Hears::Both),
    ("SettlementReady", "settlement.ready", Hears::Both),
    ("SettlementSubmitted", "settlement.submitted", Hears::Both),
    ("SettlementSettled", "settlement.settled", Hears::Both),
    ("SettlementFailed", "settlement.failed", Hears::Both),
    ("SettlementCancelled", "settlement.cancelled", Hears::Both),
    ("LoanOpened", "loan.opened", Hears::Both),
    ("LoanActivated", "loan.activated", Hears::Both),
    ("LoanRepaid", "loan.repaid", Hears::Both),
    ("LoanLateFeeCharged", "loan.late_fee_charged", Hears::Both),
    ("LoanFellBehind", "loan.fell_behind", Hears::Both),
    ("LoanCaughtUp", "loan.caught_up", Hears::Both),
    ("LoanClosed", "loan.closed", Hears::Both),
    ("LoanRefinanced", "loan.refinanced", Hears::Both),
    ("LoanLiquidated", "loan.liquidated", Hears::Both),
    ("LoanRoundedOff", "loan.rounded_off", Hears::Both),
    ("LoanCollateralChanged", "loan.collateral_changed", Hears::Both),
    ("LoanDefaulted", "loan.defaulted", Hears::Both),
    ("LoanCancelled", "loan.cancelled", Hears::Both),
    ("VerificationCreated", "verification.created", Hears::Tenant),
    ("VerificationVerified", "verification.verified", Hears::Tenant),
    ("VerificationRejected", "verification.rejected", Hears::Tenant),
    ("VerificationExpired", "verification.expired", Hears::Tenant),
    ("ProviderSuspended", "provider.suspended", Hears::Lender),
    ("ProviderResumed", "provider.resumed", Hears::Lender),
    ("ProviderStateChanged", "provider.state_changed", Hears::Lender),
    ("ProviderLimited", "provider.limits_changed", Hears::Lender),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hears {
    /// The integrator of the tenant.
    Tenant,
    /// The lender concerned.
    Lender,
    Both,
}

impl Hears {
    fn has(self, lender: bool) -> bool {
        self == Self::Both || (self == Self::Lender) == lender
    }
}

/// Facts that are ids, with the prefixes that they have in the API.
pub static PREFIXES: &[(&str, &str)] = &[
    ("requestId", "req"),
    ("quoteId", "quo"),
    ("settlementId", "set"),
    ("loanId", "loan"),
    ("verificationId", "ver"),
];
/// Other facts. `quotes` and `lenders` are numbers.
const PLAIN: [&str; 5] = ["provider", "state", "deadlineAt", "quotes", "lenders"];

/// Names of the events that an integrator or a lender may be told of.
pub fn names(lender: bool) -> Vec<&'static str> {
    let heard = KNOWN.iter().filter(|(_, _, hears)| hears.has(lender));
    heard.map(|(_, name, _)| *name).collect()
}

/// An event of which somebody may be told.
pub(super) struct Told {
    pub name: &'static str,
    hears: Hears,
    payload: Map<String, Value>,
}

impl Told {
    /// None when nobody is told of such an event.
    pub(super) fn of(event: &Delivered) -> Option<Self> {
        let (_, name, hears) = KNOWN.iter().find(|(kind, _, _)| *kind == event.kind)?;
        let Ok(Value::Object(payload)) = serde_json::from_str(&event.payload) else {
            return None;
        };
        let (name, hears) = (*name, *hears);
        Some(Self { name, hears, payload })
    }

    /// The tenant, where the event names it.
    pub(super) fn tenant(&self) -> Option<TenantId> {
        tenant_of(&self.payload)
    }

    /// Whether the tenant is needed and has to be looked up.
    pub(super) fn lacks_tenant(&self) -> bool {
        self.hears.has(false) && self.tenant().is_none()
    }

    /// The lender whom it concerns.
    pub(super) fn lender(&self) -> Option<ProviderId> {
        let name = self.payload.get("provider")?.as_str()?;
        self.hears.has(true).then(|| name.parse().ok()).flatten()
    }

    /// Whether integrators hear it.
    pub(super) fn tenants_hear(&self) -> bool {
        self.hears.has(false)
    }

    /// The body for that owner. A lender does not see the request, which other lenders answered as well.
    pub(super) fn body(&self, event: &Delivered, owner: &Owner) -> String {
        let mut data = Map::new();
        for (field, value) in &self.payload {
            if field == "requestId" && owner.is_lender() {
                continue;
            }
            let prefix = PREFIXES.iter().find(|(name, _)| name == field);
            if let Some((_, prefix)) = prefix {
                let id = value.as_str().and_then(|text| text.parse::<Uuid>().ok());
                data.extend(id.map(|id| (field.clone(), format!("{prefix}_{}", id.simple()).into())));
            } else if PLAIN.contains(&field.as_str()) && (value.is_string() || value.is_number()) {
                data.insert(field.clone(), value.clone());
            }
        }
        body(self.name, event.occurred_at, data)
    }
}

/// The tenant that a payload names.
pub(super) fn tenant_of(payload: &Map<String, Value>) -> Option<TenantId> {
    let id = payload.get("tenant")?.as_str()?.parse::<Uuid>().ok()?;
    Some(TenantId(id))
}

/// `{"type", "timestamp", "data"}`, in that order.
pub(super) fn body(name: &str, at: chrono::DateTime<chrono::Utc>, data: Map<String, Value>) -> String {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (name, at, data) = (Value::from(name), Value::from(at), Value::Object(data));
    format!(r#"{{"type":{name},"timestamp":{at},"data":{data}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use serde_json::json;

    fn event(kind: &str, payload: &Value) -> Delivered {
        Delivered {
            cursor: crate::events::Cursor::start(),
            event_id: Uuid::from_u128(1).into(),
            aggregate: "loan".into(),
            aggregate_id: Uuid::from_u128(2),
            version: 1,
            kind: kind.into(),
            payload: payload.to_string(),
            occurred_at: DateTime::from_timestamp(1_800_000_000, 5_000_000).unwrap(),
        }
    }

    #[test]
    fn a_body_holds_ids_and_states_and_nothing_that_is_not_listed() {
        let payload = json!({
            "tenant": Uuid::from_u128(3), "requestId": Uuid::from_u128(4), "quoteId": Uuid::from_u128(5), "provider": "harbor-bank",
            "borrower": Uuid::from_u128(6), "fullName": "Alex Sample", "amount": { "minor": 5 }, "failure": "said by somebody",
            "state": { "not": "text" }, "digest": "00",
        });
        let event = event("QuoteAccepted", &payload);
        let told = Told::of(&event).unwrap();
        assert_eq!(
            told.body(&event, &Owner::Tenant(TenantId(Uuid::from_u128(3)))),
            r#"{"type":"quote.accepted","timestamp":"2027-01-15T08:00:00.005Z","data":{"provider":"harbor-bank","quoteId":"quo_00000000000000000000000000000005","requestId":"req_00000000000000000000000000000004"}}"#
        );
        let lender = told.body(&event, &Owner::Lender("harbor-bank".parse().unwrap()));
        assert!(!lender.contains("requestId") && lender.contains("quoteId"), "{lender}");
        assert!(Told::of(&super::tests::event("RoleChanged", &json!({}))).is_none());
    }

    #[test]
    fn names_are_told_apart_by_who_hears_them() {
        let (tenant, lender) = (names(false), names(true));
        assert!(tenant.contains(&"quote_request.created") && !lender.contains(&"quote_request.created"));
        assert!(lender.contains(&"provider.suspended") && !tenant.contains(&"provider.suspended"));
        assert!(tenant.contains(&"loan.repaid") && lender.contains(&"loan.repaid"));
    }
}
