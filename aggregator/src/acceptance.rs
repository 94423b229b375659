//! Acceptance: what the borrower saw is what is settled, or nothing happens.

use ::privacy::Purpose;
use chrono::{DateTime, Utc};
use domain::loan::RequestState;
use domain::quote::Quote;
use domain::request::CreditRequest;
use domain::{Principal, Reason};
use sqlx::PgConnection;

use crate::Aggregator;
use crate::access::{Action, Class, Resource, check, may_ever};
use crate::api::{AcceptQuote, Error, IdempotencyKey, SettlementView};
use crate::audit::deeds;
use crate::decisions::{self, Decided, about_acceptance, about_request, refusal};
use crate::events::{Event, append};
use crate::idempotency::{Begun, Call, begin, finish, replayed};
use crate::risk::limits::{self, Credit};
use crate::screening::hits;
use crate::settlement::{self, Opening};
use crate::store::quoting::{self as rows, RequestRow};
use crate::store::risk::AccountKey;

/// What the rules say now.
struct Recheck {
    reasons: Vec<Reason>,
    decisions: Vec<Decided>,
    /// Hits of screening that count.
    found: Vec<hits::Found>,
}

impl Aggregator {
    /// Accepts a quote. Ownership, state, digest, expiry, screening and rules are checked inside the transaction that
    /// holds the key, the accepted request and the opened settlement. What chains and attesters must say is asked before.
    ///
    /// Refusals beside those of the rules: `ALREADY_ACCEPTED`, `BOOK_OPEN`, `QUOTE_CHANGED`, `QUOTE_EXPIRED`,
    /// `ATTESTATION_REFUSED`, `LOAN_NOT_LIVE`, `REFINANCING_PENDING`, `PROVIDER_SUSPENDED`, `LIMIT_EXCEEDED`,
    /// `IDENTITY_REQUIRED`, `IDENTITY_PENDING`, `IDENTITY_REFUSED`, `IDENTITY_MISMATCH`.
    pub async fn accept_quote(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        accept: AcceptQuote,
    ) -> Result<SettlementView, Error> {
        let call = Call::new(caller, key, "acceptQuote", &accept)?;
        let mut conn = self.world.db.acquire().await?;
        if let Some(view) = replayed(&mut conn, &call).await? {
            return Ok(view);
        }
        drop(conn);
        let prepared = self.prepare(caller, &accept).await?;
        // What the borrower has to be able to read stands before it is bound.
        let _shown = self.disclosures(caller, accept.quote_id).await?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let now = self.world.clock.now();
        let (row, quote) = self.accepted_quote(&mut tx, caller, &accept).await?;
        acceptable(&row, &quote, &accept, now)?;
        crate::providers::check_acceptable(&mut tx, &quote.provider, now).await?;
        let request = &self
            .whole_request(&mut tx, &row.asked.request, Purpose::Screening)
            .await?;
        crate::kyc::check::check_acceptance(&mut tx, &self.world, request, now).await?;
        // The book closed between the two looks at it.
        if request.refinances.is_some() != prepared.refinancing.is_some() {
            return Err(book_open());
        }
        let recheck = self.recheck(&mut tx, request, &quote, now).await?;
        if !recheck.reasons.is_empty() {
            tx.rollback().await?;
            return self.refuse(caller, (request, &quote), recheck, now).await;
        }
        decisions::store(&mut tx, request.id, "ACCEPTANCE", &recheck.decisions, now).await?;
        let owner = (request.tenant, request.borrower);
        deeds::decided(&mut tx, &self.world, owner, &recheck.decisions).await?;
        let version = rows::accept(&mut tx, request.id, quote.id)
            .await?
            .ok_or_else(already_accepted)?;
        crate::rules::lapse(&mut tx, &self.world, request.id).await?;
        let opening = Opening {
            quote: &quote,
            tenant: request.tenant,
            borrower: request.borrower,
            wallet: request.wallet,
            accept: &accept,
            prepared: &prepared,
        };
        let view = match settlement::open(&mut tx, &self.world, opening).await? {
            Ok(view) => view,
            Err(look) => return Err(self.keep_refused(tx, &call, &look).await?),
        };
        if let Some(credit) = credit(request, &quote, &view) {
            let (decided, reasons) = limits::reserve(&mut tx, &self.world, credit).await?;
            if !reasons.is_empty() {
                tx.rollback().await?;
                return self.over_limit(caller, (request, &quote), decided, &reasons).await;
            }
            let decided = [decided];
            decisions::store(&mut tx, request.id, "ACCEPTANCE", &decided, now).await?;
            deeds::decided(&mut tx, &self.world, (request.tenant, request.borrower), &decided).await?;
        }
        let event = accepted(request, &quote, &view, version);
        append(&mut tx, &self.world, &[event]).await?;
        deeds::accepted(&mut tx, &self.world, caller, (request, quote.id.0), None).await?;
        finish(&mut tx, &call, &view).await?;
        fail::fail_point!("accept::before_commit");
        tx.commit().await?;
        fail::fail_point!("accept::after_commit");
        self.note_acceptance(&quote.provider);
        self.wake.events.notify_one();
        self.wake.lending.notify_one();
        Ok(view)
    }

    /// The quote and its request, the request held. Somebody else's quote does not exist.
    async fn accepted_quote(
        &self,
        conn: &mut PgConnection,
        caller: &Principal,
        accept: &AcceptQuote,
    ) -> Result<(RequestRow, Quote), Error> {
        may_ever(caller, Action::Accept, Class::Quote)?;
        let Some((_, quote)) = rows::quote(conn, accept.quote_id).await? else {
            let (book, _) = self.bus.with_quote(accept.quote_id).ok_or(Error::NotFound)?;
            let open = Resource::about(Class::Quote, book.tenant, book.borrower);
            return Err(match check(caller, Action::Accept, &open) {
                Ok(()) => book_open(),
                Err(error) => error,
            });
        };
        let row = rows::lock(conn, quote.request_id).await?.ok_or(Error::NotFound)?;
        let request = &row.asked.request;
        let resource = Resource::about(Class::Quote, request.tenant, request.borrower);
        check(caller, Action::Accept, &resource)?;
        Ok((row, quote))
    }

    /// Screening and rules of today, who accepts, and what could be read.
    async fn recheck(
        &self,
        conn: &mut PgConnection,
        request: &CreditRequest,
        quote: &Quote,
        now: DateTime<Utc>,
    ) -> Result<Recheck, Error> {
        let looked = hits::screen_in(conn, &self.world, request).await?;
        let (mut reasons, screened) = about_request(&self.world, request, looked.screening, now)?;
        let documents = crate::rules::disclosures::bound(conn, quote.id).await?;
        let identity = crate::rules::identity::of(conn, request, now).await?;
        let subject = (quote, documents, identity);
        let (decision, decided) = about_acceptance(&self.world, request, subject, now)?;
        reasons.extend(refusal(decision));
        Ok(Recheck {
            reasons,
            decisions: vec![screened, decided],
            found: looked.found,
        })
    }

    /// A refusal undoes the acceptance, but the decision is kept.
    async fn refuse(
        &self,
        caller: &Principal,
        (request, quote): (&CreditRequest, &Quote),
        recheck: Recheck,
        now: DateTime<Utc>,
    ) -> Result<SettlementView, Error> {
        let mut tx = self.world.db.begin().await?;
        decisions::store(&mut tx, request.id, "ACCEPTANCE", &recheck.decisions, now).await?;
        deeds::decided(
            &mut tx,
            &self.world,
            (request.tenant, request.borrower),
            &recheck.decisions,
        )
        .await?;
        let about = (request.tenant, request.borrower, request.id);
        hits::open_cases(&mut tx, &self.world, about, ("ACCEPTANCE", &recheck.found)).await?;
        let refused = Some("NOT_PERMITTED");
        deeds::accepted(&mut tx, &self.world, caller, (request, quote.id.0), refused).await?;
        tx.commit().await?;
        let first = recheck.reasons.first();
        let text = first.map_or("This quote cannot be accepted.", |reason| reason.text.as_str());
        // Who lacks a verification is told so by the code: there is something to do.
        let identity =
            first.filter(|reason| reason.code.starts_with("IDENTITY_") && reason.code != "IDENTITY_REJECTED");
        Err(Error::refused(
            identity.map_or("NOT_PERMITTED", |reason| &reason.code),
            text,
            None,
        ))
    }
}

impl Aggregator {
    /// Where limits bind, a credit that passes its borrower's limit is refused; the decision is kept.
    async fn over_limit(
        &self,
        caller: &Principal,
        (request, quote): (&CreditRequest, &Quote),
        decided: Decided,
        reasons: &[Reason],
    ) -> Result<SettlementView, Error> {
        let (now, decided) = (self.world.clock.now(), [decided]);
        let mut tx = self.world.db.begin().await?;
        decisions::store(&mut tx, request.id, "ACCEPTANCE", &decided, now).await?;
        deeds::decided(&mut tx, &self.world, (request.tenant, request.borrower), &decided).await?;
        let refused = Some("LIMIT_EXCEEDED");
        deeds::accepted(&mut tx, &self.world, caller, (request, quote.id.0), refused).await?;
        tx.commit().await?;
        let text = reasons
            .first()
            .map_or("This credit passes your limit.", |reason| &reason.text);
        Err(Error::refused("LIMIT_EXCEEDED", text, Some("quoteId")))
    }
}

/// What the acceptance takes of the borrower's limit; none when it does not count.
fn credit(request: &CreditRequest, quote: &Quote, view: &SettlementView) -> Option<Credit> {
    let amount = quote.offer.amounts.offered;
    limits::counts(&quote.offer).then_some(Credit {
        account: AccountKey {
            tenant: request.tenant,
            borrower: request.borrower,
            currency: amount.currency,
        },
        settlement: view.id,
        loan: view.loan_id,
        amount,
        subject: quote.id.0,
    })
}

/// What is told of an acceptance.
fn accepted(request: &CreditRequest, quote: &Quote, view: &SettlementView, version: i32) -> Event {
    let payload = serde_json::json!({
        "tenant": request.tenant, "borrower": request.borrower, "requestId": request.id, "quoteId": quote.id,
        "settlementId": view.id, "loanId": view.loan_id, "provider": quote.provider, "digest": quote.digest,
    });
    Event {
        aggregate: "request",
        aggregate_id: request.id.0,
        version,
        kind: "QuoteAccepted",
        payload,
    }
}

/// Whether the quote can still be accepted, as it was shown.
pub(crate) fn acceptable(
    row: &RequestRow,
    quote: &Quote,
    accept: &AcceptQuote,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match row.state {
        RequestState::Quoted => {}
        RequestState::Accepted => return Err(already_accepted()),
        RequestState::Expired => return Err(expired()),
        RequestState::Quoting | RequestState::Declined => return Err(Error::NotFound),
    }
    // The stored bytes are checked as well: a quote that was altered in the database is not executed.
    if quote.digest != accept.digest || quote.compute_digest() != quote.digest {
        return Err(Error::refused(
            "QUOTE_CHANGED",
            "This is not the quote that was shown.",
            Some("digest"),
        ));
    }
    if quote.offer.valid_until <= now {
        return Err(expired());
    }
    Ok(())
}

fn book_open() -> Error {
    let text = "Lenders are still being asked; accept when they are done.";
    Error::refused("BOOK_OPEN", text, Some("quoteId"))
}

fn already_accepted() -> Error {
    Error::refused(
        "ALREADY_ACCEPTED",
        "A quote of this request was accepted already.",
        Some("quoteId"),
    )
}

fn expired() -> Error {
    Error::refused("QUOTE_EXPIRED", "This quote has ended; ask again.", Some("quoteId"))
}
