//! What the borrower said of themselves: sealed when it is asked, opened when a decision needs it.

use ::privacy::places::REQUEST_APPLICANT;
use ::privacy::{Place, Purpose, Sealed};
use domain::request::CreditRequest;
use sqlx::PgConnection;

use crate::api::Error;
use crate::privacy::{Reading, VaultError, personal, whose};
use crate::store::corrupt;
use crate::store::quoting::{AskedRequest, Personal};
use crate::{Aggregator, World};

impl Aggregator {
    /// Seals what is personal of a request.
    pub(super) async fn seal_applicant(&self, request: &CreditRequest) -> Result<Sealed, Error> {
        let said = Personal {
            applicant: request.applicant.clone(),
            data_consents: request.data_consents.clone(),
        };
        let place = Place::new(&REQUEST_APPLICANT, request.id.0, 1);
        let whose = whose(request.tenant, request.borrower);
        Ok(self.world.vault.seal(whose, place, &personal(&said)?).await?)
    }

    /// Stores it beside the request.
    pub(super) async fn store_applicant(
        &self,
        conn: &mut PgConnection,
        request: &CreditRequest,
        sealed: &Sealed,
    ) -> Result<(), Error> {
        let place = Place::new(&REQUEST_APPLICANT, request.id.0, 1);
        let whose = whose(request.tenant, request.borrower);
        let country = &request.jurisdiction.country;
        Ok(self.world.vault.store(conn, whose, (place, country), sealed).await?)
    }

    /// The whole request again, for a decision of ours; the reading is noted in the caller's transaction.
    ///
    /// Refusal: `ERASED` when the person was forgotten.
    pub(crate) async fn whole_request(
        &self,
        conn: &mut PgConnection,
        asked: &AskedRequest,
        purpose: Purpose,
    ) -> Result<CreditRequest, Error> {
        whole(conn, &self.world, asked, purpose).await
    }
}

/// The same for who has a world alone.
pub(crate) async fn whole(
    conn: &mut PgConnection,
    world: &World,
    asked: &AskedRequest,
    purpose: Purpose,
) -> Result<CreditRequest, Error> {
    let mut asked = asked.clone();
    if let Some(said) = asked.take_personal() {
        return Ok(asked.whole(said));
    }
    let reading = Reading { by: None, purpose };
    let whose = whose(asked.tenant, asked.borrower);
    let what = (whose, &REQUEST_APPLICANT, asked.id.0);
    let found = world.vault.get(conn, what, reading).await?;
    let found = found.ok_or(VaultError::Erased)?;
    let said: Personal = serde_json::from_slice(found.expose(purpose).value()).map_err(corrupt)?;
    Ok(asked.whole(said))
}
