use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::digest::canonical_json;
use crate::sample::{full_offer, offer, quote_of, usd};

fn candidate() -> impl Strategy<Value = Candidate> {
    (0u128..50, 0i64..5, 0i64..5, 0i64..5, 0i64..2, 0u8..50).prop_map(|(id, apr, cost, payment, short, digest)| {
        Candidate {
            quote: QuoteId(Uuid::from_u128(id)),
            apr: Rate::from_percent(apr),
            total_cost: usd(cost),
            worst_cost: usd(cost + 1),
            largest_payment: usd(payment),
            shortfall: usd(short),
            shorter: false,
            binding: Binding::Firm,
            digest: B256::repeat_byte(digest),
        }
    })
}

proptest! {
    #[test]
    fn the_ranking_does_not_depend_on_the_order_of_arrival(mut all in prop::collection::vec(candidate(), 0..20), seed: u64) {
        all.sort_by_key(|c| c.digest);
        all.dedup_by_key(|c| c.digest);
        let straight = rank(all.clone(), RankBy::Apr);
        let mut shuffled = all;
        let len = shuffled.len();
        for i in 0..len {
            let j = usize::try_from(seed.rotate_left(u32::try_from(i).unwrap_or(0)) % (len as u64)).unwrap_or(0);
            shuffled.swap(i, j);
        }
        prop_assert_eq!(canonical_json(&straight), canonical_json(&rank(shuffled, RankBy::Apr)));
    }
}

#[test]
fn a_stored_ranking_replays_to_the_same_bytes() {
    let ranking = rank(
        vec![
            Candidate::of(&quote_of(offer())),
            Candidate::of(&quote_of(full_offer())),
        ],
        RankBy::Apr,
    );
    let stored = canonical_json(&ranking);
    let read: Ranking = serde_json::from_slice(&stored).unwrap();
    assert_eq!(canonical_json(&read.replay()), stored);
}

#[test]
fn a_partial_offer_stands_behind_a_whole_one_however_cheap() {
    let whole = Candidate::of(&quote_of(offer()));
    let partial = Candidate {
        shortfall: usd(1),
        apr: Rate::ZERO,
        digest: B256::ZERO,
        ..whole.clone()
    };
    let ranking = rank(vec![partial.clone(), whole.clone()], RankBy::Apr);
    assert_eq!(ranking.places[0].candidate, whole);
    assert_eq!(ranking.places[1].position, 2);
    let brief = Candidate {
        shorter: true,
        shortfall: usd(0),
        ..partial
    };
    assert_eq!(rank(vec![brief, whole.clone()], RankBy::Apr).places[0].candidate, whole);
}

#[test]
fn the_borrower_chooses_what_counts() {
    let cheap_rate = Candidate::of(&quote_of(offer()));
    let cheap_cost = Candidate {
        apr: Rate::from_percent(40),
        total_cost: usd(1),
        ..cheap_rate.clone()
    };
    let both = || vec![cheap_cost.clone(), cheap_rate.clone()];
    assert_eq!(rank(both(), RankBy::Apr).places[0].candidate, cheap_rate);
    assert_eq!(rank(both(), RankBy::TotalCost).places[0].candidate, cheap_cost);
}
