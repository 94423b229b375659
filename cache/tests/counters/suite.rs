use domain::ports::Velocity;
use domain::ports::velocity::{
    ANOTHER_SIGHTING, EXACT_DISTINCT, EntityKind, Figures, LARGEST_AMOUNT, LARGEST_SUM, LINKED_AT_MOST, LOOKED_AT,
    OBSERVED_AT_MOST, Observation, Place, VelocityError, Window,
};

use crate::support::{at, entity, key, meets, seen, sighting};

const DEVICE: EntityKind = EntityKind::Device;

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap()
}

pub async fn a_window_holds_what_happened_within_it_and_forgets_the_rest(store: &dyn Velocity) {
    let device = entity(DEVICE, 1);
    // One sighting at the start, then one just inside and one well outside of each window.
    store.observe(&sighting(1, 0, 7, vec![seen(device, 7)])).await.unwrap();
    let lengths = [60, 600, 3_600, 86_400, 604_800, 2_592_000];
    for (id, length) in (10..).zip(lengths) {
        let inside = store
            .observe(&sighting(id, length, 7, vec![seen(device, 7)]))
            .await
            .unwrap();
        let number = i64::try_from(id).unwrap() - 9;
        for (place, window) in Window::ALL.into_iter().enumerate() {
            let count = inside.counts[0].of(window).count;
            if lengths[place] >= length {
                assert_eq!(count, number + 1, "{window:?} {length} s after the first");
            } else if lengths[place] + window.bucket_seconds() < length - lengths[whole_place(id)] {
                assert_eq!(count, 1, "{window:?} {length} s after the first");
            }
        }
    }
    let later = sighting(99, 200 * 86_400, 7, vec![seen(device, 7)]);
    let later = store.observe(&later).await.unwrap();
    let alone = Figures {
        count: 1,
        sum_minor: 100,
        distinct: 1,
    };
    assert_eq!(
        later.counts[0].windows, [alone; 6],
        "after 200 days only this one is left"
    );
}

/// The place of the length before that of sighting `id`, or its own when it is the first.
fn whole_place(id: u64) -> usize {
    usize::try_from(id).unwrap().saturating_sub(11)
}

pub async fn the_same_sighting_twice_counts_once_and_gets_the_same_answer(store: &dyn Velocity) {
    let device = entity(DEVICE, 2);
    let one = sighting(1, 0, 7, vec![seen(device, 7)]);
    let first = store.observe(&one).await.unwrap();
    let other = store.observe(&sighting(2, 5, 8, vec![seen(device, 8)])).await.unwrap();
    assert_eq!(other.counts[0].of(Window::Minute).count, 2);
    assert_eq!(store.observe(&one).await.unwrap(), first);
    let fewer = sighting(1, 0, 7, Vec::new());
    assert_eq!(store.observe(&fewer).await, Err(ANOTHER_SIGHTING));
    let third = store.observe(&sighting(3, 6, 7, vec![seen(device, 7)])).await.unwrap();
    assert_eq!(third.counts[0].of(Window::Minute).count, 3);
    assert_eq!(third.counts[0].of(Window::Minute).sum_minor, 300);
}

pub async fn amounts_are_added_up_to_the_largest_sum(store: &dyn Velocity) {
    let account = entity(EntityKind::PayoutAccount, 3);
    let with = |amount_minor| {
        vec![Observation {
            amount_minor,
            ..seen(account, 7)
        }]
    };
    let mut last = 0;
    for id in 0..3 {
        let answer = store.observe(&sighting(id, 0, 7, with(12_345_678_901))).await.unwrap();
        last = answer.counts[0].of(Window::Day).sum_minor;
    }
    assert_eq!(last, 3 * 12_345_678_901);
    let answer = store.observe(&sighting(9, 0, 7, with(i64::MAX))).await.unwrap();
    assert_eq!(answer.counts[0].of(Window::Day).sum_minor, last + LARGEST_AMOUNT);
    const { assert!(LARGEST_SUM > 1_000 * LARGEST_AMOUNT) }
}

pub async fn different_values_are_exact_up_to_the_limit_and_estimated_above(store: &dyn Velocity) {
    let (device, many) = (entity(DEVICE, 4), 1_500);
    for person in 1..=many {
        let second = i64::try_from(person / 10).unwrap();
        let one = sighting(person, second, person, vec![seen(device, person)]);
        let counts = store.observe(&one).await.unwrap().counts[0];
        let exact = i64::try_from(person).unwrap();
        let limit = whole(EXACT_DISTINCT);
        for window in [Window::Day, Window::Week, Window::Month] {
            let distinct = counts.of(window).distinct;
            if exact < limit {
                assert_eq!(distinct, exact, "{window:?}");
            } else {
                let within = (exact * 7 / 10).max(limit)..=exact * 13 / 10;
                assert!(within.contains(&distinct), "{window:?}: {distinct} of {exact}");
            }
        }
        let hour = counts.of(Window::Hour).distinct;
        assert_eq!(hour, exact.min(limit), "in an hour it stops at the limit");
    }
    let again = sighting(9_999, 200, 1, vec![seen(device, 1)]);
    let again = store.observe(&again).await.unwrap().counts[0];
    assert_eq!(again.of(Window::Month).count, i64::try_from(many).unwrap() + 1);
}

pub async fn first_and_last_are_those_before_this_sighting(store: &dyn Velocity) {
    let device = entity(DEVICE, 5);
    let mut answers = Vec::new();
    for (id, second) in [(1, 0), (2, 40), (3, 100)] {
        let answer = store
            .observe(&sighting(id, second, 7, vec![seen(device, 7)]))
            .await
            .unwrap();
        answers.push((answer.counts[0].since_first, answer.counts[0].since_last));
    }
    assert_eq!(answers, [(None, None), (Some(40), Some(40)), (Some(100), Some(60))]);
}

pub async fn people_who_share_a_thing_are_linked_and_a_network_links_nobody(store: &dyn Velocity) {
    for kind in EntityKind::ALL {
        let thing = entity(kind, 6);
        for (id, person) in (100 * (kind as u64)..).zip([1, 2, 2, 3]) {
            let answer = meets(store, id, person, thing).await;
            let expected = if kind.links() {
                i64::try_from(person).unwrap()
            } else {
                0
            };
            assert_eq!(answer.counts[0].people, expected, "{kind:?}");
        }
    }
}

pub async fn flags_are_seen_at_one_step_and_at_two(store: &dyn Velocity) {
    // 1 - device a - 2 - wallet b - 3 - e-mail c - 4
    let (a, b) = (entity(DEVICE, 71), entity(EntityKind::Wallet, 72));
    let c = entity(EntityKind::Email, 73);
    for (id, (person, thing)) in (1..).zip([(1, a), (2, a), (2, b), (3, b), (3, c), (4, c)]) {
        meets(store, id, person, thing).await;
    }
    let clean = meets(store, 10, 1, a).await;
    assert_eq!((clean.flagged, clean.flagged_near, clean.flagged_far), (false, 0, 0));
    for (id, person, expected) in [(11, 4, (false, 0, 0)), (12, 3, (false, 0, 1)), (13, 2, (false, 1, 1))] {
        store.flag(key(person), at(0)).await.unwrap();
        let answer = meets(store, id, 1, a).await;
        assert_eq!((answer.flagged, answer.flagged_near, answer.flagged_far), expected);
    }
    let middle = meets(store, 14, 2, a).await;
    assert_eq!((middle.flagged, middle.flagged_near, middle.flagged_far), (true, 1, 1));
}

pub async fn links_are_capped_and_answers_stay_bounded(store: &dyn Velocity) {
    let (device, more) = (entity(DEVICE, 8), u64::try_from(LINKED_AT_MOST).unwrap() + 20);
    for person in 1..=more {
        let answer = meets(store, person, person, device).await;
        let cap = whole(LINKED_AT_MOST).min(i64::try_from(person).unwrap());
        assert_eq!(answer.counts[0].people, cap);
    }
    // The first ones fell out: flagging them is not seen, flagging the last one is.
    store.flag(key(1), at(0)).await.unwrap();
    assert_eq!(meets(store, 500, more, device).await.flagged_near, 0);
    store.flag(key(more - 1), at(0)).await.unwrap();
    assert_eq!(meets(store, 501, more, device).await.flagged_near, 1);
    // Every one of 40 neighbours knows 40 others through a wallet: 1,600 people, of whom some are looked at.
    let hub = entity(DEVICE, 9);
    for person in 0..40 {
        meets(store, 1_000 + person, 10_000 + person, hub).await;
        let wallet = entity(EntityKind::Wallet, 900 + person);
        meets(store, 2_000 + person, 10_000 + person, wallet).await;
        for other in 0..40 {
            let far = 20_000 + person * 40 + other;
            meets(store, 3_000 + person * 40 + other, far, wallet).await;
            store.flag(key(far), at(0)).await.unwrap();
        }
    }
    let answer = meets(store, 9_000, 99_999, hub).await;
    assert_eq!(answer.flagged_far, whole(LOOKED_AT) - 40);
}

pub async fn the_place_before_this_one_is_told(store: &dyn Velocity) {
    let place = |latitude, longitude| Place { latitude, longitude };
    let (berlin, sydney) = (place(525, 134), place(-339, 1512));
    let mut one = sighting(1, 0, 7, Vec::new());
    one.place = Some(berlin);
    assert_eq!(store.observe(&one).await.unwrap().previous_place, None);
    let nowhere = store.observe(&sighting(2, 50, 7, Vec::new())).await.unwrap();
    assert_eq!(nowhere.previous_place, Some((berlin, 50)));
    let mut third = sighting(3, 3_600, 7, Vec::new());
    third.place = Some(sydney);
    assert_eq!(
        store.observe(&third).await.unwrap().previous_place,
        Some((berlin, 3_600))
    );
    let fourth = store.observe(&sighting(4, 3_610, 7, Vec::new())).await.unwrap();
    assert_eq!(fourth.previous_place, Some((sydney, 10)));
    let other = store.observe(&sighting(5, 3_610, 8, Vec::new())).await.unwrap();
    assert_eq!(other.previous_place, None, "another person was nowhere");
}

pub async fn a_late_sighting_changes_neither_first_nor_last_wrongly(store: &dyn Velocity) {
    let device = entity(DEVICE, 10);
    for (id, second) in [(1, 1_000), (2, 400), (3, 1_000)] {
        store
            .observe(&sighting(id, second, 7, vec![seen(device, 7)]))
            .await
            .unwrap();
    }
    let answer = store
        .observe(&sighting(4, 1_001, 7, vec![seen(device, 7)]))
        .await
        .unwrap();
    let counts = answer.counts[0];
    assert_eq!((counts.since_first, counts.since_last), (Some(601), Some(1)));
    assert_eq!((counts.of(Window::Minute).count, counts.of(Window::Hour).count), (3, 4));
}

pub async fn a_sighting_beyond_the_limits_is_refused(store: &dyn Velocity) {
    let things = |number: usize| (0..number).map(|n| seen(entity(DEVICE, n as u64), 7)).collect();
    assert!(
        store
            .observe(&sighting(1, 0, 7, things(OBSERVED_AT_MOST)))
            .await
            .is_ok()
    );
    let refused = [
        things(OBSERVED_AT_MOST + 1),
        vec![seen(entity(DEVICE, 1), 7); 2],
        vec![Observation {
            amount_minor: -1,
            ..seen(entity(DEVICE, 1), 7)
        }],
    ];
    for observations in refused {
        let answer = store.observe(&sighting(2, 0, 7, observations)).await;
        assert!(matches!(answer, Err(VelocityError::Invalid(_))));
    }
    let mut nowhere = sighting(3, 0, 7, Vec::new());
    nowhere.place = Some(Place {
        latitude: 901,
        longitude: 0,
    });
    assert!(matches!(store.observe(&nowhere).await, Err(VelocityError::Invalid(_))));
}

pub async fn a_sighting_of_nothing_is_answered(store: &dyn Velocity) {
    let answer = store.observe(&sighting(1, 0, 7, Vec::new())).await.unwrap();
    assert!(answer.counts.is_empty() && !answer.flagged);
    let without = Observation {
        distinct: None,
        ..seen(entity(DEVICE, 11), 7)
    };
    let answer = store.observe(&sighting(2, 0, 7, vec![without])).await.unwrap();
    assert_eq!(answer.counts[0].of(Window::Day).distinct, 0);
    assert_eq!(answer.counts[0].of(Window::Day).count, 1);
}

/// Few people, few things, times that mostly rise, over three weeks: every answer of both stores is the same.
pub async fn both_answer_the_same(one: &dyn Velocity, other: &dyn Velocity) {
    let mut state = 42_u64;
    let mut draw = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut second = 0_i64;
    for id in 0..1_000 {
        let step = [1, 30, 400, 5_000, 70_000][usize::try_from(draw(5).min(draw(5))).unwrap()];
        second += i64::try_from(draw(step)).unwrap();
        let late = if draw(20) == 0 { 700 } else { 0 };
        let person = draw(9);
        let mut observations = Vec::new();
        for kind in EntityKind::ALL {
            if draw(2) == 0 {
                observations.push(Observation {
                    entity: entity(kind, draw(4)),
                    amount_minor: i64::try_from(draw(1_000_000_007)).unwrap(),
                    distinct: (draw(10) > 0).then(|| key(draw(60))),
                });
            }
        }
        let mut sighting = sighting(
            id - u64::from(id > 0 && draw(30) == 0),
            second - late,
            person,
            observations,
        );
        sighting.place = (draw(3) == 0).then(|| Place {
            latitude: i16::try_from(draw(1_801)).unwrap() - 900,
            longitude: i16::try_from(draw(3_601)).unwrap() - 1_800,
        });
        if draw(40) == 0 {
            let flagged = key(draw(9));
            one.flag(flagged, sighting.at).await.unwrap();
            other.flag(flagged, sighting.at).await.unwrap();
        }
        let (a, b) = (one.observe(&sighting).await, other.observe(&sighting).await);
        assert_eq!(a, b, "sighting {id}");
    }
}
