//! Statements written by hand: older versions, batches, and what is not strict.

use crate::bankfiles::{ACCOUNT, Scene};
use crate::scene::usd;

/// A statement written by hand: an older version, a batch, free text, foreign parts.
fn by_hand(entries: &str) -> String {
    format!(
        "\u{feff}<?xml version=\"1.0\"?><!-- morning --><d:Document xmlns:d=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\" \
         xmlns:x=\"urn:example\"><d:BkToCstmrStmt><d:Stmt><d:Id>S1</d:Id><x:Id>not ours</x:Id><d:Acct><d:Id><d:Othr><d:Id>{ACCOUNT}</d:Id>\
         </d:Othr></d:Id></d:Acct>{entries}<d:SplmtryData><d:Envlp><x:Ntry><x:Amt>1</x:Amt></x:Ntry></d:Envlp></d:SplmtryData></d:Stmt>\
         </d:BkToCstmrStmt></d:Document>"
    )
}

fn entry(head: &str, amount: &str, details: &str) -> String {
    format!(
        "<d:Ntry>{head}<d:Amt Ccy=\"USD\">{amount}</d:Amt><d:CdtDbtInd>CRDT</d:CdtDbtInd><d:Sts>BOOK</d:Sts>\
         <d:BookgDt><d:DtTm>2026-03-01T08:00:00+01:00</d:DtTm></d:BookgDt><d:NtryDtls>{details}</d:NtryDtls></d:Ntry>"
    )
}

fn detail(amount: &str, reference: &str) -> String {
    let amount = if amount.is_empty() {
        String::new()
    } else {
        format!("<d:AmtDtls><d:TxAmt><d:Amt Ccy=\"USD\">{amount}</d:Amt></d:TxAmt></d:AmtDtls>")
    };
    format!(
        "<d:TxDtls>{amount}<d:RmtInf><d:Ustrd>thank you &amp; goodbye &#65;</d:Ustrd><d:Strd><d:CdtrRefInf><d:Ref>{reference}</d:Ref></d:CdtrRefInf></d:Strd></d:RmtInf></d:TxDtls>"
    )
}

#[tokio::test]
async fn a_batch_is_its_parts_and_a_batch_that_does_not_add_up_is_for_a_person() {
    let scene = Scene::start();
    let (_, _, one) = scene.accepted(1).await;
    let (_, _, two) = scene.accepted(2).await;
    let both = detail("100.5", &one.reference) + &detail("200.50", &two.reference);
    let numbered = "<d:NtryRef>1</d:NtryRef>";
    let twice = format!(
        "<d:TxDtls><d:RmtInf><d:Strd><d:CdtrRefInf><d:Ref>{}</d:Ref></d:CdtrRefInf></d:Strd><d:Strd><d:CdtrRefInf><d:Ref>{}</d:Ref></d:CdtrRefInf></d:Strd></d:RmtInf></d:TxDtls>",
        one.reference, two.reference
    );
    let reversal = "<d:NtryRef>6</d:NtryRef><d:RvslInd>true</d:RvslInd>";
    let statement = by_hand(
        &[
            entry(numbered, "301.00", &both),
            entry("<d:NtryRef>2</d:NtryRef>", "301.01", &both),
            entry(
                "<d:NtryRef>3</d:NtryRef>",
                "301.00",
                &(detail("", &one.reference) + &detail("", &two.reference)),
            ),
            entry("", "10.00", &detail("", &one.reference)),
            entry("<d:NtryRef>5</d:NtryRef>", "10.00", &twice),
            entry(reversal, "10.00", &detail("", &one.reference)),
        ]
        .concat(),
    );
    scene.bank.deliver("batch.xml", &statement).unwrap();
    let mut odd = scene.odd().await;
    odd.sort_unstable();
    let expected = [
        "BATCH_WITHOUT_AMOUNTS",
        "DETAILS_DO_NOT_SUM",
        "NO_REFERENCE_OF_THE_BANK",
        "REVERSAL",
        "TWO_REFERENCES",
    ];
    assert_eq!(odd, expected);
    let mut amounts: Vec<_> = scene
        .ours
        .repayments()
        .await
        .unwrap()
        .into_iter()
        .map(|r| r.amount.minor)
        .collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [10_050, 20_050]);
    scene.bank.deliver("batch.xml", &statement).unwrap();
    assert!(scene.odd().await.is_empty(), "the same statement again changes nothing");
    assert_eq!(
        (scene.ours.repayments().await.unwrap().len(), scene.files("done")),
        (2, 2)
    );
}

#[tokio::test]
async fn amounts_are_exact_and_what_is_not_strict_is_refused_by_its_place() {
    let scene = Scene::start();
    let (_, _, payment) = scene.accepted(1).await;
    let with = |amount: &str| {
        by_hand(&entry(
            "<d:NtryRef>1</d:NtryRef>",
            amount,
            &detail("", &payment.reference),
        ))
    };
    let deep = "<d:a>".repeat(30);
    let many = "<d:a/>".repeat(400_001);
    let cases = [
        (with("-1.00"), "Stmt/Ntry/Amt"),
        (with("1e2"), "Stmt/Ntry/Amt"),
        (with("1,00"), "Stmt/Ntry/Amt"),
        (with("1.005"), "Stmt/Ntry/Amt"),
        (with(""), "Stmt/Ntry/Amt"),
        (with("1.00").replace("USD", "XYZ"), "Stmt/Ntry/Amt"),
        (with("1.00").replace(" Ccy=\"USD\"", ""), "Stmt/Ntry/Amt"),
        (with("1.00").replace("CRDT", "CREDIT"), "Stmt/Ntry/CdtDbtInd"),
        (with("1.00").replace("BOOK", "BOOKED"), "Stmt/Ntry/Sts"),
        (with("1.00").replace("2026-03-01T", "2026-13-01T"), "Stmt/Ntry/BookgDt"),
        (
            with("1.00").replace("<d:Id>S1</d:Id>", "<d:Id>S1</d:Id><d:Id>S2</d:Id>"),
            "Stmt/Id",
        ),
        (with("1.00").replace("<d:Id>S1</d:Id>", ""), "Stmt/Id"),
        (with("1.00").replace("&amp;", "&nbsp;"), "file"),
        (with("1.00").replace("camt.053.001.02", "camt.053.001.99"), "Document"),
        (
            with("1.00").replace("urn:iso:std:iso:20022:tech:xsd:", "urn:example:"),
            "Document",
        ),
        (by_hand(&deep), "file"),
        (by_hand(&many), "file"),
        (
            by_hand(&format!(
                "<d:Ntry><d:AddtlNtryInf>{}</d:AddtlNtryInf></d:Ntry>",
                "a".repeat(5_000)
            )),
            "Stmt/Ntry/AddtlNtryInf",
        ),
        (String::new(), "file"),
        ("no xml".into(), "file"),
        (with("1.00").replace("?><!--", " encoding=\"ISO-8859-1\"?><!--"), "file"),
    ];
    for (number, (text, place)) in cases.into_iter().enumerate() {
        scene.bank.deliver("strict.xml", &text).unwrap();
        let taken = scene.ours.take_in().await.unwrap();
        let (name, error) = &taken.refused[0];
        let seen = error.place.trim_start_matches("BkToCstmrStmt/");
        assert_eq!((name.as_str(), seen), ("strict.xml", place), "case {number}: {error}");
        assert_eq!(taken.files, 0);
    }
    assert!(scene.ours.repayments().await.unwrap().is_empty());
    // White space, more zeros and a comment are fine.
    scene.bank.deliver("fine.xml", &with(" 12.3400 ")).unwrap();
    assert!(scene.odd().await.is_empty());
    assert_eq!(scene.ours.repayments().await.unwrap()[0].amount, usd(1_234));
}
