//! One suite for every store of counters, and the faults of Redis.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

#[path = "../../../tests/src/redis_server.rs"]
mod redis_server;

mod faults;
mod suite;
mod support;

use aggregator::fraud::InProcessVelocity;
use support::redis;

macro_rules! suite {
    ($($name:ident)+) => {
        mod in_process {
            $(#[tokio::test] async fn $name() { super::suite::$name(&super::InProcessVelocity::default()).await; })+
        }
        mod in_redis {
            $(#[tokio::test] async fn $name() {
                if let Some((_server, store)) = super::redis() {
                    super::suite::$name(&store).await;
                }
            })+
        }
    };
}

suite! {
    a_window_holds_what_happened_within_it_and_forgets_the_rest
    the_same_sighting_twice_counts_once_and_gets_the_same_answer
    amounts_are_added_up_to_the_largest_sum
    different_values_are_exact_up_to_the_limit_and_estimated_above
    first_and_last_are_those_before_this_sighting
    people_who_share_a_thing_are_linked_and_a_network_links_nobody
    flags_are_seen_at_one_step_and_at_two
    links_are_capped_and_answers_stay_bounded
    the_place_before_this_one_is_told
    a_late_sighting_changes_neither_first_nor_last_wrongly
    a_sighting_beyond_the_limits_is_refused
    a_sighting_of_nothing_is_answered
}

/// Both stores answer the same, number for number, whatever comes in whatever order.
#[tokio::test]
async fn both_stores_answer_the_same() {
    let Some((_server, redis)) = redis() else { return };
    let memory = InProcessVelocity::default();
    suite::both_answer_the_same(&memory, &redis).await;
}
