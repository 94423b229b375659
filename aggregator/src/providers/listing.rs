//! The lenders of the configuration come into the registry when a process starts.

use std::sync::Arc;

use domain::ports::LenderControls;
use domain::provider::{Listed, ProviderState};
use sha2::{Digest, Sha256};

use crate::Aggregator;
use crate::api::Error;
use crate::store::providers::{self as rows, ProviderRow};

/// Who changes a lender when it is the configuration.
const CONFIGURATION: &str = "configuration";

impl Aggregator {
    /// Lists the configured lenders: a new one begins as `start` (`DRAFT` or `LIVE`), a changed configuration becomes a new
    /// version, and one that was listed before keeps its state. Repeating it changes nothing. From then on only live lenders
    /// are asked, and the limits of the registry are in force.
    pub async fn list_providers(
        &self,
        listed: &[Listed],
        controls: Arc<dyn LenderControls>,
        start: ProviderState,
    ) -> Result<(), Error> {
        // A second listing of one process has the controls of the first.
        let _first = self.providers.controls.set(controls);
        for lender in listed {
            self.list_provider(lender, start).await?;
        }
        let mut conn = self.world.db.acquire().await?;
        let read = rows::all(&mut conn).await?;
        self.providers.take_over(&read);
        Ok(())
    }

    async fn list_provider(&self, listed: &Listed, start: ProviderState) -> Result<(), Error> {
        let now = self.world.clock.now();
        let sha256 = Sha256::digest(&listed.config).to_vec();
        let mut tx = self.world.db.begin().await?;
        if rows::hold(&mut tx, &listed.id).await? {
            let Some(mut row) = rows::one(&mut tx, &listed.id).await? else {
                return Err(Error::NotFound);
            };
            if row.config_sha256 == sha256 {
                return Ok(());
            }
            row.name.clone_from(&listed.name);
            row.kind.clone_from(&listed.kind);
            (row.config_sha256, row.limits) = (sha256, listed.limits);
            (row.version, row.revision) = (row.version + 1, row.revision + 1);
            "its configuration changed".clone_into(&mut row.reason);
            CONFIGURATION.clone_into(&mut row.changed_by);
            row.changed_at = now;
            rows::update(&mut tx, &row).await?;
            rows::add_version(&mut tx, &row, &listed.config).await?;
            self.record_change(&mut tx, &row, "ProviderConfigured", Some(row.state))
                .await?;
        } else {
            let row = ProviderRow {
                id: listed.id.clone(),
                uid: self.world.ids.next(),
                name: listed.name.clone(),
                kind: listed.kind.clone(),
                state: start,
                version: 1,
                revision: 1,
                suspension: None,
                failed: 0,
                reason: "it is configured".to_owned(),
                changed_by: CONFIGURATION.to_owned(),
                changed_at: now,
                created_at: now,
                config_sha256: sha256,
                limits: listed.limits,
            };
            // Another process lists it at the same time: that one's word counts until the next start.
            if !rows::list(&mut tx, &row).await? {
                return Ok(());
            }
            rows::add_version(&mut tx, &row, &listed.config).await?;
            self.record_change(&mut tx, &row, "ProviderListed", None).await?;
        }
        fail::fail_point!("providers::before_listed_commit");
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(())
    }
}
