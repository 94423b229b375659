//! What may be changed about the lenders of this process while they run.

use crate::ids::ProviderId;
use crate::provider::Limits;

/// The layers around the lenders of this process. Names that are not among them are passed over.
pub trait LenderControls: Send + Sync {
    /// From the next call on; a call that runs counts by the limits it began under.
    fn limit(&self, provider: &ProviderId, limits: Limits);

    /// Whatever that lender said before is not answered again, also not what it is saying now.
    fn forget_quotes(&self, provider: &ProviderId);

    /// The same of every lender that lends on that chain: it has a new block, or lost one.
    fn forget_quotes_on(&self, chain_id: u64);
}
