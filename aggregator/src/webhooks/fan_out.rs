//! From the outbox to deliveries: one for each endpoint that listens, in the transaction of the inbox.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ports::{Clock, Ids};
use serde_json::Value;
use sqlx::PgConnection;

use super::Owner;
use super::catalogue::{Told, tenant_of};
use crate::World;
use crate::api::Error;
use crate::events::{Consumer, Delivered};
use crate::store::webhooks::{self as rows, NewDelivery};
use crate::store::{corrupt, events};

/// Writes deliveries.
pub(crate) struct FanOut {
    ids: Arc<dyn Ids>,
    clock: Arc<dyn Clock>,
}

impl FanOut {
    pub(crate) fn over(world: &World) -> Self {
        let (ids, clock) = (Arc::clone(&world.ids), Arc::clone(&world.clock));
        Self { ids, clock }
    }
}

#[async_trait]
impl Consumer for FanOut {
    fn name(&self) -> &'static str {
        "webhooks"
    }

    async fn apply(&self, conn: &mut PgConnection, event: &Delivered) -> Result<(), Error> {
        let Some(told) = Told::of(event) else {
            return Ok(());
        };
        let tenant = if told.lacks_tenant() {
            tenant_at_first(conn, event).await?
        } else {
            told.tenant()
        };
        let owners = [
            tenant.filter(|_| told.tenants_hear()).map(Owner::Tenant),
            told.lender().map(Owner::Lender),
        ];
        for owner in owners.into_iter().flatten() {
            let listening = rows::listening(conn, &owner, told.name, event.occurred_at).await?;
            if listening.is_empty() {
                continue;
            }
            let body = told.body(event, &owner);
            for endpoint in listening {
                let new = NewDelivery {
                    id: self.ids.next(),
                    endpoint,
                    event_id: event.event_id.0,
                    event: told.name,
                    body: &body,
                    occurred_at: event.occurred_at,
                };
                rows::add_delivery(conn, &new, self.clock.now()).await?;
            }
        }
        Ok(())
    }
}

/// Later events of a request do not name its tenant; the first one does.
async fn tenant_at_first(conn: &mut PgConnection, event: &Delivered) -> Result<Option<domain::ids::TenantId>, Error> {
    let Some(first) = events::first_payload(conn, event.aggregate_id).await? else {
        return Ok(None);
    };
    match serde_json::from_str(&first).map_err(corrupt)? {
        Value::Object(payload) => Ok(tenant_of(&payload)),
        _ => Ok(None),
    }
}
