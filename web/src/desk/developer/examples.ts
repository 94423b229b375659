// Programs to copy, with the address of this service. They are kept whole so that they run as they are.

export interface Example {
  readonly id: string
  readonly name: string
  readonly text: string
}

const ASK = {
  amount: { amount: '5000.00', currency: 'USD' },
  term: { count: 24, unit: 'MONTH' },
  purpose: 'HOME_IMPROVEMENT',
  products: [],
  country: 'US',
  region: 'CA',
  applicant: {
    fullName: 'Alex Sample',
    monthlyIncome: { amount: '6000.00', currency: 'USD' },
    monthlyHousingCost: { amount: '1800.00', currency: 'USD' },
    monthlyDebtPayments: { amount: '400.00', currency: 'USD' },
    employment: 'EMPLOYED',
    employmentMonths: 40,
    residenceMonths: 30,
  },
}

export function examples(base: string): readonly Example[] {
  const body = JSON.stringify(ASK, null, 2)
  return [
    {
      id: 'curl',
      name: 'curl',
      text: `TOKEN=$(curl -s ${base}/oauth/token \\
  -u "$CLIENT_ID:$CLIENT_SECRET" \\
  -d grant_type=client_credentials | jq -r .access_token)

REQUEST=$(curl -s ${base}/v1/quote-requests \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -H "Idempotency-Key: $(uuidgen)" \\
  -d '${body}' | jq -r .id)

# Answers as they arrive; those of before come first.
curl -sN ${base}/v1/quote-requests/$REQUEST/events \\
  -H "Authorization: Bearer $TOKEN"
`,
    },
    {
      id: 'typescript',
      name: 'TypeScript',
      text: `const base = '${base}'

const key = btoa(\`\${process.env.CLIENT_ID}:\${process.env.CLIENT_SECRET}\`)
const { access_token } = await fetch(\`\${base}/oauth/token\`, {
  method: 'POST',
  headers: { Authorization: \`Basic \${key}\` },
  body: new URLSearchParams({ grant_type: 'client_credentials' }),
}).then((answer) => answer.json())

async function ask(path: string, body?: unknown) {
  const answer = await fetch(base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      Authorization: \`Bearer \${access_token}\`,
      'Content-Type': 'application/json',
      // The same key again does nothing twice: keep it when you retry.
      ...(body !== undefined && { 'Idempotency-Key': crypto.randomUUID() }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(await answer.text())
  return answer.json()
}

const request = await ask('/v1/quote-requests', ${body})

let state = request.state
while (state === 'QUOTING') {
  await new Promise((done) => setTimeout(done, 500))
  state = (await ask(\`/v1/quote-requests/\${request.id}\`)).state
}
console.log(await ask(\`/v1/quote-requests/\${request.id}/quotes\`))
`,
    },
    {
      id: 'rust',
      name: 'Rust',
      text: `// Cargo.toml
// [dependencies]
// reqwest = { version = "0.12", features = ["json"] }
// serde_json = "1"
// tokio = { version = "1", features = ["full"] }

use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = "${base}";
    let http = reqwest::Client::new();
    let token: Value = http
        .post(format!("{base}/oauth/token"))
        .basic_auth(std::env::var("CLIENT_ID")?, Some(std::env::var("CLIENT_SECRET")?))
        .form(&[("grant_type", "client_credentials")])
        .send().await?.error_for_status()?.json().await?;
    let token = token["access_token"].as_str().ok_or("no token")?;

    let request: Value = http
        .post(format!("{base}/v1/quote-requests"))
        .bearer_auth(token)
        // The same key again does nothing twice: keep it when you retry.
        .header("Idempotency-Key", "my-first-request")
        .json(&json!(${body.split('\n').join('\n        ')}))
        .send().await?.error_for_status()?.json().await?;
    let id = request["id"].as_str().ok_or("no id")?;

    let quotes = loop {
        let now: Value = http.get(format!("{base}/v1/quote-requests/{id}")).bearer_auth(token)
            .send().await?.error_for_status()?.json().await?;
        if now["state"] != "QUOTING" {
            break http.get(format!("{base}/v1/quote-requests/{id}/quotes")).bearer_auth(token)
                .send().await?.error_for_status()?.json::<Value>().await?;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    };
    println!("{quotes:#}");
    Ok(())
}
`,
    },
    {
      id: 'graphql',
      name: 'GraphQL',
      text: `curl -s ${base}/graphql \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{
  "query": "query Quotes($id: ID!) { quoteRequest(id: $id) { state quotes(first: 10) { nodes { position provider verifiedApr { percent } totalOfPayments { amount currency } } } losers { provider kind reasons { text } } } }",
  "variables": { "id": "'$REQUEST'" }
}'
`,
    },
  ]
}
