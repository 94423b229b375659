//! Ids as clients see them: a prefix that names the kind, and the UUID. GraphQL and REST use the same text.

use uuid::Uuid;

/// Kinds of object with an id of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request for quotes.
    Request,
    /// A quote.
    Quote,
    /// A settlement.
    Settlement,
    /// A loan.
    Loan,
    /// A repayment.
    Repayment,
    /// A principal.
    Principal,
    /// A tenant.
    Tenant,
    /// A stored decision.
    Decision,
    /// A review of a decision.
    Review,
    /// A model of the registry.
    Model,
    /// A proposal about a model.
    Proposal,
    /// A publication of a set of rules.
    RuleSet,
    /// A document.
    Document,
    /// Something that has to be done.
    Obligation,
    /// A legal hold.
    Hold,
    /// A request to be forgotten.
    Erasure,
    /// A verification of an identity.
    Verification,
    /// A review of a verification.
    VerificationReview,
    /// A case of compliance.
    Case,
    /// A report to an authority.
    Report,
    /// A report of the conformance kit.
    Conformance,
    /// An endpoint of webhooks.
    WebhookEndpoint,
    /// A delivery of a webhook.
    WebhookDelivery,
}

impl Kind {
    const ALL: &[Self] = &[
        Self::Request,
        Self::Quote,
        Self::Settlement,
        Self::Loan,
        Self::Repayment,
        Self::Principal,
        Self::Tenant,
        Self::Decision,
        Self::Review,
        Self::Model,
        Self::Proposal,
        Self::RuleSet,
        Self::Document,
        Self::Obligation,
        Self::Hold,
        Self::Erasure,
        Self::Verification,
        Self::VerificationReview,
        Self::Case,
        Self::Report,
        Self::Conformance,
        Self::WebhookEndpoint,
        Self::WebhookDelivery,
    ];

    /// The prefix.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Request => "req",
            Self::Quote => "quo",
            Self::Settlement => "set",
            Self::Loan => "loan",
            Self::Repayment => "pay",
            Self::Principal => "prn",
            Self::Tenant => "ten",
            Self::Decision => "dec",
            Self::Review => "rev",
            Self::Model => "mdl",
            Self::Proposal => "prp",
            Self::RuleSet => "rul",
            Self::Document => "doc",
            Self::Obligation => "obl",
            Self::Hold => "hld",
            Self::Erasure => "era",
            Self::Verification => "ver",
            Self::VerificationReview => "vrv",
            Self::Case => "cas",
            Self::Report => "rpt",
            Self::Conformance => "cfr",
            Self::WebhookEndpoint => "whe",
            Self::WebhookDelivery => "msg",
        }
    }
}

/// `quo_0198…`: the public text of an id.
pub fn encode(kind: Kind, id: Uuid) -> String {
    format!("{}_{}", kind.prefix(), id.simple())
}

/// The kind and UUID of a public id.
pub fn decode_any(text: &str) -> Option<(Kind, Uuid)> {
    let (prefix, rest) = text.split_once('_')?;
    let kind = Kind::ALL.iter().copied().find(|kind| kind.prefix() == prefix)?;
    let plain = rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
    plain.then(|| Uuid::parse_str(rest).ok()).flatten().map(|id| (kind, id))
}

/// The UUID of a public id of that kind.
pub fn decode<T: From<Uuid>>(kind: Kind, field: &str, text: &str) -> Result<T, aggregator::Error> {
    match decode_any(text) {
        Some((found, id)) if found == kind => Ok(id.into()),
        _ => Err(aggregator::Error::invalid(
            field,
            format!("expected an id that starts with {}_", kind.prefix()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::{LoanId, QuoteId};

    #[test]
    fn an_id_of_one_kind_is_not_an_id_of_another() {
        let id = Uuid::from_u128(7);
        let text = encode(Kind::Quote, id);
        assert_eq!(decode::<QuoteId>(Kind::Quote, "id", &text).unwrap(), QuoteId(id));
        assert!(decode::<LoanId>(Kind::Loan, "id", &text).is_err());
        assert_eq!(decode_any("quo_zz"), None);
        assert_eq!(decode_any(&text.to_uppercase()), None);
    }
}
