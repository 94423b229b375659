//! Signals that a client may tell, and fraud checks as officers see them.

use aggregator::fraud::{FraudCheckView, Origin, Signals};
use async_graphql::{InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::value::mirror;

mirror! {
    /// What fraud checks say.
    FraudOutcomeKind = "aggregator::fraud::FraudOutcome" {
        /// Nothing stands against it.
        Approve,
        /// A person has to look first.
        Review,
        /// Refused.
        Decline,
    }
}

/// What a client tells beside a request, for the fraud checks. Each is optional. Personal values are kept as keyed hashes alone.
#[derive(InputObject, Deserialize, Clone)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignalsInput {
    /// An id that the device keeps, the same at every request and nowhere else, for example a UUID: 8 to 128 characters.
    pub device_id: Option<String>,
    /// Seconds that the form was open.
    pub form_seconds: Option<u32>,
    /// Fields that were pasted into.
    pub paste_count: Option<u32>,
    /// The borrower's e-mail address.
    pub email: Option<String>,
    /// The account that is to be paid out to, for example an IBAN.
    pub payout_account: Option<String>,
    /// The name of its holder.
    pub payout_holder: Option<String>,
}

impl std::fmt::Debug for SignalsInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignalsInput(personal data)")
    }
}

impl From<SignalsInput> for Signals {
    fn from(input: SignalsInput) -> Self {
        Self {
            device_id: input.device_id,
            form_seconds: input.form_seconds,
            paste_count: input.paste_count,
            email: input.email,
            payout_account: input.payout_account,
            payout_holder: input.payout_holder,
            origin: Origin::default(),
            sighting: None,
        }
    }
}

/// A band or case of a rule that counted.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "FraudSubRule")]
pub struct FraudSubRuleOut {
    /// The rule.
    rule: String,
    /// Which of its bands or cases.
    reference: String,
    /// What it adds to the typologies of its rule.
    weight: u32,
    /// Why.
    reason: String,
}

/// A way of fraud that something speaks for.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "FraudTypology")]
pub struct FraudTypologyOut {
    /// Which.
    id: String,
    /// Sum of the weights of its rules.
    score: u32,
    /// What it says alone.
    outcome: FraudOutcomeKind,
}

/// The fraud checks of one decision. For officers; applicants never see it.
#[derive(Clone, Debug)]
pub struct FraudCheckOut(pub FraudCheckView);

#[Object(name = "FraudCheck")]
impl FraudCheckOut {
    /// When.
    async fn decided_at(&self) -> DateTime<Utc> {
        self.0.decided_at
    }

    /// The strongest outcome.
    async fn outcome(&self) -> FraudOutcomeKind {
        self.0.result.outcome.into()
    }

    /// Everything that counted.
    async fn fired(&self) -> Vec<FraudSubRuleOut> {
        let fired = self.0.result.fired.iter().cloned();
        fired
            .map(|sub| FraudSubRuleOut {
                rule: sub.rule,
                reference: sub.reference,
                weight: sub.weight,
                reason: sub.reason,
            })
            .collect()
    }

    /// Typologies above zero.
    async fn typologies(&self) -> Vec<FraudTypologyOut> {
        let typologies = self.0.result.typologies.iter().cloned();
        typologies
            .map(|typology| FraudTypologyOut {
                id: typology.id,
                score: typology.score,
                outcome: typology.outcome.into(),
            })
            .collect()
    }

    /// The rules that decided, with the SHA-256 of their file.
    async fn rules(&self) -> &str {
        &self.0.result.version
    }
}
