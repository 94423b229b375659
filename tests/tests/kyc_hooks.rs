//! Webhooks over the adapters, the use case and the database: what is forged, downgraded, replayed or late is never applied, and what is good
//! is applied exactly once.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aggregator::api::IdempotencyKey;
use aggregator::kyc::{HookProblem, IdentityLevel, KycSettings, NewVerification, Taken};
use aggregator::{Aggregator, Settings, World};
use anyhow::{Context, Result, ensure};
use domain::ids::{PrincipalId, TenantId};
use domain::ports::{Clock, Hook, Ids, Vendor, Verifier};
use domain::{Principal, Role};
use sandbox::identity::{HookFault, Webhook};
use sandbox::jumio::JumioHandle;
use sandbox::sumsub::{SumsubHandle, SumsubSetup};
use sdk::{Endpoint, HttpClient, NetworkPolicy, Secret};
use server::clock::{SystemClock, UuidV7Ids};
use sqlx::{ConnectOptions as _, PgPool};
use usance_tests::books::Books;
use uuid::Uuid;
use verifiers::jumio::{Hosts, Tokens};
use verifiers::sumsub::DigestAlgorithm;
use verifiers::{Jumio, Limit, Sumsub};

const SESSIONS: usize = 4;
const ROUNDS: usize = 10_000;

/// A lottery that always draws the same.
struct Lots(u64);

impl Lots {
    fn draw(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap_or_default()
    }
}

struct Stage {
    aggregator: Arc<Aggregator>,
    db: PgPool,
    sumsub: SumsubHandle,
    jumio: JumioHandle,
    /// Vendor, and its name of the person or run.
    sessions: Vec<(Vendor, String)>,
}

fn outside() -> sandbox::World {
    sandbox::World {
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Ids),
    }
}

/// Both vendors, as production has them but for the addresses.
async fn vendors() -> Result<(SumsubHandle, JumioHandle, Vec<Arc<dyn Verifier>>)> {
    let setup = SumsubSetup::development();
    let sumsub = sandbox::sumsub::spawn(setup.clone(), outside()).await?;
    let jumio = sandbox::jumio::spawn(outside()).await?;
    let network = NetworkPolicy::AllowLoopback;
    let limit = || Limit::per_second(NonZeroU32::new(1_000_000).unwrap_or(NonZeroU32::MIN));
    let clock = || Arc::new(SystemClock) as Arc<dyn Clock>;
    let one: Arc<dyn Verifier> = Arc::new(Sumsub {
        http: HttpClient::new(network)?,
        endpoint: Endpoint::parse(&sumsub.base_url, network)?,
        app_token: Secret::new(setup.app_token),
        secret: Secret::new(setup.secret),
        webhook_secret: Some(Secret::new(setup.webhook_secret)),
        digest: DigestAlgorithm::Sha256,
        production: true,
        network,
        clock: clock(),
        timeout: Duration::from_mins(1),
        limit: limit(),
    });
    let (id, secret) = (sandbox::jumio::CLIENT_ID, sandbox::jumio::CLIENT_SECRET);
    let two: Arc<dyn Verifier> = Arc::new(Jumio {
        http: HttpClient::new(network)?,
        hosts: Hosts::one(&Endpoint::parse(&jumio.base_url, network)?),
        tokens: Arc::new(Tokens::new(Secret::new(id.into()), Secret::new(secret.into()))),
        user_agent: "Usance/1".into(),
        callback_base: Some("http://127.0.0.1:1/hooks/kyc/jumio".into()),
        callback_key: Some(Secret::new("callback key".into())),
        network,
        clock: clock(),
        timeout: Duration::from_mins(1),
        limit: limit(),
    });
    Ok((sumsub, jumio, vec![one, two]))
}

async fn stage(db: PgPool) -> Result<Stage> {
    let books = Books::open(db.connect_options().to_url_lossy().as_str()).await?;
    let (sumsub, jumio, verifiers) = vendors().await?;
    let over = |verifiers: Vec<Arc<dyn Verifier>>| {
        let levels = Vendor::ALL.map(|vendor| ((vendor, IdentityLevel::Standard), "10011".to_owned()));
        let kyc = KycSettings {
            verifiers,
            levels: levels.into(),
            patience: Duration::from_mins(1),
            look: Duration::from_hours(24),
            name_key: b"key".to_vec(),
            ..KycSettings::default()
        };
        let settings = Settings {
            kyc,
            ..Settings::default()
        };
        Aggregator::new(World {
            db: db.clone(),
            settings,
            ..books.aggregator().world().clone()
        })
    };
    let mut sessions = Vec::new();
    for first in 0..2 {
        let mut order = verifiers.clone();
        order.rotate_left(first);
        let aggregator = over(order);
        for _ in 0..SESSIONS {
            let id = begin(&aggregator).await?;
            sessions.push(match first {
                0 => (Vendor::Sumsub, sumsub.vendor.applicant(&id).context("an applicant")?),
                _ => (Vendor::Jumio, jumio.vendor.run(&id).context("a run")?),
            });
        }
    }
    Ok(Stage {
        aggregator: over(verifiers),
        db,
        sumsub,
        jumio,
        sessions,
    })
}

async fn begin(aggregator: &Aggregator) -> Result<String> {
    let caller = Principal {
        id: PrincipalId(UuidV7Ids.next()),
        tenant: TenantId(Uuid::from_u128(2)),
        role: Role::Borrower,
        provider: None,
        standing: domain::principal::Standing::default(),
    };
    aggregator.create_tenant(caller.tenant, "tenant").await?;
    aggregator.create_principal(&caller).await?;
    let new = NewVerification {
        id: None,
        borrower: None,
        level: None,
        full_name: "Alex Sample".into(),
        born: None,
        country: Some("US".into()),
        region: None,
        consent: true,
    };
    let key = IdempotencyKey::parse("begin")?;
    let view = aggregator.start_verification(&caller, &key, new.clone()).await?;
    let again = aggregator.start_verification(&caller, &key, new).await?;
    ensure!(view.id == again.id, "one key, one session");
    Ok(view.id.to_string())
}

impl Stage {
    fn good(&self, session: usize) -> Result<(Vendor, Webhook)> {
        let (vendor, name) = &self.sessions[session];
        let hook = match vendor {
            Vendor::Sumsub => self.sumsub.vendor.webhook(name, "applicantPersonalInfoChanged"),
            Vendor::Jumio => self
                .jumio
                .vendor
                .advance(name, "ACQUISITION_STARTED")
                .context("a callback")?,
        };
        Ok((*vendor, hook))
    }

    fn bad(&self, session: usize, lots: &mut Lots) -> Result<(Vendor, Webhook)> {
        let faults = [HookFault::WrongDigest, HookFault::Sha1, HookFault::Sandbox];
        let fault = faults[lots.draw(3)];
        self.sumsub.vendor.set_hooks(fault);
        self.jumio.vendor.set_hooks(HookFault::WrongDigest);
        let (vendor, mut hook) = self.good(session)?;
        self.sumsub.vendor.set_hooks(HookFault::None);
        self.jumio.vendor.set_hooks(HookFault::None);
        // Also: a good one, bent on its way.
        if vendor == Vendor::Sumsub && lots.draw(2) == 0 {
            hook = self.good(session)?.1;
            let at = lots.draw(hook.body.len());
            hook.body[at] ^= 1 << lots.draw(8);
        }
        Ok((vendor, hook))
    }

    async fn deliver(&self, (vendor, hook): &(Vendor, Webhook)) -> Result<Taken, HookProblem> {
        let headers: Vec<(&str, &str)> = hook.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let hook = Hook {
            token: hook.url.rsplit('/').next(),
            headers: &headers,
            body: &hook.body,
            at: SystemClock.now(),
        };
        self.aggregator.take_kyc_hook(*vendor, hook).await
    }

    async fn work(&self) -> Result<()> {
        while self.aggregator.advance_identities().await? > 0 {}
        Ok(())
    }

    async fn count(&self, state: &str) -> Result<i64> {
        let query = "select count(*) from kyc.provider_event where state = $1";
        Ok(sqlx::query_scalar(query).bind(state).fetch_one(&self.db).await?)
    }
}

#[sqlx::test(migrations = "../aggregator/migrations")]
async fn of_ten_thousand_bad_webhooks_none_is_applied_and_every_good_one_once(db: PgPool) -> Result<()> {
    let stage = stage(db).await?;
    let mut lots = Lots(0x000b_ad5e_ed00);
    let (mut good, mut late) = (0, 0);
    let (mut forged, mut replayed) = (0, 0);
    let mut seen: Vec<(Vendor, Webhook)> = Vec::new();
    for round in 0..ROUNDS {
        let session = lots.draw(stage.sessions.len());
        if round % 20 == 0 {
            let hook = stage.good(session)?;
            ensure!(matches!(stage.deliver(&hook).await, Ok(Taken::Stored)), "a good one");
            seen.push(hook);
            good += 1;
        }
        match lots.draw(10) {
            0..=5 => {
                let bad = stage.bad(session, &mut lots)?;
                let taken = stage.deliver(&bad).await;
                ensure!(matches!(taken, Err(HookProblem::Refused(_))), "{taken:?} {bad:?}");
                forged += 1;
            }
            6..=8 => {
                let again = &seen[lots.draw(seen.len())];
                ensure!(matches!(stage.deliver(again).await, Ok(Taken::Again)), "a replay");
                replayed += 1;
            }
            _ => {
                // Kept back by somebody until the next one was applied.
                let (held, next) = (stage.good(session)?, stage.good(session)?);
                ensure!(matches!(stage.deliver(&next).await, Ok(Taken::Stored)));
                stage.work().await?;
                ensure!(matches!(stage.deliver(&held).await, Ok(Taken::Stored)));
                (good, late) = (good + 1, late + 1);
                seen.push(held);
            }
        }
    }
    stage.work().await?;
    ensure!(stage.count("QUEUED").await? == 0);
    let (applied, stale) = (stage.count("APPLIED").await?, stage.count("STALE").await?);
    ensure!(
        (applied, stale) == (good, late),
        "{applied} of {good} applied, {stale} of {late} late"
    );
    ensure!(forged + replayed + late == 10_000, "{forged} {replayed} {late}");
    let steps: i64 = sqlx::query_scalar("select count(*) from kyc.outcome where to_state not in ('CREATED', 'OPEN')")
        .fetch_one(&stage.db)
        .await?;
    ensure!(steps == 0, "no webhook moved anybody whom the vendor did not move");
    println!("{forged} forged, {replayed} replayed, {late} late: 0 applied; {good} good: each applied once");
    Ok(())
}

/// The database holds the rules also when the code does not.
#[sqlx::test(migrations = "../aggregator/migrations")]
async fn the_database_refuses_what_no_session_may_do(db: PgPool) -> Result<()> {
    let stage = stage(db).await?;
    for (change, constraint) in [
        (
            "update kyc.session set state = 'CREATED', version = version + 1",
            "session_transition",
        ),
        (
            "update kyc.session set state = 'VERIFIED', version = version + 1, decided_at = now(), verified_name = ''",
            "session_verified",
        ),
        (
            "update kyc.session set state = 'REJECTED', version = version + 1",
            "session_rejected",
        ),
        ("update kyc.session set state = 'PENDING'", "session_version"),
        ("update kyc.session set subject = 'another'", "session_identity"),
        (
            "update kyc.session set last_event_ms = last_event_ms - 1",
            "session_event_order",
        ),
        ("delete from kyc.session", "append_only"),
        ("update kyc.outcome set reason = 'X'", "append_only"),
        ("truncate kyc.outcome", "append_only"),
    ] {
        let refused = sqlx::query(change).execute(&stage.db).await.expect_err(change);
        let named = refused
            .as_database_error()
            .and_then(|error| error.constraint())
            .map(str::to_owned);
        ensure!(named.as_deref() == Some(constraint), "{change}: {refused}");
    }
    sqlx::query("update kyc.session set state = 'REVIEW', version = version + 1")
        .execute(&stage.db)
        .await?;
    let alone =
        "update kyc.session set state = 'VERIFIED', version = version + 1, decided_at = now(), verified_name = '',
                 verified_until = now()";
    let refused = sqlx::query(alone).execute(&stage.db).await.expect_err(alone);
    let named = refused
        .as_database_error()
        .and_then(|error| error.constraint())
        .map(str::to_owned);
    ensure!(named.as_deref() == Some("session_four_eyes"), "{refused}");
    let one = "insert into kyc.review (id, session_id, verdict, state, note, proposed_by, proposed_at)
               select gen_random_uuid(), id, 'APPROVE', 'OPEN', 'n', tenant, now() from kyc.session limit 1";
    sqlx::query(one).execute(&stage.db).await?;
    let own =
        "update kyc.review set state = 'CONFIRMED', decided_by = proposed_by, decided_at = now(), decision_note = 'n'";
    let refused = sqlx::query(own).execute(&stage.db).await.expect_err(own);
    let named = refused
        .as_database_error()
        .and_then(|error| error.constraint())
        .map(str::to_owned);
    ensure!(named.as_deref() == Some("review_four_eyes"), "{refused}");
    Ok(())
}
