//! Quoting: ask once, hear every lender, compare.

mod close;
mod closed;
mod fan_out;
mod lists;
mod orders;
mod person;
mod read;
mod refinance;
#[cfg(test)]
pub(crate) mod tests;
mod validate;
mod venues;
mod weigh;

pub use lists::{OfferState, OfferView};

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use domain::ids::{DecisionId, PrincipalId, RequestId};
use domain::loan::RequestState;
use domain::ports::Lender;
use domain::quote::{Loser, LoserKind};
use domain::ranking::RankBy;
use domain::request::CreditRequest;
use domain::{Principal, Reason, Role};
use risk::{FeatureSet, RiskDecision};
use sqlx::PgConnection;

pub(crate) use self::closed::ClosedBooks;
use self::fan_out::FanOut;
pub(crate) use self::person::whole;
use self::refinance::OldLoan;
use crate::access::{Action, Class, Resource, check};
use crate::api::{Error, IdempotencyKey, LenderProgress, NewRequest, RequestView};
use crate::bus::LiveBook;
use crate::decisions::{Decided, DecisionKind, about_request, about_risk};
use crate::events::{Event, append};
use crate::fraud::{Signals, sighting_id};
use crate::idempotency::{Begun, Call, begin, finish, replayed};
use crate::providers::{Admission, suspended};
use crate::screening::hits::{self, Screened};
use crate::store::quoting::{Asked, NewRow};
use crate::store::{self, to_json};
use crate::{Aggregator, decisions, facts, fraud, rules};

/// A request as asked, with what the borrower said of themselves.
struct Question {
    request: CreditRequest,
    rank_by: RankBy,
}

/// A request that was checked and decided about, before it is stored.
struct Opened {
    asked: Question,
    view: RequestView,
    lenders: Vec<Arc<dyn Lender>>,
    decisions: Vec<Decided>,
    risk: (DecisionId, RiskDecision),
    /// Hits of screening that count.
    found: Vec<hits::Found>,
}

impl Aggregator {
    /// Asks every eligible lender. Answers as soon as the request is stored; quotes follow on [`Self::updates`], and the
    /// book closes at the deadline or at the last answer.
    ///
    /// Refusals of a refinancing: `OFFCHAIN_LOAN`, `LOAN_NOT_LIVE`, `UNSECURED_LOAN`, `REFINANCING_PENDING`.
    pub async fn request_quotes(
        self: &Arc<Self>,
        caller: &Principal,
        key: &IdempotencyKey,
        new: NewRequest,
    ) -> Result<RequestView, Error> {
        let started = Instant::now();
        validate::validate(&new)?;
        validate::born(&new.applicant, self.world.clock.now().date_naive())?;
        let call = Call::new(caller, key, "requestQuotes", &new)?;
        let borrower = new.borrower.unwrap_or(caller.id);
        let wanted = Resource::about(Class::Request, caller.tenant, borrower);
        // Nothing is hidden: there is no request yet.
        check(caller, Action::Create, &wanted).map_err(|_| Error::Forbidden)?;
        // Sources of facts and chains are asked, so a repeated call is answered first: nobody is asked twice, and an old
        // loan may have ended since. Nothing is gathered about somebody whom the caller may not name.
        let mut conn = self.world.db.acquire().await?;
        if let Some(view) = replayed(&mut conn, &call).await? {
            return Ok(view);
        }
        self.check_borrower(&mut conn, caller, borrower).await?;
        drop(conn);
        let old = match new.refinances {
            Some(_) => self.old_loan_of(caller, borrower, &new).await?,
            None => None,
        };
        let signals = Signals {
            sighting: Some(sighting_id(caller, key)),
            ..new.signals.clone()
        };
        let asked = self.asked(caller, borrower, (new, old));
        let deadline = started + self.world.settings.quote_deadline;
        let (mut features, fraud) = tokio::join!(
            facts::features(&self.world, &asked.request, deadline),
            fraud::gather(&self.world, &asked.request, &signals),
        );
        features.fraud = fraud;
        crate::risk::standing(&self.world, &asked.request, &mut features).await?;
        // Before the transaction: it waits for no key service.
        let screened = hits::screen(&self.world, &asked.request).await?;
        let sealed = self.seal_applicant(&asked.request).await?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let opened = self.open((asked, screened), &features)?;
        self.store_request(&mut tx, &opened).await?;
        self.store_applicant(&mut tx, &opened.asked.request, &sealed).await?;
        finish(&mut tx, &call, &opened.view).await?;
        // Before the commit, so that nobody finds a request without its live book. A request that was declined has none.
        let book = (opened.view.state == RequestState::Quoting).then(|| self.open_book(&opened));
        if let Err(error) = tx.commit().await {
            self.bus.forget(opened.view.id);
            return Err(error.into());
        }
        self.count_drift(&features, &opened.risk.1);
        self.wake.events.notify_one();
        fraud::flag_declined(&self.world, &features.fraud, &opened.risk.1.fraud).await;
        if let Some(book) = book {
            // The borrower's consents are for us alone.
            let request = Arc::new(CreditRequest {
                data_consents: Vec::new(),
                ..opened.asked.request
            });
            let fan_out = FanOut {
                request,
                risk: Arc::new(opened.risk.1),
                lenders: opened.lenders,
                started,
                deadline,
            };
            let (aggregator, asked) = (Arc::clone(self), opened.view.clone());
            self.tasks
                .spawn(async move { aggregator.run_book(fan_out, book, asked).await });
        }
        Ok(opened.view)
    }

    /// An integrator names a borrower of its own tenant.
    async fn check_borrower(
        &self,
        conn: &mut PgConnection,
        caller: &Principal,
        borrower: PrincipalId,
    ) -> Result<(), Error> {
        if borrower == caller.id {
            return Ok(());
        }
        let known = store::identity::principal(conn, borrower.0).await?;
        let fits = known.is_some_and(|p| p.tenant_id == caller.tenant.0 && p.role == Role::Borrower.as_str());
        if fits {
            Ok(())
        } else {
            Err(Error::invalid("borrower", "no such borrower"))
        }
    }

    /// The request as it is stored.
    fn asked(&self, caller: &Principal, borrower: PrincipalId, (new, old): (NewRequest, Option<OldLoan>)) -> Question {
        let (wallet, collateral, refinances) = match old {
            Some(old) => (Some(old.wallet), Some(old.collateral), Some(old.refinances)),
            None => (new.wallet, new.collateral, None),
        };
        let rank_by = new.rank_by;
        let request = CreditRequest {
            id: new.id.unwrap_or_else(|| RequestId(self.world.ids.next())),
            tenant: caller.tenant,
            borrower,
            at: self.world.clock.now(),
            amount: new.amount,
            term: new.term,
            purpose: new.purpose,
            products: new.products,
            jurisdiction: new.jurisdiction,
            applicant: new.applicant,
            wallet,
            collateral,
            refinances,
            data_consents: new.data_consents,
        };
        Question { request, rank_by }
    }

    fn open(&self, (asked, screened): (Question, Screened), features: &FeatureSet) -> Result<Opened, Error> {
        let (request, rank_by) = (&asked.request, asked.rank_by);
        let now = request.at;
        let (mut refusal, compliance) = about_request(&self.world, request, screened.screening, now)?;
        let risk = about_risk(&self.world, request, features)?;
        // A refusal by compliance is said alone: after a sanctions hit nothing else may be told.
        if refusal.is_empty() {
            refusal = risk.refusal;
        }
        let risk_id = risk.decided.id;
        let decisions = vec![compliance, risk.decided];
        let (lenders, losers) = if refusal.is_empty() {
            self.eligible(request, now)
        } else {
            Default::default()
        };
        let waiting = |lender: &Arc<dyn Lender>| LenderProgress {
            provider: lender.id().clone(),
            waiting: true,
            answered_ms: None,
            quotes: 0,
        };
        let open = refusal.is_empty() && !lenders.is_empty();
        let view = RequestView {
            id: request.id,
            state: if open {
                RequestState::Quoting
            } else {
                RequestState::Declined
            },
            amount: request.amount,
            term: request.term,
            rank_by,
            created_at: now,
            deadline_at: now + self.world.settings.quote_deadline,
            lenders: lenders.iter().map(waiting).collect(),
            losers,
            refusal,
            refinances: refinance::loan_of(request),
        };
        Ok(Opened {
            asked,
            view,
            lenders,
            decisions,
            risk: (risk_id, risk.decision),
            found: screened.found,
        })
    }

    fn eligible(&self, request: &CreditRequest, now: DateTime<Utc>) -> (Vec<Arc<dyn Lender>>, Vec<Loser>) {
        let mut lenders = Vec::new();
        let mut losers = Vec::new();
        for lender in &self.world.lenders {
            let rules = (&self.world.settings.provider_rules, now);
            let admission = self.providers.admission(lender.id(), request.id, rules);
            if admission == Admission::Hidden {
                continue;
            }
            let mut reasons: Vec<Reason> = refinance::misfits(lender.capabilities(), request);
            reasons.extend(lender.capabilities().misfits(request));
            if reasons.is_empty() && admission == Admission::Suspended {
                losers.push(suspended(lender.id()));
            } else if reasons.is_empty() {
                lenders.push(Arc::clone(lender));
            } else {
                losers.push(Loser {
                    provider: lender.id().clone(),
                    kind: LoserKind::Ineligible,
                    reasons,
                });
            }
        }
        (lenders, losers)
    }

    async fn store_request(&self, conn: &mut PgConnection, opened: &Opened) -> Result<(), Error> {
        let (request, view) = (&opened.asked.request, &opened.view);
        let row = NewRow {
            request,
            state: view.state,
            body: &to_json(&Asked::of(request, opened.asked.rank_by))?,
            lenders: &to_json(&view.lenders)?,
            losers: &to_json(&view.losers)?,
            refusal: &to_json(&view.refusal)?,
            deadline_at: view.deadline_at,
        };
        store::quoting::insert(conn, &row)
            .await
            .map_err(|e| match store::constraint(&e) {
                Some("request_id_unique") => Error::refused("ID_TAKEN", "This id is in use.", Some("id")),
                _ => e.into(),
            })?;
        decisions::store(conn, request.id, "QUOTING", &opened.decisions, request.at).await?;
        let (risk_id, risk) = &opened.risk;
        crate::risk::follow_decision(conn, &self.world, request, (*risk_id, risk)).await?;
        let owner = (request.tenant, request.borrower);
        crate::audit::deeds::decided(conn, &self.world, owner, &opened.decisions).await?;
        let about = (request.tenant, request.borrower, request.id);
        hits::open_cases(conn, &self.world, about, ("QUOTING", &opened.found)).await?;
        fraud::open_case(conn, &self.world, about, &risk.fraud).await?;
        let declined = view.state == RequestState::Declined;
        if let (true, Some(decided)) = (
            declined,
            opened.decisions.iter().find(|d| d.kind == DecisionKind::Request),
        ) {
            let refused = rules::Refused {
                request: rules::Applied {
                    id: request.id,
                    tenant: request.tenant,
                    borrower: request.borrower,
                    at: request.at,
                    amount: request.amount,
                },
                decision: &decided.result,
            };
            rules::after_decline(conn, &self.world, refused, &view.refusal).await?;
        }
        let kind = if declined {
            "QuoteRequestDeclined"
        } else {
            "QuoteRequested"
        };
        let payload = serde_json::json!({
            "tenant": request.tenant, "borrower": request.borrower, "requestId": request.id,
            "amount": request.amount, "state": view.state.as_str(), "lenders": view.lenders.len(),
            "deadlineAt": view.deadline_at,
        });
        append(
            conn,
            &self.world,
            &[Event {
                aggregate: "request",
                aggregate_id: request.id.0,
                version: 1,
                kind,
                payload,
            }],
        )
        .await
    }

    fn open_book(&self, opened: &Opened) -> Arc<LiveBook> {
        let request = &opened.asked.request;
        let lenders = opened.view.lenders.clone();
        let book = LiveBook::new(
            request.id,
            request.tenant,
            request.borrower,
            opened.asked.rank_by,
            lenders,
        );
        let book = self.bus.open(book);
        book.lost(&opened.view.losers);
        book
    }
}
