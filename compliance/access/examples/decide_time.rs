//! Time of a decision, without the rest of the bench: `cargo run --release -p usance-access --example decide_time`.

use std::hint::black_box;
use std::time::Instant;

use domain::ids::{PrincipalId, TenantId};
use domain::principal::{Group, Standing};
use domain::{Principal, Role};
use usance_access::{Action, Class, Resource, decide};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = |text: &str| -> Result<PrincipalId, Box<dyn std::error::Error>> { Ok(text.repeat(32).parse()?) };
    let tenant: TenantId = "2".repeat(32).parse()?;
    let who = |role, id| Principal {
        id,
        tenant,
        role,
        provider: None,
        standing: Standing::of(if role == Role::Borrower {
            &[]
        } else {
            &[Group::Platform]
        }),
    };
    let (one, other) = (id("1")?, id("3")?);
    let proposal = Resource::platform(Class::ModelProposal).made_by(other);
    let cases = [
        (
            "borrower reads own loan",
            who(Role::Borrower, one),
            Action::Read,
            Resource::about(Class::Loan, tenant, one),
        ),
        (
            "manager reads a review",
            who(Role::Manager, one),
            Action::Read,
            Resource::about(Class::Review, tenant, other),
        ),
        (
            "credit head approves a model",
            who(Role::CreditHead, one),
            Action::Approve,
            proposal,
        ),
        (
            "stranger cancels a settlement",
            who(Role::Borrower, other),
            Action::Cancel,
            Resource::about(Class::Settlement, tenant, one),
        ),
    ];
    for (name, caller, action, resource) in &cases {
        let mut times: Vec<u128> = (0..2_001)
            .map(|_| {
                let started = Instant::now();
                for _ in 0..1_000 {
                    let _ = black_box(decide(black_box(caller), *action, black_box(resource)));
                }
                started.elapsed().as_nanos() / 1_000
            })
            .collect();
        times.sort_unstable();
        let (median, most) = (times[1_000], times[1_980]);
        println!(
            "{name}: {median} ns, p99 {most} ns: {:?}",
            decide(caller, *action, resource)
        );
    }
    Ok(())
}
