//! Requests of before: their applicants lie in clear in the body. They are sealed by and by, and the database checks that nothing
//! else of the body changes. Forward only.

use ::privacy::Place;
use ::privacy::places::REQUEST_APPLICANT;
use uuid::Uuid;

use super::{personal, whose};
use crate::Aggregator;
use crate::api::Error;
use crate::store::quoting as requests;
use crate::store::to_json;

const AT_ONCE: i64 = 50;

impl Aggregator {
    /// Seals the next requests of before; answers how many, 0 at the end.
    pub async fn seal_old_requests(&self) -> Result<usize, Error> {
        let mut conn = self.world.db.acquire().await?;
        let ids = requests::unsealed(&mut conn, AT_ONCE).await?;
        drop(conn);
        for id in &ids {
            self.seal_old_request(*id).await?;
        }
        Ok(ids.len())
    }

    async fn seal_old_request(&self, id: Uuid) -> Result<(), Error> {
        let mut tx = self.world.db.begin().await?;
        let Some((mut asked, sealed)) = requests::lock_body(&mut tx, id).await? else {
            return Ok(());
        };
        if sealed {
            return Ok(());
        }
        let request = &mut asked.request;
        let whose = whose(request.tenant, request.borrower);
        let country = request.jurisdiction.country.clone();
        if let Some(said) = request.take_personal() {
            let place = Place::new(&REQUEST_APPLICANT, id, 1);
            let vault = &self.world.vault;
            vault.put(&mut tx, whose, (place, &country), &personal(&said)?).await?;
        }
        requests::seal_body(&mut tx, id, &to_json(&asked)?).await?;
        tx.commit().await?;
        Ok(())
    }
}
