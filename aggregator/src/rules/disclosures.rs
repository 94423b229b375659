//! Disclosures of quotes: made when somebody looks at them, or at acceptance at the latest; stored once, so that what was read is what
//! is bound.

use ::privacy::Purpose;
use chrono::{DateTime, Utc};
use compliance::decide::decide_offer;
use compliance::rules::DutyKind;
use compliance::{Dates, DocumentRef, Obligation, OfferFacts};
use domain::Principal;
use domain::ids::QuoteId;
use domain::quote::Quote;
use domain::request::CreditRequest;
use sqlx::PgConnection;

use super::documents::DisclosureView;
use super::forms::{Parties, form};
use crate::access::{Action, Class, Resource, check};
use crate::api::Error;
use crate::store::rules::documents::{self as rows, DocumentRow};
use crate::store::{providers, quoting};
use crate::{Aggregator, World};

/// The disclosures that the rules of today ask of a quote.
fn duties(world: &World, request: &CreditRequest, quote: &Quote, now: DateTime<Utc>) -> Vec<Obligation> {
    let reading = (Dates::today(now.date_naive()), world.settings.rules.allow_unverified);
    let facts = OfferFacts::of(request, &quote.offer, &quote.verified, reading);
    let decision = decide_offer(&facts, &world.rules.running());
    let disclosure = |duty: &Obligation| duty.kind == DutyKind::Disclosure;
    decision.obligations.into_iter().filter(disclosure).collect()
}

/// The documents of a quote as an acceptance binds them, by code.
pub(crate) async fn bound(conn: &mut PgConnection, quote: QuoteId) -> Result<Vec<DocumentRef>, Error> {
    let stored = rows::of_subject(conn, quote.0).await?;
    Ok(stored
        .into_iter()
        .map(|row| DocumentRef {
            code: row.code,
            sha256: hex::encode(row.sha256),
        })
        .collect())
}

impl Aggregator {
    /// The disclosures of a stored quote, made now where they are not there yet. A quote whose book is open has none yet.
    pub async fn disclosures(&self, caller: &Principal, id: QuoteId) -> Result<Vec<DisclosureView>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let Some((_, quote)) = quoting::quote(&mut conn, id).await? else {
            let (book, _) = self.bus.with_quote(id).ok_or(Error::NotFound)?;
            let about = Resource::about(Class::Document, book.tenant, book.borrower);
            return check(caller, Action::Read, &about).map(|()| Vec::new());
        };
        let row = quoting::request(&mut conn, quote.request_id)
            .await?
            .ok_or(Error::NotFound)?;
        let request = &row.asked.request;
        let about = Resource::about(Class::Document, request.tenant, request.borrower);
        check(caller, Action::Read, &about)?;
        let request = self.whole_request(&mut conn, request, Purpose::Disclosure).await?;
        self.disclose(&mut conn, &request, &quote).await?;
        let stored = rows::of_subject(&mut conn, id.0).await?;
        Ok(stored.into_iter().map(DisclosureView::from).collect())
    }

    /// Makes the disclosures that a quote lacks. One that cannot be made is told, and nothing is accepted without it.
    pub(crate) async fn disclose(
        &self,
        conn: &mut PgConnection,
        request: &CreditRequest,
        quote: &Quote,
    ) -> Result<(), Error> {
        let now = self.world.clock.now();
        let stored = rows::of_subject(conn, quote.id.0).await?;
        let duties = duties(&self.world, request, quote, now);
        let missing: Vec<Obligation> = duties
            .into_iter()
            .filter(|duty| !stored.iter().any(|row| row.code == duty.code))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let known = providers::one(conn, &quote.provider).await?;
        let lender = known.map_or_else(|| quote.provider.to_string(), |row| row.name);
        for duty in missing {
            let (quote_copy, lender) = (quote.clone(), lender.clone());
            let platform = self.world.settings.rules.sender.clone();
            let code = duty.code.clone();
            // Setting pages takes some milliseconds.
            let made = tokio::task::spawn_blocking(move || {
                let parties = Parties {
                    lender: &lender,
                    platform: &platform,
                };
                form(&code, &quote_copy, parties)
            });
            let made = match made.await.map_err(crate::store::corrupt)? {
                Ok(made) => made,
                Err(error) => {
                    metrics::counter!("usance_rules_disclosures_failed_total").increment(1);
                    tracing::error!(quote = %quote.id, code = duty.code, %error, "a disclosure cannot be made");
                    continue;
                }
            };
            let row = DocumentRow {
                id: self.world.ids.next(),
                tenant: request.tenant.0,
                borrower: request.borrower.0,
                subject_id: quote.id.0,
                code: duty.code,
                title: made.title,
                sha256: made.sha256.to_vec(),
                html_sha256: made.html_sha256.to_vec(),
                retention: duty.retention.as_str().to_owned(),
                created_at: now,
            };
            rows::add(conn, &row, (&made.html, &made.pdf)).await?;
        }
        Ok(())
    }
}
