//! Schema `kyc`.

mod events;
mod outcomes;
mod reviews;
mod sessions;

pub(crate) use events::{EventRow, NewEvent, add_event, events, finish_events, queued, sessions_with_events};
pub(crate) use outcomes::{Outcome, add_outcome};
pub(crate) use reviews::{ReviewRow, add_review, decide_review, hold_review, newest_review, open_review};
pub(crate) use sessions::{
    SessionRow, add_session, hold_session, listed, of_borrower, session, to_expire, to_look_at, write_session,
};
