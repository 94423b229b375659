// Makes points-v1.json and its hash: node risk/model/make.mjs. The points are an expert table (no training data); the scale
// is 600 points at good:bad odds of 50:1, 20 points double the odds. Scores of the golden rows are computed here, apart
// from the Rust code that has to agree with them.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const here = new URL(".", import.meta.url);
const scale = { min_score: 300, max_score: 850, base_score: 600, base_odds: 50, pdo: 20 };
const bins = (...pairs) => pairs.map(([below, points]) => (below === null ? { points } : { below, points }));
const features = [
  { fact: "DEBT_TO_INCOME_PPM", monotone: "FALLING", reason: "OBLIGATIONS_EXCESSIVE", neutral: 40,
    bins: bins([150000, 75], [250000, 62], [350000, 48], [430000, 32], [500000, 12], [null, -25]) },
  { fact: "PAYMENT_TO_INCOME_PPM", monotone: "FALLING", reason: "INCOME_INSUFFICIENT", neutral: 25,
    bins: bins([50000, 40], [100000, 32], [200000, 20], [350000, 0], [null, -30]) },
  { fact: "EMPLOYMENT_MONTHS", monotone: "RISING", reason: "EMPLOYMENT_LENGTH", neutral: 18,
    missing: { points: 18, reason: "EMPLOYMENT_UNVERIFIED" },
    bins: bins([1, -20], [6, 4], [12, 11], [24, 18], [60, 25], [null, 32]) },
  { fact: "RESIDENCE_MONTHS", monotone: "RISING", reason: "RESIDENCE_LENGTH", neutral: 9,
    bins: bins([6, 2], [12, 6], [36, 9], [null, 13]) },
  { fact: "DELINQUENCIES_24M", monotone: "FALLING", reason: "DELINQUENT_OBLIGATIONS", neutral: 45,
    bins: bins([1, 60], [2, 22], [3, -5], [null, -45]) },
  { fact: "INQUIRIES_6M", monotone: "FALLING", reason: "RECENT_INQUIRIES", neutral: 15,
    bins: bins([1, 25], [3, 17], [6, 6], [null, -12]) },
  { fact: "CREDIT_HISTORY_MONTHS", monotone: "RISING", reason: "LIMITED_CREDIT_EXPERIENCE", neutral: 22,
    missing: { points: 0, reason: "NO_CREDIT_FILE" },
    bins: bins([6, 4], [24, 14], [60, 24], [120, 34], [null, 42]) },
  { fact: "UTILIZATION_PPM", monotone: "FALLING", reason: "OBLIGATIONS_EXCESSIVE", neutral: 20,
    missing: { points: 20, reason: "LIMITED_CREDIT_EXPERIENCE" },
    bins: bins([100000, 42], [300000, 36], [500000, 24], [750000, 10], [900000, -6], [null, -25]) },
];
const base_points = 420;
const low = (f) => Math.min(...f.bins.map((b) => b.points), f.missing?.points ?? Infinity);
const high = (f) => Math.max(...f.bins.map((b) => b.points), f.missing?.points ?? -Infinity);
const totals = {
  lowest: base_points + features.reduce((sum, f) => sum + low(f), 0),
  neutral: base_points + features.reduce((sum, f) => sum + f.neutral, 0),
  highest: base_points + features.reduce((sum, f) => sum + high(f), 0),
};
const pd_ppm = [];
for (let s = scale.min_score; s <= scale.max_score; s++)
  pd_ppm.push(Math.max(1, Math.round(1e6 / (1 + scale.base_odds * 2 ** ((s - scale.base_score) / scale.pdo)))));
const policy = {
  bands: [
    { min_score: 680, income_multiple_ppm: 12000000 },
    { min_score: 620, income_multiple_ppm: 6000000 },
    { min_score: 580, income_multiple_ppm: 2500000 },
  ],
  capacity: { debt_to_income_ppm: 500000, principal_share_ppm: 850000 },
  knock_outs: [
    { fact: "MONTHLY_INCOME_MINOR", below: 1, reason: "INCOME_INSUFFICIENT" },
    { fact: "DELINQUENCIES_24M", at_least: 6, reason: "DELINQUENT_OBLIGATIONS" },
    { fact: "DEBT_TO_INCOME_PPM", at_least: 800000, reason: "OBLIGATIONS_EXCESSIVE" },
  ],
};
const c1 = {
  APPLICATION_INCOMPLETE: "Credit application incomplete",
  EMPLOYMENT_LENGTH: "Length of employment",
  EMPLOYMENT_UNVERIFIED: "Unable to verify employment",
  INCOME_INSUFFICIENT: "Income insufficient for amount of credit requested",
  OBLIGATIONS_EXCESSIVE: "Excessive obligations in relation to income",
  RESIDENCE_LENGTH: "Length of residence",
  NO_CREDIT_FILE: "No credit file",
  LIMITED_CREDIT_EXPERIENCE: "Limited credit experience",
  DELINQUENT_OBLIGATIONS: "Delinquent past or present credit obligations with others",
  RECENT_INQUIRIES: "Number of recent inquiries on credit bureau report",
};
const reasons = Object.entries(c1).map(([code, text]) => ({ code, text }));

const facts = (over = {}) => ({
  currency: "USD", amount_minor: 500000, term_days: 360, monthly_income_minor: 520000,
  monthly_housing_minor: 140000, monthly_debt_minor: 35000, debt_to_income_ppm: 416666, payment_to_income_ppm: 80128,
  employment_months: 36, residence_months: 30, delinquencies_24m: 0, inquiries_6m: 1, credit_history_months: 84,
  utilization_ppm: 280000, ...over });
const value = (f, fact) => ({ DEBT_TO_INCOME_PPM: f.debt_to_income_ppm, PAYMENT_TO_INCOME_PPM: f.payment_to_income_ppm,
  EMPLOYMENT_MONTHS: f.employment_months, RESIDENCE_MONTHS: f.residence_months, DELINQUENCIES_24M: f.delinquencies_24m,
  INQUIRIES_6M: f.inquiries_6m, CREDIT_HISTORY_MONTHS: f.credit_history_months, UTILIZATION_PPM: f.utilization_ppm })[fact];
const points = (f, feature) => {
  const v = value(f, feature.fact);
  if (v === null) return feature.missing?.points ?? low(feature); // a needed fact that is missing scores as the worst
  return feature.bins.find((b) => b.below === undefined || v < b.below).points;
};
const golden = [
  [facts(), "OFFER", []],
  [facts({ employment_months: null, credit_history_months: null, utilization_ppm: null }), "OFFER", []],
  [facts({ debt_to_income_ppm: 150000, payment_to_income_ppm: 50000, utilization_ppm: 100000 }), "OFFER", []],
  [facts({ debt_to_income_ppm: 149999, payment_to_income_ppm: 49999, utilization_ppm: 99999, employment_months: 60,
    residence_months: 36, inquiries_6m: 0, credit_history_months: 120 }), "OFFER", []],
  [facts({ delinquencies_24m: 3, inquiries_6m: 6, utilization_ppm: 900000, employment_months: 3 }), "DECLINE",
    ["DELINQUENT_OBLIGATIONS", "OBLIGATIONS_EXCESSIVE", "RECENT_INQUIRIES", "EMPLOYMENT_LENGTH"]],
  [facts({ delinquencies_24m: 6 }), "DECLINE", ["DELINQUENT_OBLIGATIONS", "OBLIGATIONS_EXCESSIVE"]],
  [facts({ amount_minor: 1000000, debt_to_income_ppm: 496795, payment_to_income_ppm: 160257 }), "COUNTER",
    ["OBLIGATIONS_EXCESSIVE", "INCOME_INSUFFICIENT"]],
  [facts({ debt_to_income_ppm: null }), "MORE_INFO", ["APPLICATION_INCOMPLETE"]],
].map(([f, outcome, reasons]) => {
  const score = Math.min(scale.max_score, Math.max(scale.min_score, features.reduce((sum, x) => sum + points(f, x), base_points)));
  return { facts: f, score, pd_ppm: pd_ppm[score - scale.min_score], outcome, reasons };
});

const model = { schema: 1, id: "usance-points", version: 1, scale, base_points, totals, features, policy, reasons, pd_ppm, golden };
const pretty = JSON.stringify(model, null, 1).replace(/\[\n\s+(\d+(?:,\n\s+\d+)+)\n\s+\]/g, (m, list) =>
  "[\n" + list.split(/,\s+/).reduce((rows, n, i) => (i % 16 ? rows[rows.length - 1].push(n) : rows.push([n]), rows), [])
    .map((row) => "  " + row.join(", ")).join(",\n") + "\n ]") + "\n";
writeFileSync(new URL("points-v1.json", here), pretty);
writeFileSync(new URL("points-v1.sha256", here), createHash("sha256").update(readFileSync(new URL("points-v1.json", here))).digest("hex") + "\n");
console.log(totals, golden.map((g) => [g.score, g.pd_ppm, g.outcome]));
