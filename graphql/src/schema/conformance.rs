//! Reports of the conformance kit about lenders.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::providers::conformance::ReportView;
use async_graphql::{Context, ID, Json, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::mutation::{payload, refusal};
use super::provider::provider_id;
use super::value::{JsonOut, RefusalOut};
use super::{api, caller};
use crate::public_id::{Kind, encode};

/// A report about a lender: the word of who handed it in.
#[derive(Clone, Debug)]
pub struct ReportOut(pub ReportView);

#[Object(name = "ConformanceReport")]
impl ReportOut {
    /// Id, starts with `cfr_`.
    async fn id(&self) -> ID {
        encode(Kind::Conformance, self.0.id).into()
    }

    /// About whom.
    async fn provider(&self) -> &str {
        self.0.provider.as_str()
    }

    /// Who handed it in.
    async fn submitted_by(&self) -> ID {
        encode(Kind::Principal, self.0.by.0).into()
    }

    /// When.
    async fn submitted_at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// What was checked, in the kit's words.
    async fn target(&self) -> &str {
        &self.0.target
    }

    /// No rule was seen broken, and at least one holds.
    async fn green(&self) -> bool {
        self.0.is_green()
    }

    /// Rules that hold.
    async fn passed(&self) -> u32 {
        self.0.passed
    }

    /// Rules seen broken.
    async fn failed(&self) -> u32 {
        self.0.failed
    }

    /// Rules that could not be tried.
    async fn skipped(&self) -> u32 {
        self.0.skipped
    }

    /// Milliseconds from the first call to the last answer.
    async fn took_ms(&self) -> u64 {
        self.0.took_ms
    }

    /// SHA-256 of the text as handed in, hex.
    async fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// The whole report as the kit wrote it.
    async fn report(&self) -> JsonOut {
        Json(self.0.report.clone())
    }
}

payload! {
    /// Answer to `submitConformanceReport`.
    ConformanceReportPayload { report: ReportOut }
}

/// Writes about reports.
#[derive(Clone, Copy, Debug)]
pub struct ConformanceMutation;

#[Object]
impl ConformanceMutation {
    /// Keeps a report about a lender for good: from the lender itself or from an officer. `report` is the text that
    /// `usance provider check --json` writes, at most 200,000 bytes.
    async fn submit_conformance_report(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        provider: ID,
        report: String,
    ) -> Result<ConformanceReportPayload> {
        let (aggregator, caller) = (&api(ctx)?.aggregator, caller(ctx)?);
        let submit = async {
            let (key, id) = (IdempotencyKey::parse(&idempotency_key)?, provider_id(&provider)?);
            aggregator.submit_conformance_report(caller, &key, (&id, &report)).await
        };
        ConformanceReportPayload::of(Box::pin(submit).await, ReportOut)
    }
}
