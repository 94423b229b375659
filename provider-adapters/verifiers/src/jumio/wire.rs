//! Jumio's messages, as far as we read and write them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewAccount<'a> {
    pub customer_internal_reference: &'a str,
    pub workflow_definition: Workflow<'a>,
    pub user_reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<&'a str>,
    pub token_lifetime: String,
    pub user_consent: UserConsent<'a>,
}

#[derive(Serialize)]
pub(super) struct Workflow<'a> {
    pub key: &'a str,
    #[serde(serialize_with = "list")]
    pub credentials: Option<Credential>,
}

#[expect(clippy::ref_option, reason = "serde asks for a reference to the field")]
fn list<S: serde::Serializer>(one: &Option<Credential>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(one)
}

#[derive(Serialize)]
pub(super) struct Credential {
    pub category: &'static str,
    pub country: Values,
}

#[derive(Serialize)]
pub(super) struct Values {
    pub values: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserConsent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_ip: Option<&'a str>,
    pub user_location: Location<'a>,
    pub consent: Consent,
}

#[derive(Serialize)]
pub(super) struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Consent {
    pub obtained: &'static str,
    pub obtained_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    pub account: Named,
    pub web: Option<Web>,
    pub sdk: Option<Sdk>,
    pub workflow_execution: Named,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub id: String,
}

#[derive(Deserialize)]
pub(super) struct Web {
    pub href: String,
}

#[derive(Deserialize)]
pub(super) struct Sdk {
    pub token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusAnswer {
    pub account: Named,
    pub workflow_execution: Execution,
}

#[derive(Deserialize)]
pub(super) struct Execution {
    pub id: String,
    pub status: String,
}

#[derive(Deserialize)]
pub(super) struct Details {
    pub account: Named,
    pub workflow: Execution,
    pub decision: Option<Decision>,
    #[serde(default)]
    pub capabilities: BTreeMap<String, Vec<Capability>>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Decision {
    #[serde(rename = "type")]
    pub kind: String,
    pub details: Option<DecisionDetails>,
}

impl Decision {
    pub(super) fn label(&self) -> &str {
        self.details
            .as_ref()
            .and_then(|details| details.label.as_deref())
            .unwrap_or_default()
    }
}

#[derive(Clone, Deserialize)]
pub(super) struct DecisionDetails {
    pub label: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Capability {
    pub decision: Decision,
    pub data: Option<Extracted>,
}

/// What was read off the document. Other capabilities have other data: every field may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extracted {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub date_of_birth: Option<chrono::NaiveDate>,
    pub issuing_country: Option<String>,
}
