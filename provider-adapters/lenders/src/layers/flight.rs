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

/// What makes two questions the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The whole request, told apart quickly by its id.
    Request(RequestId),
    /// Facts about the loan alone, of whoever asks.
    Facts(String),
}

impl Key {
    fn joins(&self, running: &CreditRequest, asked: &CreditRequest) -> bool {
        match self {
            Self::Request(_) => running == asked,
            Self::Facts(_) => true,
        }
    }
}

#[derive(Default)]
pub(super) struct SingleFlight {
    /// Weak: when every caller has gone, the call is dropped with them.
    calls: Mutex<HashMap<Key, Running>>,
}

impl SingleFlight {
    /// Joins the running call of the same question, or starts one; answers whether it joined.
    pub(super) fn join<F>(&self, key: Key, ask: &Ask, start: impl FnOnce(Ask) -> F) -> (Call, bool)
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((request, call)) = calls.get(&key)
            && key.joins(request, &ask.request)
            && let Some(running) = call.upgrade()
            && running.peek().is_none()
        {
            return (running, true);
        }
        calls.retain(|_, (_, call)| call.upgrade().is_some_and(|running| running.peek().is_none()));
        let call = start(ask.clone()).boxed().shared();
        if let Some(weak) = call.downgrade() {
            calls.insert(key, (ask.request.clone(), weak));
        }
        (call, false)
    }
}
