//! What different readers see of one settlement.

use domain::principal::Standing;
use domain::{Principal, Role};
use sqlx::PgPool;

use super::support::{Bench, desk_quote};
use crate::api::Error;

#[sqlx::test(migrations = "./migrations")]
async fn what_the_borrowers_wallet_needs_is_shown_to_the_borrowers_side_alone(db: PgPool) {
    let bench = Bench::new(db);
    let opened = bench.open(&desk_quote(1)).await.unwrap();
    let a = &bench.aggregator;
    let integrator = Principal {
        role: Role::Integrator,
        ..bench.officer()
    };
    for payer in [bench.borrower.clone(), integrator] {
        let seen = a.settlement(&payer, opened.id).await.unwrap();
        assert!(
            seen.typed_data.is_some() && !seen.approvals.is_empty(),
            "{:?}",
            payer.role
        );
    }
    let lender = Principal {
        provider: Some(opened.provider.clone()),
        ..bench.provider()
    };
    let bound = Principal {
        standing: Standing::default(),
        ..bench.officer()
    };
    for reader in [lender, bench.officer(), bound.clone()] {
        let seen = a.settlement(&reader, opened.id).await.unwrap();
        assert_eq!((seen.state, seen.loan_id), (opened.state, opened.loan_id));
        assert_eq!((seen.typed_data, seen.handoff), (None, None), "{:?}", reader.role);
        assert!(seen.approvals.is_empty() && seen.calls.is_empty(), "{:?}", reader.role);
    }
    let stranger = Principal {
        tenant: domain::ids::TenantId(uuid::Uuid::from_u128(99)),
        ..bound
    };
    let admin = Principal {
        role: Role::Admin,
        ..bench.officer()
    };
    for nobody in [stranger, admin] {
        assert!(
            matches!(a.settlement(&nobody, opened.id).await, Err(Error::NotFound)),
            "{:?}",
            nobody.role
        );
    }
}
