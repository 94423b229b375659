//! How sanctions lists stand, for officers and administrators.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use aggregator::screening::{PassView, Refreshed, ScreeningStatus};
use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::mutation::{payload, refusal};
use super::query::ROOT_COST;
use super::value::RefusalOut;
use super::{api, caller, fail};

/// Lists that decide, and what came of the last look at their folder.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ScreeningStatus")]
pub struct StatusOut {
    /// Hash of the lists that decide.
    version: String,
    /// Those lists.
    lists: Vec<ListOut>,
    /// Oddities that were read and kept, by kind.
    notices: Vec<NoticeOut>,
    /// Why the lists that lie in the folder now were refused; null when they were not. The former ones go on deciding.
    refused: Option<String>,
    /// The pass over all customers by these lists; null before it begins.
    pass: Option<PassOut>,
}

/// A list that decides.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ScreeningList")]
pub struct ListOut {
    /// Its name, such as `OFAC-SDN`.
    list: String,
    /// The day it was published, where a file says so.
    published: Option<String>,
    /// Entries.
    entries: i32,
    /// Names of all entries.
    names: i32,
    /// Wallets of all entries.
    wallets: i32,
    /// A part of it is missing, such as the alternate names.
    partial: bool,
    /// The files that it was read from.
    files: Vec<FileOut>,
}

/// A file of a list.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ScreeningFile")]
pub struct FileOut {
    /// Its name without folder and `.gz`.
    name: String,
    /// SHA-256 of its unpacked bytes, hexadecimal.
    sha256: String,
}

/// Oddities of one kind.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ScreeningNotice")]
pub struct NoticeOut {
    /// The kind.
    kind: String,
    /// How many.
    count: i32,
}

/// A pass over all customers.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ScreeningPass")]
pub struct PassOut {
    /// Requests that were looked at.
    looked: i32,
    /// Results graver than the one before.
    raised: i32,
    /// Results milder than the one before.
    lapsed: i32,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it ended; null while it goes on.
    finished_at: Option<DateTime<Utc>>,
}

/// A look at the folder of lists.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ScreeningRefresh")]
pub struct RefreshOut {
    /// Whether other lists decide now.
    changed: bool,
    /// How screening stands after it.
    status: StatusOut,
}

fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

impl From<PassView> for PassOut {
    fn from(view: PassView) -> Self {
        Self {
            looked: count(view.looked),
            raised: count(view.raised),
            lapsed: count(view.lapsed),
            started_at: view.started_at,
            finished_at: view.finished_at,
        }
    }
}

impl From<ScreeningStatus> for StatusOut {
    fn from(view: ScreeningStatus) -> Self {
        let lists = view.lists.into_iter().map(|list| ListOut {
            list: list.list,
            published: list.published,
            entries: count(list.entries),
            names: count(list.names),
            wallets: count(list.wallets),
            partial: list.partial,
            files: list
                .files
                .into_iter()
                .map(|file| FileOut {
                    name: file.name,
                    sha256: file.sha256,
                })
                .collect(),
        });
        let notices = view.notices.into_iter().map(|(kind, number)| NoticeOut {
            kind,
            count: count(number),
        });
        Self {
            version: view.version,
            lists: lists.collect(),
            notices: notices.collect(),
            refused: view.refused,
            pass: view.pass.map(Into::into),
        }
    }
}

impl From<Refreshed> for RefreshOut {
    fn from(done: Refreshed) -> Self {
        Self {
            changed: done.changed,
            status: done.status.into(),
        }
    }
}

/// Reads about screening.
#[derive(Clone, Copy, Debug)]
pub struct ScreeningQuery;

#[Object]
impl ScreeningQuery {
    /// How the sanctions lists stand in the process that answers. For officers and administrators.
    #[graphql(complexity = "ROOT_COST + 10 * child_complexity")]
    async fn screening_status(&self, ctx: &Context<'_>) -> Result<StatusOut> {
        let read = api(ctx)?.aggregator.screening_of(caller(ctx)?);
        Ok(Box::pin(read).await.map_err(fail)?.into())
    }
}

payload! {
    /// Answer to `refreshScreening`.
    ScreeningRefreshPayload { refresh: RefreshOut }
}

/// Writes about screening.
#[derive(Clone, Copy, Debug)]
pub struct ScreeningMutation;

#[Object]
impl ScreeningMutation {
    /// Looks at the folder of lists at once. Other processes look by themselves within half a minute. For officers.
    async fn refresh_screening(&self, ctx: &Context<'_>, idempotency_key: String) -> Result<ScreeningRefreshPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let done = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            api.aggregator.refresh_screening(caller, &key).await
        };
        ScreeningRefreshPayload::of(Box::pin(done).await, Into::into)
    }
}
