//! Prints what the fraud decision costs: `cargo run --release -p usance-risk --example fraud_speed`.

use std::hint::black_box;
use std::time::Instant;

use domain::money::{Currency, Money};
use usance_risk::fraud::{FraudFacts, FraudRules, assess};

const ROUNDS: usize = 20_000;

fn main() {
    let rules = FraudRules::built_in().expect("the released rules");
    let ordinary = r#"{"person_requests_10m":1,"person_requests_24h":1,"person_requests_30d":2,"person_devices_24h":1,
        "person_devices_30d":1,"person_pause_seconds":90000,"device_requests_1m":1,"device_requests_1h":1,
        "device_requests_24h":1,"device_people_24h":1,"device_people_30d":1,"device_age_seconds":900000,
        "network_requests_1m":2,"network_people_1h":2,"email_requests_24h":1,"email_people_30d":1,
        "payout_people_30d":1,"payout_amount_24h_percent":100,"wallet_people_30d":1,"wallet_requests_24h":1,
        "partner_requests_1m":40,"linked_people":1,"flagged_near":0,"flagged_far":0,"person_flagged":0,
        "email_tagged":0,"email_digits_percent":0,"sign_up_seconds":900000,"form_seconds":95,"paste_count":1,
        "travel_kmh":0,"anomaly_permille":400,"email_domain":"FREE","holder_name":"SAME","ip_class":"MOBILE"}"#;
    let strange = r#"{"person_requests_10m":99,"person_requests_24h":99,"person_requests_30d":99,"person_devices_24h":99,
        "person_devices_30d":99,"person_pause_seconds":0,"device_requests_1m":99,"device_requests_1h":99,
        "device_requests_24h":99,"device_people_24h":99,"device_people_30d":99,"device_age_seconds":0,
        "network_requests_1m":999,"network_people_1h":99,"email_requests_24h":99,"email_people_30d":99,
        "payout_people_30d":99,"payout_amount_24h_percent":9999,"wallet_people_30d":99,"wallet_requests_24h":99,
        "partner_requests_1m":9999,"linked_people":99,"flagged_near":9,"flagged_far":9,"person_flagged":1,
        "email_tagged":1,"email_digits_percent":99,"sign_up_seconds":0,"form_seconds":0,"paste_count":99,
        "travel_kmh":9999,"anomaly_permille":990,"email_domain":"DISPOSABLE","holder_name":"DIFFERENT","ip_class":"TOR"}"#;
    for (name, text) in [("ordinary", ordinary), ("everything fires", strange)] {
        let facts: FraudFacts = serde_json::from_str(text).expect("facts");
        let amount = Money::new(500_000, Currency::usd());
        let mut nanos: Vec<u128> = (0..ROUNDS)
            .map(|_| {
                let started = Instant::now();
                black_box(assess(black_box(&rules), black_box(&facts), amount));
                started.elapsed().as_nanos()
            })
            .collect();
        nanos.sort_unstable();
        let fired = assess(&rules, &facts, amount).fired.len();
        let (p50, p99) = (nanos[ROUNDS / 2], nanos[ROUNDS / 100 * 99]);
        println!("{name}: {fired} sub-rules fired, p50 {p50} ns, p99 {p99} ns");
    }
}
