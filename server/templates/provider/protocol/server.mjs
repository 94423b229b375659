// {{name}}: a lender that speaks provider protocol v1, in one file and without packages. Node.js 20 or newer:  node server.mjs
// TODO: `price` is yours. The books are in memory: keep them in a database, with request_id and settlement_id as unique keys.
import { createHash, createPrivateKey, createPublicKey, randomUUID, sign, verify } from "node:crypto";
import { createServer } from "node:http";

const HOST = "127.0.0.1:8490"; // as in lender.toml: the @authority of signatures
const KEY_ID = "{{name}}";
// Public development keys; in earnest LENDER_SEED is yours, and the platform's key is given to you.
const SEED = process.env.LENDER_SEED ?? "{{seed}}";
const PLATFORM = { id: "usance-dev", public: "{{platform_public}}" };
const LIMITS = { currency: "USD", country: "US", product: "INSTALLMENT", min: 50_000n, max: 5_000_000n, minDays: 60, maxDays: 1900 };

// --- your price ---------------------------------------------------------------------------------------------------------------

const RATE_PPM = 120_000; // 12 % a year
const FEE_PERCENT = 1;

/** Equal installments; the last one takes what rounding left. Cents, whole numbers. */
function price(amount, months, now) {
  const monthly = RATE_PPM / 12_000_000;
  const payment = Math.round((amount * monthly) / (1 - (1 + monthly) ** -months));
  const fee = Math.round((amount * FEE_PERCENT) / 100);
  const schedule = [];
  for (let number = 1, owed = amount; number <= months; number += 1) {
    const interest = Math.round(owed * monthly);
    const principal = number === months ? owed : payment - interest;
    owed -= principal;
    schedule.push({ due: day(now, number), principal, interest, total: principal + interest });
  }
  return { fee, schedule, apr: apr(amount - fee, schedule.map((row) => row.total)) };
}

/** US APR of regular monthly payments, parts per million: twelve times the monthly rate that makes both sides equal. */
function apr(net, totals) {
  let [low, high] = [0, 1];
  for (let i = 0; i < 100; i += 1) {
    const rate = (low + high) / 2;
    const worth = totals.reduce((sum, total, i) => sum + total / (1 + rate) ** (i + 1), 0);
    if (worth > net) low = rate;
    else high = rate;
  }
  return Math.round(low * 12_000_000);
}

/** The same day some months later, or the last day of that month. */
function day(now, months) {
  const [year, month, date] = [now.getUTCFullYear(), now.getUTCMonth() + months, now.getUTCDate()];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(date, last))).toISOString().slice(0, 10);
}

// --- the four calls -----------------------------------------------------------------------------------------------------------

const answers = new Map(); // request_id -> { question, answer }
const loans = new Map(); // settlement_id -> { order, loan_ref, accepted, state }
const money = (minor) => ({ minor: String(minor), currency: LIMITS.currency });

function offers(question) {
  shape(question, QUESTION);
  if (minor(question.amount) <= 0n) throw problem(400, "malformed", "the amount must be positive");
  const asked = stable({ ...question, reply_by: undefined, callback_url: undefined });
  const known = answers.get(question.request_id);
  if (known && known.asked !== asked) throw problem(409, "id-reused", "another question has this request_id");
  if (known) return known.answer;
  const reason = outside(question);
  const made = reason ? { offers: [], declined: [reason] } : { offers: [offer(question)] };
  const answer = { request_id: question.request_id, complete: true, ...made };
  answers.set(question.request_id, { asked, answer });
  return answer;
}

function outside({ amount, term, jurisdiction, products }) {
  const no = (code, text) => ({ code, text });
  const asked = minor(amount);
  const days = term.count * { day: 1, week: 7, month: 30, year: 365 }[term.unit];
  if (amount.currency !== LIMITS.currency) return no("CURRENCY_NOT_OFFERED", "We lend US dollars.");
  if (asked < LIMITS.min || asked > LIMITS.max) return no("AMOUNT_NOT_OFFERED", "We lend 500 to 50,000 dollars.");
  if (days < LIMITS.minDays || days > LIMITS.maxDays) return no("TERM_NOT_OFFERED", "We lend for two months to five years.");
  if (jurisdiction.country !== LIMITS.country) return no("JURISDICTION_NOT_SERVED", "We lend in the United States.");
  if (products.length > 0 && !products.includes(LIMITS.product)) return no("PRODUCT_NOT_OFFERED", "We lend in installments.");
  return null;
}

function offer({ amount, term }) {
  const [now, asked] = [new Date(), Number(amount.minor)];
  const months = Math.max(1, Math.round((term.count * { day: 1, week: 7, month: 30, year: 360 }[term.unit]) / 30));
  const { fee, schedule, apr } = price(asked, months, now);
  return {
    provider_ref: `{{name}}-${randomUUID()}`,
    product: LIMITS.product,
    issued_at: now.toISOString(),
    valid_until: new Date(now.getTime() + 30 * 60_000).toISOString(),
    binding: "FIRM",
    inquiry: "SOFT",
    amounts: { requested: money(asked), offered: money(asked), net_disbursed: money(asked - fee) },
    rate: { kind: "FIXED", nominal: RATE_PPM, day_count: "thirty360" },
    fees: [{ code: "origination", payee: "PROVIDER", amount: money(fee), timing: "UPFRONT_DEDUCTED", mandatory: true, in_finance_charge: true }],
    repayment: {
      schedule: schedule.map(({ due, principal, interest, total }) => ({
        due, principal: money(principal), interest: money(interest), fees: money(0), total: money(total),
      })),
      method: "EQUAL_INSTALLMENT",
      every: { count: 1, unit: "month" },
      prepayment_charge: 0,
      late: { grace_days: 10, fee: money(700), penal_rate: 0 },
      cooling_off_days: 3,
    },
    declared: { apr, convention: "US_NOMINAL" },
  };
}

function accept(order) {
  shape(order, ORDER);
  const known = loans.get(order.settlement_id);
  if (known && stable(known.order) !== stable(order)) throw problem(409, "id-reused", "another acceptance has this settlement_id");
  if (known) return status(order.settlement_id);
  const made = answers.get(order.request_id)?.answer.offers.find((one) => one.provider_ref === order.provider_ref);
  if (!made) throw problem(422, "unknown-offer", "this was not offered");
  const { offered, net_disbursed } = made.amounts;
  const same = stable(offered) === stable(order.principal) && stable(net_disbursed) === stable(order.net_disbursed);
  if (!same) throw problem(422, "other-terms", "this was not offered so");
  if (new Date() > new Date(made.valid_until)) throw problem(422, "expired", "the offer has ended");
  loans.set(order.settlement_id, { order, loan_ref: randomUUID(), accepted: Date.now(), state: { state: "ACCEPTED" } });
  return status(order.settlement_id);
}

function status(settlement_id) {
  if (!UUID.test(settlement_id)) throw problem(400, "malformed", "a settlement is a UUID");
  const loan = loans.get(settlement_id);
  if (!loan) return { settlement_id, status: { state: "UNKNOWN" } };
  // TODO: pay out. Here it happens two seconds after the acceptance.
  if (loan.state.state === "ACCEPTED" && Date.now() - loan.accepted > 2_000) {
    const at = new Date().toISOString();
    loan.state = { state: "DISBURSED", amount: loan.order.net_disbursed, at, evidence: `payment-${randomUUID()}` };
  }
  return { settlement_id, loan_ref: loan.loan_ref, status: loan.state };
}

function cancel(settlement_id) {
  const loan = loans.get(settlement_id);
  status(settlement_id);
  if (loan?.state.state === "ACCEPTED") loan.state = { state: "CANCELLED" };
  return status(settlement_id);
}

function route(method, path, body) {
  const [, version, kind, id, verb, ...rest] = path.split("/");
  const is = (m, k, depth) => method === m && version === "v1" && kind === k && path.split("/").length === depth;
  if (is("POST", "offers", 3)) return offers(json(body));
  if (is("POST", "loans", 3)) return accept(json(body));
  if (is("GET", "loans", 4)) return status(id);
  if (is("POST", "loans", 5) && verb === "cancel" && rest.length === 0) return cancel(id);
  throw problem(404, "no-such-path", "there is nothing here");
}

// --- messages: nothing that is not understood is taken --------------------------------------------------------------------------

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const matches = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const whole = (value) => Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32;
const maybe = (check) => Object.assign((value) => value === undefined || fits(value, check), { optional: true });
const MONEY = { minor: matches(/^(0|-?[1-9]\d{0,18})$/), currency: matches(/^[A-Z]{3}$/) };
const WORD = matches(/^[A-Z][A-Z_]*$/);
const QUESTION = {
  request_id: matches(UUID),
  products: (value) => Array.isArray(value) && value.every(WORD),
  amount: MONEY,
  term: { count: whole, unit: matches(/^(day|week|month|year)$/) },
  purpose: WORD,
  jurisdiction: { country: matches(/^[A-Z]{2}$/), region: maybe(matches(/^[A-Z0-9]{1,3}$/)) },
  applicant: {
    monthly_income: MONEY, monthly_housing_cost: MONEY, monthly_debt_payments: MONEY, employment: WORD,
    employment_months: whole, residence_months: whole, delinquencies_24m: whole, inquiries_6m: whole,
    credit_history_months: maybe(whole), revolving_utilization_percent: maybe(whole),
    military_covered: (value) => typeof value === "boolean",
  },
  wallet: maybe(matches(/^0x[0-9a-fA-F]{40}$/)),
  collateral: maybe((value) => typeof value === "object"),
  refinances: maybe((value) => typeof value === "object"),
  reply_by: (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
  callback_url: maybe(matches(/^https?:/)),
};
const ORDER = {
  settlement_id: matches(UUID), request_id: matches(UUID), quote_id: matches(UUID),
  provider_ref: matches(/^[^\n]{1,128}$/), principal: MONEY, net_disbursed: MONEY,
};

function fits(value, check) {
  if (typeof check === "function") return check(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.keys(value).every((name) => name in check) && Object.keys(check).every((name) => fits(value[name], check[name]));
}

/** Names the field that is wrong, never its value. */
function shape(message, spec) {
  const known = typeof message === "object" && message !== null && Object.keys(message).every((name) => name in spec);
  const wrong = known ? Object.keys(spec).find((name) => !fits(message[name], spec[name])) : "a field";
  if (wrong) throw problem(400, "malformed", `${wrong} is not as in protocol v1`);
}

function minor({ minor }) {
  const value = BigInt(minor);
  if (BigInt.asIntN(64, value) !== value) throw problem(400, "malformed", "amount is beyond 64 bits");
  return value;
}

/** Text that is the same for the same message, whatever the order of its fields. */
function stable(value) {
  if (Array.isArray(value)) return `[${value.map(stable)}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "";
  const names = Object.keys(value).filter((name) => value[name] !== undefined).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${stable(value[name])}`)}}`;
}

/** At most twelve brackets deep, looked at before it is parsed. */
function json(bytes) {
  const text = bytes.toString("utf8");
  let [depth, deepest] = [0, 0];
  for (const [part] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (part === "{" || part === "[") deepest = Math.max(deepest, (depth += 1));
    if (part === "}" || part === "]") depth -= 1;
  }
  if (deepest > 12) throw problem(400, "malformed", "nested too deep");
  try {
    return JSON.parse(text);
  } catch {
    throw problem(400, "malformed", "no JSON");
  }
}

function problem(status, code, title) {
  return Object.assign(new Error(title), { problem: { type: `urn:usance:provider:${code}`, title, status } });
}

// --- signatures: RFC 9421 with Ed25519, RFC 9530 digests ------------------------------------------------------------------------

const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(SEED, "base64")]), format: "der", type: "pkcs8",
});
const platformKey = createPublicKey({
  key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), Buffer.from(PLATFORM.public, "base64")]), format: "der", type: "spki",
});
const nonces = new Map(); // nonce -> when it may be forgotten
const digest = (body) => `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
const seconds = () => Math.floor(Date.now() / 1000);
const COVERED = '("@method" "@authority" "@path" "content-digest")';

function admit(request, body) {
  const header = (name) => request.headers[name] ?? "";
  const params = header("signature-input").replace(/^sig1=/, "");
  const signature = /^sig1=:([A-Za-z0-9+/=]+):$/.exec(header("signature"))?.[1];
  const given = Object.fromEntries(params.slice(COVERED.length + 1).split(";").map((one) => one.split(/=(.*)/s)));
  const text = (name) => /^"(.*)"$/.exec(given[name] ?? "")?.[1];
  const [created, expires, nonce] = [Number(given.created), Number(given.expires), text("nonce")];
  const formed = params.startsWith(`${COVERED};`) && signature && nonce?.length >= 8 && Number.isInteger(created) && Number.isInteger(expires);
  if (!formed) throw problem(400, "signature-format", "the message is not signed as the protocol says");
  const now = seconds();
  if (text("keyid") !== PLATFORM.id) throw problem(401, "signature-invalid", "the key is not known");
  if (header("content-digest") !== digest(body)) throw problem(401, "signature-invalid", "the body is another one");
  const fresh = created <= now + 30 && expires >= now - 30 && expires >= created && expires - created <= 300;
  if (!fresh) throw problem(401, "signature-time", "the signature is not fresh");
  const lines = [`"@method": ${request.method}`, `"@authority": ${HOST}`, `"@path": ${request.url}`, `"content-digest": ${header("content-digest")}`];
  const base = [...lines, `"@signature-params": ${params}`].join("\n");
  if (!verify(null, Buffer.from(base), platformKey, Buffer.from(signature, "base64"))) {
    throw problem(401, "signature-invalid", "the signature does not verify");
  }
  for (const [old, end] of nonces) if (end < now) nonces.delete(old);
  if (nonces.has(nonce)) throw problem(401, "signature-replayed", "the message came before");
  nonces.set(nonce, expires + 31);
}

function signed(status, body, request) {
  const created = seconds();
  const params = `("@status" "content-digest" "signature";key="sig1";req);created=${created};expires=${created + 60};keyid="${KEY_ID}";alg="ed25519"`;
  const bound = (request.headers.signature ?? "").replace(/^sig1=/, "");
  const lines = [`"@status": ${status}`, `"content-digest": ${digest(body)}`, `"signature";key="sig1";req: ${bound}`];
  const base = [...lines, `"@signature-params": ${params}`].join("\n");
  const signature = sign(null, Buffer.from(base), privateKey).toString("base64");
  return { "content-digest": digest(body), "signature-input": `sig1=${params}`, signature: `sig1=:${signature}:` };
}

const server = createServer(async (request, response) => {
  const chunks = [];
  let size = 0;
  // The rest of a body that is too large is read and thrown away.
  for await (const chunk of request) if ((size += chunk.length) <= 1 << 20) chunks.push(chunk);
  const reply = (status, type, message) => {
    const body = Buffer.from(JSON.stringify(message));
    response.writeHead(status, { "content-type": type, "content-length": body.length, ...signed(status, body, request) });
    response.end(body);
  };
  try {
    if (size > 1 << 20) throw problem(413, "too-large", "the message is too large");
    const body = Buffer.concat(chunks);
    admit(request, body);
    reply(200, "application/json", route(request.method, request.url, body));
  } catch (error) {
    if (!error.problem) console.error(error);
    const said = error.problem ?? problem(500, "fault", "a fault of ours").problem;
    reply(said.status, "application/problem+json", said);
  }
});
const [address, port] = HOST.split(":");
server.listen(Number(port), address, () => console.log(`{{name}} answers at http://${HOST}`));
