//! Checks of numbers and money: limits, offers, repeated questions, loans. Each: id, rule, reason, hint.

type Texts = [[&'static str; 4]];

pub(super) const LIMITS: &Texts = &[
    [
        "limits.minimum",
        "The smallest declared amount is answered with an offer or a decline.",
        "A limit that does not hold sends borrowers to a closed door.",
        "Declare the limits that you serve, inclusive.",
    ],
    [
        "limits.maximum",
        "The largest declared amount is answered with an offer or a decline.",
        "A limit that does not hold sends borrowers to a closed door.",
        "Declare the limits that you serve, inclusive.",
    ],
    [
        "limits.below-minimum",
        "Below the smallest amount there is a decline with reasons.",
        "An offer outside the capabilities was not reviewed for them.",
        "Decline with a reason; do not answer 4xx, which calls an operator.",
    ],
    [
        "limits.above-maximum",
        "Above the largest amount nothing above the limit is offered.",
        "An offer outside the capabilities was not reviewed for them.",
        "Offer up to the limit, or decline.",
    ],
    [
        "limits.huge-amount",
        "The largest amount that 64 bits hold is answered without a fault and without an overflow.",
        "Sums of large amounts wrap around.",
        "Use checked arithmetic and decline.",
    ],
    [
        "limits.currency",
        "Another currency is declined.",
        "An offer in a currency that you do not lend cannot be paid out.",
        "Decline with a reason.",
    ],
    [
        "limits.jurisdiction",
        "Another country is declined.",
        "You have no licence there, as far as you declared.",
        "Check the jurisdiction of the question and decline.",
    ],
    [
        "limits.term-short",
        "A term below the shortest declared is declined.",
        "An offer outside the capabilities was not reviewed for them.",
        "Check the term of the question and decline.",
    ],
    [
        "limits.term-long",
        "A term above the longest declared is declined.",
        "An offer outside the capabilities was not reviewed for them.",
        "Check the term of the question and decline.",
    ],
    [
        "limits.product-asked",
        "A question for another product only is declined.",
        "The borrower asked for something else.",
        "Read products; an empty list means all.",
    ],
    [
        "limits.product-offered",
        "Every offer is of a declared product.",
        "Other products have other rules and were not reviewed.",
        "Declare the product, or do not offer it.",
    ],
    [
        "limits.inquiry",
        "No offer used a heavier credit inquiry than declared.",
        "A hard inquiry that nobody announced harms the borrower.",
        "Declare the heaviest inquiry that a question can cause.",
    ],
];

pub(super) const OFFER: &Texts = &[
    [
        "offer.currency",
        "Every amount is in the question's currency.",
        "Amounts of two currencies cannot be added.",
        "Use the question's currency in every amount of the offer.",
    ],
    [
        "offer.requested",
        "amounts.requested repeats the question's amount.",
        "It proves that the question was read as it was asked.",
        "Copy the amount.",
    ],
    [
        "offer.positive",
        "The amounts offered and disbursed are positive.",
        "A loan of nothing is a decline.",
        "Decline instead.",
    ],
    [
        "offer.within-asked",
        "No more is offered than was asked for.",
        "Nobody asked for a larger debt.",
        "Offer at most the amount asked; use limit for a line.",
    ],
    [
        "offer.no-negative",
        "No fee, part of a payment or declared figure is negative.",
        "A negative fee hides what it is.",
        "Lower the rate or the payment instead.",
    ],
    [
        "offer.not-future",
        "issued_at is not in the future, but for 30 s of skew.",
        "An offer cannot be older than it is.",
        "Synchronise the clock.",
    ],
    [
        "offer.not-expired",
        "valid_until is in the future.",
        "An expired offer cannot be accepted.",
        "Make a fresh offer for each question.",
    ],
    [
        "offer.validity",
        "valid_until is after issued_at and at most 90 days ahead.",
        "An offer without an end is a free option.",
        "Set a term in which you really stand to it.",
    ],
    [
        "offer.net",
        "net_disbursed is the amount offered less the fees withheld.",
        "What does not arrive and is no fee is a hidden fee.",
        "List every deduction as a fee UPFRONT_DEDUCTED.",
    ],
    [
        "offer.breakup",
        "Each payment's total is the sum of its principal, interest and fees.",
        "A breakup that does not sum hides a charge.",
        "Compute the total from its rounded parts.",
    ],
    [
        "offer.principal-sum",
        "The principal parts sum to the amount offered and the fees financed.",
        "Otherwise something is owed after the last payment, or too much is paid.",
        "Put the rounding difference in the last payment.",
    ],
    [
        "offer.fees-sum",
        "The fees in the payments sum to the fees PER_PERIOD.",
        "A fee that is in no list cannot be checked against the law.",
        "List every periodic fee with its sum.",
    ],
    [
        "offer.dates",
        "Due dates increase and none is before the day of the offer.",
        "Cash flows in disorder have no rate.",
        "Build the calendar from the day of the offer.",
    ],
    [
        "offer.calendar-size",
        "The calendar has 1 to 600 payments within 51 years.",
        "A part of a calendar has no rate.",
        "Send the whole calendar.",
    ],
    [
        "offer.rates",
        "Rates are from 0 to 10,000 % a year, in parts per million.",
        "A rate a hundred times too high is a mistake of units.",
        "Write 12 % as 120000.",
    ],
    [
        "offer.apr",
        "The declared APR is within 1/8 of a percentage point of what the calendar gives by the declared convention.",
        "A declared APR that its own payments contradict misleads; we show both.",
        "Recompute it from net_disbursed and the calendar, fees included, by the convention that you name.",
    ],
    [
        "offer.total-cost",
        "declared.total_cost is all payments and fees paid apart less what arrives.",
        "A total that does not follow from the calendar misleads.",
        "Compute it from the calendar, or leave it out.",
    ],
    [
        "offer.payment",
        "declared.payment is the total of a payment of the calendar.",
        "A payment that is never due misleads.",
        "Take it from the calendar, or leave it out.",
    ],
    [
        "offer.reference",
        "provider_ref is 1 to 128 bytes on one line, different for each offer of an answer.",
        "Two offers of one reference cannot be told apart when one is accepted.",
        "Give each offer an id of its own.",
    ],
    [
        "offer.texts",
        "Fee codes and the index are 1 to 64 bytes on one line.",
        "They are shown to people.",
        "Shorten them; remove line breaks.",
    ],
    [
        "offer.product",
        "The product is one that was asked for.",
        "The borrower asked for something else.",
        "Read products; an empty list means all.",
    ],
    [
        "offer.onchain",
        "onchain is given exactly when the binding is ONCHAIN_EXECUTABLE.",
        "An order that nobody is bound to cannot be settled.",
        "Send the signed order, or another binding.",
    ],
    [
        "offer.platform",
        "The platform's own validation takes the offer, beyond the rules above.",
        "An offer that it refuses never becomes a quote.",
        "The report names the field and the rule.",
    ],
];

pub(super) const REPEAT: &Texts = &[
    [
        "repeat.same-answer",
        "The same question under the same request_id is answered with the same offers.",
        "A retry of ours must not change the price.",
        "Store the answer under request_id.",
    ],
    [
        "repeat.other-deadline",
        "Another reply_by does not make it another question.",
        "A retry has a new deadline.",
        "Compare questions without reply_by and callback_url.",
    ],
    [
        "repeat.other-question",
        "Another question under the same request_id is refused with 409.",
        "Two questions under one id: one of the answers is wrong.",
        "Compare with the stored question and answer 409.",
    ],
    [
        "repeat.at-once",
        "Eight identical questions at once get one answer.",
        "Hedged calls must not make two offers.",
        "Make the answer under a lock or a unique key on request_id.",
    ],
];

pub(super) const ACCEPT: &Texts = &[
    [
        "accept.answers",
        "A signed acceptance of a fresh offer is answered in time.",
        "Without an answer the outcome is unknown and the borrower waits.",
        "Answer ACCEPTED at once and pay out later.",
    ],
    [
        "accept.takes",
        "A signed acceptance of a fresh offer is answered 200.",
        "What is quoted must be what is settled.",
        "Look at the problem in the answer.",
    ],
    [
        "accept.shape",
        "The answer has the protocol's shape.",
        "A state that cannot be read is unknown.",
        "Compare with Loan in the protocol document; the report names the field.",
    ],
    [
        "accept.settlement-id",
        "The answer names the settlement that was asked.",
        "The state of another loan moves the wrong money.",
        "Copy settlement_id.",
    ],
    [
        "accept.loan-ref",
        "The answer has your reference of the loan.",
        "Without it nobody can reconcile a payment.",
        "Send loan_ref for every loan that you know.",
    ],
    [
        "accept.known",
        "The answer is not UNKNOWN.",
        "You were just told of it.",
        "Store the acceptance before you answer.",
    ],
    [
        "accept.firm",
        "A FIRM offer accepted at once is not REJECTED.",
        "FIRM means bound until valid_until.",
        "Use PREQUALIFIED or INDICATIVE when you may still say no.",
    ],
    [
        "accept.amount",
        "What was disbursed is what was offered to arrive.",
        "The borrower owes for what did not arrive.",
        "Pay out net_disbursed exactly.",
    ],
    [
        "accept.evidence",
        "A disbursement has its payment reference and a time that is not in the future.",
        "Money moves in the books on evidence only.",
        "Send the bank's reference and the booking time.",
    ],
    [
        "accept.repeat",
        "The same acceptance again gets the same loan.",
        "A retry must not make a second loan.",
        "Use settlement_id as a unique key.",
    ],
    [
        "accept.at-once",
        "Eight identical acceptances at once make one loan with one payment.",
        "A race is how money goes out twice.",
        "Decide under a unique key in one transaction.",
    ],
    [
        "accept.key-reused",
        "The same settlement_id with other terms is refused with 409.",
        "Silence about a contradiction hides a fault of ours.",
        "Compare with the stored acceptance and answer 409.",
    ],
    [
        "accept.unknown-offer",
        "An offer that you never made is refused.",
        "Anybody could invent terms.",
        "Look the reference up, or sign it.",
    ],
    [
        "accept.other-terms",
        "An acceptance for more than was offered is refused.",
        "What is settled must be what was quoted.",
        "Compare principal and net_disbursed with the offer.",
    ],
    [
        "accept.other-request",
        "An acceptance of the offer under another request is refused.",
        "It is another borrower's.",
        "Compare request_id with the offer's.",
    ],
    [
        "accept.expired",
        "An acceptance after valid_until is refused.",
        "You would be bound for ever.",
        "Compare valid_until with your clock at acceptance.",
    ],
    [
        "accept.second-run",
        "Every acceptance of this run sent again changes nothing.",
        "A restart of ours repeats what it does not know the end of.",
        "Answer from the stored state.",
    ],
];

pub(super) const STATUS: &Texts = &[
    [
        "status.unknown",
        "A settlement that you never heard of is answered 200, signed, UNKNOWN.",
        "It is the evidence that nothing was paid; a 404 is none.",
        "Answer UNKNOWN, not 404.",
    ],
    [
        "status.settlement-id",
        "The answer names the settlement that was asked.",
        "The state of another loan moves the wrong money.",
        "Copy settlement_id.",
    ],
    [
        "status.same-loan",
        "The status names the loan that the acceptance named.",
        "Two references for one loan are two loans in the books.",
        "Answer from the stored loan.",
    ],
    [
        "status.forward",
        "A loan that was paid out stays paid out, with the same amount and evidence.",
        "A disbursement that vanishes cannot be reconciled.",
        "Never move a state back; correct by a new payment.",
    ],
    [
        "status.settles",
        "An accepted loan is paid out or rejected within the wait of this run.",
        "A loan that hangs is the borrower's loss.",
        "In the test system, pay out within the wait (--payout-wait).",
    ],
];

pub(super) const CANCEL: &Texts = &[
    [
        "cancel.unknown",
        "Withdrawing what you never heard of is answered 200 UNKNOWN.",
        "We withdraw what we are not sure of.",
        "Answer UNKNOWN, not an error.",
    ],
    [
        "cancel.withdraws",
        "A loan that was accepted and not paid out can be withdrawn.",
        "A borrower who changes their mind must not get the money.",
        "Move ACCEPTED to CANCELLED.",
    ],
    [
        "cancel.repeat",
        "Withdrawing again gets the same answer.",
        "A retry must not fail.",
        "Answer the stored state.",
    ],
    [
        "cancel.paid-stays",
        "Withdrawing after the disbursement leaves it disbursed.",
        "Money that is out is not taken back by a call.",
        "Answer DISBURSED.",
    ],
    [
        "cancel.final",
        "A withdrawn loan stays withdrawn when its acceptance is repeated.",
        "A late retry must not pay out.",
        "Answer the stored state.",
    ],
];
