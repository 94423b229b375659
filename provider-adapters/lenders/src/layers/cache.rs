//! Answers that say nothing of a person are given again for a while.
//!
//! The key holds the facts of the loan and nothing of who asks. An answer that is binding, executable on chain, or came of an
//! inquiry is made for its request, and a decline may be about the person: neither is remembered.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::Address;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::Period;
use domain::money::{Money, TokenAmount};
use domain::offer::{Binding, Inquiry};
use domain::request::{CreditRequest, Jurisdiction, Product, Purpose};
use sdk::{Answer, validate_answer};
use serde::Serialize;

/// Answers that are remembered of one lender.
const MOST: usize = 256;

pub(super) struct QuoteCache {
    keep: TimeDelta,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How often everything was forgotten.
    generation: u64,
    answers: HashMap<String, (Answer, DateTime<Utc>)>,
}

impl QuoteCache {
    /// None for a lender whose answers are not remembered.
    pub(super) fn of(seconds: u32) -> Option<Self> {
        (seconds > 0).then(|| Self {
            keep: TimeDelta::seconds(i64::from(seconds)),
            state: Mutex::default(),
        })
    }

    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// The remembered answer as one to this request, issued now, if it is still right.
    pub(super) fn get(&self, facts: &str, request: &CreditRequest, now: DateTime<Utc>) -> Option<Answer> {
        let mut answer = {
            let state = self.lock();
            let (answer, stored) = state.answers.get(facts)?;
            let fresh = *stored <= now && now - *stored < self.keep;
            fresh.then(|| answer.clone())?
        };
        if let Answer::Offers(offers) = &mut answer {
            // What it was valid until stays.
            for offer in offers {
                offer.issued_at = now;
            }
        }
        validate_answer(&answer, request, now).is_ok().then_some(answer)
    }

    /// Remembers, unless everything was forgotten since the question was asked.
    pub(super) fn put(&self, generation: u64, facts: &str, answer: &Answer, now: DateTime<Utc>) {
        let mut state = self.lock();
        if state.generation != generation {
            return;
        }
        if state.answers.len() >= MOST {
            state.answers.retain(|_, (_, stored)| now - *stored < self.keep);
        }
        if state.answers.len() >= MOST {
            let oldest = state.answers.iter().min_by_key(|(_, (_, stored))| *stored);
            if let Some(oldest) = oldest.map(|(facts, _)| facts.clone()) {
                state.answers.remove(&oldest);
            }
        }
        state.answers.insert(facts.to_owned(), (answer.clone(), now));
    }

    pub(super) fn forget(&self) {
        let mut state = self.lock();
        state.generation += 1;
        state.answers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer may be given to somebody else.
pub(super) fn shareable(answer: &Answer) -> bool {
    match answer {
        Answer::Offers(offers) => offers.iter().all(|offer| {
            offer.binding == Binding::Indicative && offer.inquiry == Inquiry::None && offer.onchain.is_none()
        }),
        Answer::Declined(_) => false,
    }
}

/// What a quote depends on when it does not depend on the person. The day is in it because a calendar begins on it.
#[derive(Serialize)]
struct Facts<'a> {
    day: NaiveDate,
    amount: Money,
    term: Period,
    purpose: Purpose,
    products: &'a [Product],
    jurisdiction: &'a Jurisdiction,
    /// Some lenders look at what it holds.
    wallet: Option<Address>,
    collateral: &'a Option<TokenAmount>,
}

/// The facts of a request as text; none when it is about a loan that somebody has.
pub(super) fn facts(request: &CreditRequest) -> Option<String> {
    // Whole, so that a new fact is thought of here.
    let CreditRequest {
        id: _,
        tenant: _,
        borrower: _,
        at,
        amount,
        term,
        purpose,
        products,
        jurisdiction,
        applicant: _,
        wallet,
        collateral,
        refinances,
        data_consents: _,
    } = request;
    if refinances.is_some() {
        return None;
    }
    let facts = Facts {
        day: at.date_naive(),
        amount: *amount,
        term: *term,
        purpose: *purpose,
        products,
        jurisdiction,
        wallet: *wallet,
        collateral,
    };
    serde_json::to_string(&facts).ok()
}
