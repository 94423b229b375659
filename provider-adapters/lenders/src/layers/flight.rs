//! Single flight: identical quotes that run at the same time are one call.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use domain::RequestId;
use domain::request::CreditRequest;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use sdk::{Answer, Ask, LenderError};

type Outcome = Result<Answer, LenderError>;
type Call = Shared<BoxFuture<'static, Outcome>>;
type Running = (CreditRequest, WeakShared<BoxFuture<'static, Outcome>>);

#[derive(Default)]
pub(super) struct SingleFlight {
    /// Weak: when every caller has gone, the call is dropped with them.
    calls: Mutex<HashMap<RequestId, Running>>,
}

impl SingleFlight {
    /// Joins the running call of an equal request, or starts one.
    pub(super) fn join<F>(&self, ask: &Ask, start: impl FnOnce(Ask) -> F) -> Call
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((request, call)) = calls.get(&ask.request.id)
            && *request == ask.request
            && let Some(running) = call.upgrade()
            && running.peek().is_none()
        {
            return running;
        }
        calls.retain(|_, (_, call)| call.upgrade().is_some_and(|running| running.peek().is_none()));
        let call = start(ask.clone()).boxed().shared();
        if let Some(weak) = call.downgrade() {
            calls.insert(ask.request.id, (ask.request.clone(), weak));
        }
        call
    }
}
