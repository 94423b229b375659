//! Made-up lenders and borrowers. Nobody here exists.

use chrono::NaiveDate;
use domain::{Currency, Money, Rate, Reason};
use usance_documents::{
    ActionTaken, AdverseAction, Agreement, ChargePayee, ContingentCharges, CreditorAction, DistanceMarketing, Kfs,
    KfsCharge, KfsQualitative, LateTerms, Line, Locale, OnchainTerms, OutsideSources, Party, Period, Prepayment, RegZ,
    ScheduledPayment, ScoreUsed, Secci, SecciForm, SecurityInterest, Unit, VariableRate,
};

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::parse(code).unwrap())
}

/// Equal monthly installments at a yearly rate; the last one takes what is left.
pub fn schedule(principal: Money, yearly: Rate, installment: i64, months: u32, from: &str) -> Vec<ScheduledPayment> {
    let at = |minor| Money::new(minor, principal.currency);
    let mut left = principal.minor;
    let rows = (1..=months).map(|number| {
        let monthly = Rate::from_ppm(yearly.ppm() / 12);
        let interest = at(left).share_half_even(monthly).unwrap().minor;
        let part = if number == months { left } else { installment - interest };
        left -= part;
        ScheduledPayment {
            due: Period::new(1, Unit::Month).after(day(from), number).unwrap(),
            principal: at(part),
            interest: at(interest),
            fees: at(0),
            total: at(part + interest),
        }
    });
    rows.collect()
}

pub fn total(schedule: &[ScheduledPayment]) -> i64 {
    schedule.iter().map(|row| row.total.minor).sum()
}

pub fn party(name: &str, address: &[&str]) -> Party {
    Party {
        address: address.iter().map(|line| (*line).to_owned()).collect(),
        ..Party::named(name)
    }
}

fn late(minor: i64, code: &str) -> LateTerms {
    LateTerms {
        grace_days: 10,
        fee: money(minor, code),
        penal_rate: Rate::ZERO,
    }
}

pub fn reg_z() -> RegZ {
    let schedule = schedule(money(500_000, "USD"), Rate::from_ppm(96_900), 23_000, 24, "2026-11-21");
    let sum = total(&schedule);
    RegZ {
        reference: "LN-2026-000417".into(),
        date: day("2026-11-21"),
        creditor: party("Harbor Bank, N.A.", &["200 Wharf Street", "Oakland, CA 94607"]),
        consumer: party("Alex Sample", &["18 Juniper Road", "Sacramento, CA 95814"]),
        apr: Rate::from_ppm(117_200),
        finance_charge: money(sum - 490_000, "USD"),
        amount_financed: money(490_000, "USD"),
        total_of_payments: money(sum, "USD"),
        itemization: vec![
            Line {
                label: "Amount given to you directly".into(),
                amount: money(360_000, "USD"),
            },
            Line {
                label: "Amount paid to others on your behalf: Lakeside Card Services".into(),
                amount: money(130_000, "USD"),
            },
        ],
        prepaid_finance_charge: vec![Line {
            label: "Origination fee".into(),
            amount: money(10_000, "USD"),
        }],
        schedule,
        variable: None,
        demand_feature: false,
        late: late(1_500, "USD"),
        prepayment: Prepayment {
            charge: Rate::ZERO,
            finance_charge_kept: true,
        },
        security: Some(SecurityInterest {
            property: "4 dWETH locked in the settlement contract".into(),
            liquidation_threshold: Some(Rate::from_percent(80)),
            liquidation_penalty: Some(Rate::from_percent(5)),
            filing_fees: None,
        }),
    }
}

pub fn secci(form: SecciForm) -> Secci {
    let schedule = schedule(
        money(1_000_000, "EUR"),
        Rate::from_ppm(72_000),
        31_000,
        36,
        "2026-11-30",
    );
    let sum = total(&schedule);
    Secci {
        form,
        reference: "CR-7781-Ω".into(),
        date: day("2026-11-21"),
        creditor: Party {
            email: Some("kredit@nordhafen.example".into()),
            phone: Some("+49 40 555 0100".into()),
            ..party(
                "Nordhafen Kreditbank AG",
                &["Große Elbstraße 12", "22767 Hamburg, Germany"],
            )
        },
        intermediary: Some(party("Usance", &["1 Ledger Square", "Dublin 2, Ireland"])),
        consumer: party(
            "Юлия Żółkiewska-Παπαδοπούλου",
            &["Avenue de l'Été 7", "1050 Bruxelles, Belgium"],
        ),
        credit_type: "Installment loan".into(),
        total_amount: money(1_000_000, "EUR"),
        drawdown: "Paid out in full to your account within two business days of the agreement.".into(),
        duration: Period::new(36, Unit::Month),
        total_payable: money(sum + 5_000, "EUR"),
        schedule,
        linked: None,
        security: None,
        borrowing_rate: Rate::from_ppm(72_000),
        variable: Some(VariableRate {
            index: "3-month EURIBOR".into(),
            index_rate: Rate::from_ppm(22_000),
            spread: Rate::from_percent(5),
            cap: Some(Rate::from_percent(12)),
            floor: Some(Rate::from_percent(5)),
            reset_every: Period::new(3, Unit::Month),
            plus_25bp: None,
        }),
        aprc: Rate::from_ppm(78_100),
        compulsory_service: None,
        costs: vec![Line {
            label: "Account fee, paid once".into(),
            amount: money(5_000, "EUR"),
        }],
        costs_may_change: None,
        notarial_costs: None,
        late: LateTerms {
            grace_days: 0,
            fee: money(250, "EUR"),
            penal_rate: Rate::from_ppm(95_000),
        },
        withdrawal_days: 14,
        early_repayment_compensation: Rate::from_percent(1),
        valid_until: Some(day("2026-12-05")),
        personalised_price: true,
        distance: Some(DistanceMarketing {
            registration: "Handelsregister Hamburg, HRB 000000".into(),
            supervisor: "Bundesanstalt für Finanzdienstleistungsaufsicht (BaFin)".into(),
            law_and_court: "German law; the courts of your home".into(),
            language: "English".into(),
            redress: "Schlichtungsstelle of the federal bank, free of charge".into(),
        }),
    }
}

/// 20,000 rupees for 24 months at 15 %, 400 rupees of charges: the amounts of the RBI's illustration in Annex B.
pub fn kfs() -> Kfs {
    let schedule = schedule(
        money(2_000_000, "INR"),
        Rate::from_percent(15),
        96_973,
        24,
        "2026-11-21",
    );
    Kfs {
        proposal: "PL/2026/004417".into(),
        date: day("2026-11-21"),
        lender: party("Sagar Finance Limited", &["4 Marine Drive", "Mumbai 400020"]),
        service_provider: Some(Party::named("Usance")),
        borrower: party("Asha Namuna", &["12 Lake View Road", "Pune 411001"]),
        loan_type: "Personal loan".into(),
        sanctioned: money(2_000_000, "INR"),
        staged_disbursal_clause: None,
        term: Period::new(24, Unit::Month),
        schedule,
        disbursed_on: day("2026-11-21"),
        interest_rate: Rate::from_percent(15),
        floating: None,
        charges: vec![
            KfsCharge {
                label: "Processing fees".into(),
                payee: ChargePayee::Lender,
                recurring: None,
                amount: money(24_000, "INR"),
            },
            KfsCharge {
                label: "Insurance charges".into(),
                payee: ChargePayee::ThirdParty,
                recurring: None,
                amount: money(16_000, "INR"),
            },
        ],
        net_disbursed: money(1_960_000, "INR"),
        apr: Rate::from_ppm(170_700),
        contingent: ContingentCharges {
            late: late(50_000, "INR"),
            other_penal: None,
            foreclosure: Rate::from_percent(3),
            switching: None,
            other: None,
        },
        qualitative: KfsQualitative {
            recovery_clause: "Clause 14".into(),
            grievance_clause: "Clause 19".into(),
            nodal_phone: "+91 22 5550 0100".into(),
            nodal_email: "nodal@sagar.example".into(),
            transferable: true,
            co_lending: None,
            cooling_off_days: 3,
            recovery_agent: None,
        },
        valid_working_days: 3,
    }
}

fn creditor(name: &str, action: ActionTaken, reasons: &[(&str, &str)]) -> CreditorAction {
    CreditorAction {
        creditor: party(name, &["200 Wharf Street", "Oakland, CA 94607"]),
        action,
        reasons: reasons.iter().map(|(code, text)| Reason::new(*code, *text)).collect(),
        agency: party(
            "Consumer Financial Protection Bureau",
            &["1700 G Street NW", "Washington, DC 20552"],
        ),
        sources: None,
    }
}

pub fn adverse_action() -> AdverseAction {
    let bureau = Party {
        phone: Some("1-800-555-0199".into()),
        ..party("Example Credit Bureau", &["P.O. Box 100", "Atlanta, GA 30301"])
    };
    let mut first = creditor(
        "Harbor Bank, N.A.",
        ActionTaken::Denied,
        &[
            ("OBLIGATIONS_EXCESSIVE", "Excessive obligations in relation to income"),
            ("RECENT_INQUIRIES", "Number of recent inquiries on credit bureau report"),
        ],
    );
    first.sources = Some(OutsideSources {
        agencies: vec![bureau],
        score: Some((
            0,
            ScoreUsed {
                score: 618,
                date: day("2026-11-02"),
                low: 300,
                high: 850,
                factors: vec![
                    "Proportion of balances to credit limits is too high".into(),
                    "Too few accounts currently paid as agreed".into(),
                ],
                inquiries_factor: true,
            },
        )),
        other_source: false,
    });
    let second = creditor(
        "Prairie Lending Co.",
        ActionTaken::Counteroffer {
            terms: "$3,000.00 for 12 months at an annual percentage rate of 14.20%.".into(),
        },
        &[(
            "INCOME_INSUFFICIENT",
            "Income insufficient for amount of credit requested",
        )],
    );
    AdverseAction {
        reference: "AP-2026-118832".into(),
        date: day("2026-12-04"),
        sender: Party {
            phone: Some("1-888-555-0142".into()),
            email: Some("notices@usance.example".into()),
            ..party("Usance", &["500 Market Street, Floor 9", "San Francisco, CA 94105"])
        },
        applicant: party("Alex Sample", &["18 Juniper Road", "Sacramento, CA 95814"]),
        requested: "Installment loan of $5,000.00 for 24 months".into(),
        applied_on: day("2026-11-21"),
        creditors: vec![first, second],
    }
}

pub fn agreement() -> Agreement {
    let z = reg_z();
    Agreement {
        reference: z.reference,
        locale: Locale::EnUs,
        date: z.date,
        lender: z.creditor,
        borrower: z.consumer,
        principal: money(500_000, "USD"),
        net_disbursed: money(490_000, "USD"),
        interest_rate: Rate::from_ppm(96_900),
        variable: None,
        apr: z.apr,
        schedule: z.schedule,
        fees: z.prepaid_finance_charge,
        late: z.late,
        prepayment: z.prepayment,
        cooling_off_days: 3,
        security: z.security,
        onchain: Some(OnchainTerms {
            chain_id: 31_337,
            contract: "0x5fbdb2315678afecb367f032d93f642f64180aa3".into(),
            order_hash: format!("0x{}", "ab".repeat(32)),
            wallet: "0x70997970c51812dc3a010c7d01b50e0d17dc79c8".into(),
        }),
        governing_law: "State of California".into(),
    }
}
