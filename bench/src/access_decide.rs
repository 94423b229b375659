//! Decisions about access: the same three that Cedar was tried with, and one that is refused.

use std::hint::black_box;
use std::time::Instant;

use access::{Action, Class, Decision, Resource, decide};
use async_trait::async_trait;
use domain::principal::{Group, Standing};
use domain::{Principal, Role};

use crate::figure::{Figure, Metric, Samples, latencies};
use crate::sample;

/// Decisions timed together: one takes less than the clock can tell.
const TOGETHER: u32 = 1_000;
/// Times of a round.
const TIMES: usize = 2_000;

/// Time of one decision.
#[derive(Debug)]
pub struct Decide {
    cases: Vec<(Principal, Action, Resource<'static>)>,
}

impl Decide {
    /// Fails when a decision is not the one that is to be measured.
    pub fn new() -> anyhow::Result<Self> {
        let borrower = sample::borrower();
        let staff = |role| Principal {
            role,
            standing: Standing::of(&[Group::Platform]),
            ..sample::borrower()
        };
        let own = |class| Resource::about(class, borrower.tenant, borrower.id);
        let other = Principal {
            id: domain::ids::PrincipalId(uuid::Uuid::from_u128(9)),
            ..sample::borrower()
        };
        let cases = vec![
            (borrower.clone(), Action::Read, own(Class::Loan)),
            (staff(Role::Manager), Action::Read, own(Class::Review)),
            (
                staff(Role::CreditHead),
                Action::Approve,
                Resource::platform(Class::ModelProposal).made_by(other.id),
            ),
            (other, Action::Cancel, own(Class::Settlement)),
        ];
        for (place, (caller, action, resource)) in cases.iter().enumerate() {
            let allowed = decide(caller, *action, resource) == Decision::Allow;
            anyhow::ensure!(allowed == (place < 3), "not the decision to measure: {resource:?}");
        }
        Ok(Self { cases })
    }
}

#[async_trait]
impl Figure for Decide {
    fn name(&self) -> &'static str {
        "access_decide"
    }

    fn metrics(&self) -> &'static [Metric] {
        const ALL: &[Metric] = &[
            Metric::target("decision, mean of 1,000, p50", "µs", 10),
            Metric::target("decision, mean of 1,000, p99", "µs", 10),
            Metric::report("decision, mean of 1,000, largest", "µs"),
        ];
        ALL
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let started = Instant::now();
            for number in 0..TOGETHER {
                let (caller, action, resource) = &self.cases[number as usize % self.cases.len()];
                let _ = black_box(decide(black_box(caller), *action, black_box(resource)));
            }
            let each = started.elapsed().as_nanos() / u128::from(TOGETHER);
            times.push(u64::try_from(each).unwrap_or(u64::MAX));
        }
        Ok(latencies(times))
    }
}
