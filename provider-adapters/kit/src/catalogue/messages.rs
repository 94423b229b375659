//! Checks of messages: reach, signatures, shapes, bad input, callbacks, personal data. Each: id, rule, reason, hint.

type Texts = [[&'static str; 4]];

pub(super) const REACH: &Texts = &[
    [
        "reach.answers",
        "A signed question to POST /v1/offers is answered before its reply_by.",
        "A later answer is not read: the lender is missing from the quote book.",
        "Answer within reply_by, or acknowledge with 202 and call back; look at time-outs between us and you.",
    ],
    [
        "reach.takes-question",
        "An ordinary question inside the declared capabilities is answered 200 or 202.",
        "Any other status makes the lender unavailable or refused for us.",
        "Look at the problem in the answer; check that our public key and your own authority are configured as registered.",
    ],
    [
        "reach.no-redirect",
        "No answer is a redirect.",
        "We follow none: the target was not checked and not signed for.",
        "Register the final address, and serve the protocol there.",
    ],
    [
        "reach.no-server-error",
        "No call is answered with a 5xx.",
        "Of an acceptance a 5xx means outcome unknown: money waits until the status is known.",
        "Find the fault in your log; answer bad input with 4xx.",
    ],
    [
        "reach.content-type",
        "A 2xx answer is application/json.",
        "We refuse other content before we read it.",
        "Set Content-Type: application/json.",
    ],
    [
        "reach.problem",
        "A refusal is application/problem+json (RFC 9457) with type, title and the same status.",
        "Without a type nobody can tell what to do next.",
        "Answer errors with a problem object and its media type.",
    ],
    [
        "reach.retry-after",
        "A 429 carries Retry-After in seconds or as a date.",
        "Without it we can only guess when to come back.",
        "Send Retry-After with every 429.",
    ],
    [
        "reach.unknown-path",
        "A signed call to a path that the protocol does not have is answered 404.",
        "A path that answers anything can hide a mistaken address.",
        "Route only the protocol's paths.",
    ],
    [
        "reach.method",
        "A signed DELETE of /v1/offers is answered 404, 405 or 501.",
        "A method that is not checked is a door that nobody watches.",
        "Route by method and path.",
    ],
];

pub(super) const SIGNATURE: &Texts = &[
    [
        "signature.answer-signed",
        "Every 2xx answer carries Content-Digest, Signature-Input and Signature, each once.",
        "An unsigned answer could be anybody's; it is dropped.",
        "Sign every answer with status below 300.",
    ],
    [
        "signature.answer-form",
        "The answer's signature covers @status, content-digest and the request's signature, in that order, and names created, expires, keyid and alg.",
        "A signature that covers less could be moved to another answer.",
        "Use the components of the protocol document exactly.",
    ],
    [
        "signature.answer-key",
        "The answer is signed under a registered key id.",
        "An unknown key is nobody's.",
        "Register the key first, then sign with it.",
    ],
    [
        "signature.answer-digest",
        "Content-Digest is the SHA-256 of the bytes sent.",
        "A body that something on the way changed must not be believed.",
        "Compute the digest over the final bytes, after every filter and compression.",
    ],
    [
        "signature.answer-time",
        "The answer's signature is fresh: clocks within 30 s, life at most 300 s.",
        "Old signatures can be replayed.",
        "Synchronise the clock; sign each answer when it is sent.",
    ],
    [
        "signature.answer-valid",
        "The answer's signature verifies under the registered key.",
        "A signature of another key or over other bytes proves nothing.",
        "Compare your signature base with the protocol document, line by line, and check the private key.",
    ],
    [
        "signature.answer-after-question",
        "The answer's signature was not created before the question's, but for 30 s of skew.",
        "An answer older than its question answers something else.",
        "Sign when you answer; do not store signed answers.",
    ],
    [
        "signature.unsigned-refused",
        "A question without a signature is refused with 400, 401 or 403.",
        "Anybody could ask in our name, and learn your pricing.",
        "Check the signature before anything else.",
    ],
    [
        "signature.wrong-key-refused",
        "A question under our key id that another key signed is refused.",
        "A key id alone is public.",
        "Verify with the public key that is registered for the key id.",
    ],
    [
        "signature.unknown-key-refused",
        "A question under an unknown key id is refused.",
        "A key that the message brings along proves nothing.",
        "Look keys up in the registered ones only.",
    ],
    [
        "signature.digest-refused",
        "A body that was changed after signing is refused.",
        "The amount or the account could be changed on the way.",
        "Hash the received bytes and compare with Content-Digest, which the signature covers.",
    ],
    [
        "signature.path-refused",
        "A signature made for another path is refused.",
        "A signed question could be turned into an acceptance.",
        "Build @path from the request line.",
    ],
    [
        "signature.method-refused",
        "A signature made for another method is refused.",
        "A signed read could be turned into a write.",
        "Build @method from the request line.",
    ],
    [
        "signature.authority-refused",
        "A signature made for another host is refused.",
        "A message to another lender could be replayed to you.",
        "Compare @authority with your own configured name; do not believe the Host header.",
    ],
    [
        "signature.replay-refused",
        "The same signed message is accepted once.",
        "A captured acceptance could be sent again.",
        "Remember each nonce of each key until its signature is dead.",
    ],
    [
        "signature.expired-refused",
        "A signature that ended more than 30 s ago is refused.",
        "Nonces are forgotten when signatures die.",
        "Compare expires with your clock.",
    ],
    [
        "signature.future-refused",
        "A signature created more than 30 s in the future is refused.",
        "It would outlive the memory of nonces.",
        "Compare created with your clock.",
    ],
    [
        "signature.long-life-refused",
        "A signature that lives longer than 300 s is refused.",
        "Its nonce would have to be kept as long.",
        "Refuse when expires less created is above 300.",
    ],
    [
        "signature.fast-clock-taken",
        "A signature created 15 s in the future is taken.",
        "Clocks differ; without tolerance good calls fail at random.",
        "Allow 30 s of skew.",
    ],
    [
        "signature.slow-clock-taken",
        "A signature that ended 15 s ago is taken.",
        "Clocks differ; without tolerance good calls fail at random.",
        "Allow 30 s of skew.",
    ],
    [
        "signature.nonce-needed",
        "A signature without a nonce is refused.",
        "Without a nonce a replay cannot be seen.",
        "Require nonce in Signature-Input.",
    ],
    [
        "signature.components-needed",
        "A signature that covers fewer components is refused.",
        "What is not covered can be changed.",
        "Require exactly @method, @authority, @path and content-digest.",
    ],
    [
        "signature.double-refused",
        "A message with two Signature headers is refused.",
        "Two readers could check two different ones.",
        "Refuse a repeated signature header.",
    ],
    [
        "signature.accept-guarded",
        "An unsigned acceptance of a real offer is refused and nothing is booked.",
        "Anybody could take loans in our name.",
        "Put the signature check in front of every path.",
    ],
    [
        "signature.status-guarded",
        "An unsigned question for a loan is refused.",
        "States of loans are personal data.",
        "Put the signature check in front of every path.",
    ],
    [
        "signature.cancel-guarded",
        "An unsigned withdrawal is refused.",
        "Anybody could withdraw loans in our name.",
        "Put the signature check in front of every path.",
    ],
];

pub(super) const SCHEMA: &Texts = &[
    [
        "schema.json",
        "A 2xx body is one JSON document.",
        "Nothing else can be read.",
        "Send JSON, UTF-8, with nothing before or after it.",
    ],
    [
        "schema.depth",
        "A message nests at most 12 brackets.",
        "Deep messages are an attack on parsers; we refuse them unread.",
        "Send the protocol's messages only; the deepest has 6.",
    ],
    [
        "schema.size",
        "A message has at most 1 MiB.",
        "We stop reading there.",
        "Send at most 32 offers of at most 600 payments.",
    ],
    [
        "schema.error-object",
        "A 2xx answer carries no error object.",
        "A success that says it failed can be read both ways.",
        "Answer failures with 4xx or 5xx and a problem.",
    ],
    [
        "schema.null",
        "No field is null.",
        "A null term or payment hides a missing value.",
        "Leave an absent optional field out; fill a required one.",
    ],
    [
        "schema.money",
        "Money is whole minor units as canonical decimal text with an ISO 4217 code.",
        "NA, 12.50 or 012 as a price has no one meaning.",
        "Write {\"minor\": \"1250\", \"currency\": \"USD\"}; leave an absent price out.",
    ],
    [
        "schema.enum-case",
        "Words of closed lists are spelled as in the protocol, case included.",
        "A reader that guesses the case guesses the meaning.",
        "Write INSTALLMENT, FIRM, month as the protocol document does.",
    ],
    [
        "schema.unknown-field",
        "There is no field that the protocol does not have.",
        "A misspelt optional field would be lost without a word.",
        "Remove it, or correct its spelling.",
    ],
    [
        "schema.missing-field",
        "No required field is missing.",
        "We never fill in a value that a lender left out.",
        "Send every required field of the protocol document.",
    ],
    [
        "schema.types",
        "Every field has its type.",
        "A number where text belongs loses digits.",
        "Compare with the protocol document; the report names the field.",
    ],
    [
        "schema.request-id",
        "The answer names the question that it answers.",
        "An answer to another question is another borrower's.",
        "Copy request_id from the question.",
    ],
    [
        "schema.complete",
        "A direct answer says complete: true.",
        "More offers are announced by a 202 and brought by callbacks.",
        "Send complete: true, or acknowledge with 202.",
    ],
    [
        "schema.offers-or-decline",
        "An answer has offers or reasons of a decline, exactly one of them.",
        "Neither tells the borrower nothing, both contradict each other.",
        "Decline with reasons when there is no offer.",
    ],
    [
        "schema.count",
        "An answer has at most 32 offers.",
        "A flood of variants is no answer.",
        "Send the best ones.",
    ],
    [
        "schema.reasons",
        "A decline has 1 to 16 reasons, each a code of A-Z, 0-9 and _ and a sentence.",
        "The law asks for the reasons, and we show them.",
        "Give each reason a stable code and a sentence of at most 500 bytes.",
    ],
];

pub(super) const ROBUST: &Texts = &[
    [
        "robust.empty-body",
        "A signed question without a body is refused with 4xx.",
        "A fault on input is an outage that anybody can cause.",
        "Answer 400 with a problem.",
    ],
    [
        "robust.not-json",
        "A signed question that is no JSON is refused with 4xx.",
        "A fault on input is an outage that anybody can cause.",
        "Answer 400 with a problem.",
    ],
    [
        "robust.unknown-field",
        "A signed question with a field that the protocol does not have is refused with 4xx.",
        "A misspelt field of ours must not be a silent default of yours.",
        "Refuse unknown fields.",
    ],
    [
        "robust.missing-field",
        "A signed question without its term is refused with 4xx.",
        "A term that you assume is not the one that was asked for.",
        "Require every required field.",
    ],
    [
        "robust.wrong-type",
        "A signed question with its amount as a number is refused with 4xx.",
        "Numbers lose digits in many parsers.",
        "Require text where the protocol has text.",
    ],
    [
        "robust.zero-amount",
        "A question for nothing is refused with 4xx.",
        "An offer of nothing divides by zero somewhere.",
        "Require a positive amount.",
    ],
    [
        "robust.negative-amount",
        "A question for a negative amount is refused with 4xx.",
        "A negative loan turns payments around.",
        "Require a positive amount.",
    ],
    [
        "robust.amount-overflow",
        "An amount beyond 64 bits is refused with 4xx.",
        "An amount that wraps around is another amount.",
        "Parse with a checked conversion.",
    ],
    [
        "robust.bad-id",
        "GET /v1/loans/ with something that is no UUID is answered 4xx.",
        "A fault on input is an outage that anybody can cause.",
        "Parse the id before you look it up.",
    ],
    [
        "robust.accept-not-json",
        "A signed acceptance that is no JSON is refused with 4xx.",
        "Of an acceptance a 5xx means outcome unknown.",
        "Answer 400 with a problem.",
    ],
    [
        "robust.accept-unknown-field",
        "A signed acceptance with an unknown field is refused with 4xx.",
        "Terms that you did not read must not be accepted.",
        "Refuse unknown fields.",
    ],
    [
        "robust.large-body",
        "A signed body of 10 MB is refused with 4xx or a closed connection.",
        "Memory is not endless.",
        "Limit the body to 1 MiB before you read it.",
    ],
    [
        "robust.deep-body",
        "A signed body that nests 10,000 brackets is refused with 4xx.",
        "A recursive parser overflows its stack.",
        "Limit the depth before you parse.",
    ],
    [
        "robust.alive",
        "After all this an ordinary question is answered as before.",
        "Bad input must harm nobody else.",
        "Find what the bad input left behind.",
    ],
];

pub(super) const CALLBACK: &Texts = &[
    [
        "callback.direct-without-url",
        "A question without callback_url is answered directly.",
        "Without an address only a direct answer can be read.",
        "Answer 200 when there is no callback_url.",
    ],
    [
        "callback.final-comes",
        "After a 202 a callback with final: true comes before reply_by.",
        "Without the end nobody knows whether more follows; the answer is not read.",
        "Send a last callback with final: true, also for a decline.",
    ],
    [
        "callback.signed",
        "Every callback is signed under a registered key, fresh, over its own path and host.",
        "Anybody could invent offers.",
        "Sign callbacks as requests, for the host and path of callback_url.",
    ],
    [
        "callback.after-question",
        "No callback's signature was created before the question, but for 30 s of skew.",
        "A callback older than its question answers another one.",
        "Sign each delivery when it is sent; synchronise the clock.",
    ],
    [
        "callback.shape",
        "Every callback has the protocol's shape and readable offers.",
        "An unreadable part makes the whole answer unreadable.",
        "Compare with the protocol document; the report names the field.",
    ],
    [
        "callback.request-id",
        "Every callback names the question that it answers.",
        "An answer to another question is another borrower's.",
        "Copy request_id from the question.",
    ],
    [
        "callback.sequence",
        "Callbacks are numbered 0, 1, 2 and so on without a gap.",
        "A gap is an offer that was lost.",
        "Count from 0 for each question.",
    ],
    [
        "callback.same-number-same-body",
        "A number that comes twice brings the same body.",
        "Two bodies under one number: one of them is lost.",
        "Repeat a delivery byte for byte, or use the next number.",
    ],
    [
        "callback.end-is-last",
        "The final callback has the highest number and is the only final one.",
        "What follows the end is not read.",
        "Send final: true once, with the last number.",
    ],
    [
        "callback.redelivered",
        "A callback that was answered 503 is delivered again.",
        "A restart of ours must not lose offers.",
        "Repeat a delivery on 5xx and on a broken connection, with a pause.",
    ],
    [
        "callback.fresh-signature",
        "A repeated delivery is signed again, with a new nonce.",
        "The old nonce was used and is refused.",
        "Sign at each attempt.",
    ],
];

pub(super) const PRIVACY: &Texts = &[
    [
        "privacy.answers",
        "No 2xx answer repeats what the applicant said of themselves.",
        "What comes back ends in logs, caches and quote books.",
        "Build references from ids of your own, never from applicant data.",
    ],
    [
        "privacy.refusals",
        "No refusal repeats a value of the message it refuses.",
        "Problems are logged on both sides.",
        "Name the field and the rule, not the value.",
    ],
    [
        "privacy.callbacks",
        "No callback repeats what the applicant said of themselves.",
        "What comes back ends in logs, caches and quote books.",
        "Build references from ids of your own, never from applicant data.",
    ],
    [
        "privacy.no-cookies",
        "No answer sets a cookie.",
        "A machine has no session; a cookie only tracks.",
        "Turn the session middleware off for these paths.",
    ],
];
