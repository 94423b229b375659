//! Sumsub's messages, as far as we read and write them. Unknown fields are passed over: the vendor adds some now and then.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewApplicant {
    pub external_user_id: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub fixed_info: FixedInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FixedInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dob: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<&'static str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Applicant {
    pub id: String,
    pub external_user_id: Option<String>,
    pub info: Option<Info>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Info {
    pub first_name: Option<String>,
    pub middle_name: Option<String>,
    pub last_name: Option<String>,
    pub dob: Option<NaiveDate>,
    pub country: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ttl {
    pub ttl_in_secs: u64,
}

#[derive(Deserialize)]
pub(super) struct Link {
    pub url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewToken<'a> {
    pub user_id: &'a str,
    pub level_name: &'a str,
    pub ttl_in_secs: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    pub token: String,
    pub user_id: String,
}

#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct ApplicantStatus(pub Review);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Review {
    pub level_name: Option<String>,
    pub attempt_cnt: Option<u32>,
    #[serde(rename = "reviewStatus")]
    pub status: String,
    #[serde(rename = "reviewResult")]
    pub result: Option<ReviewResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReviewResult {
    pub review_answer: String,
    pub review_reject_type: Option<String>,
    #[serde(default)]
    pub reject_labels: Vec<String>,
    /// May be shown.
    pub moderation_comment: Option<String>,
    /// Must not be shown.
    pub client_comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Image {
    #[serde(rename = "idDocType")]
    pub _id_doc_type: Option<String>,
}
