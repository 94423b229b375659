//! GraphiQL without the network: its files come from the npm packages beside the server.

use std::path::PathBuf;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::Api;
use crate::schema::sdl as schema_text;

/// Name in the URL, path below `node_modules`, content type.
const FILES: [(&str, &str, &str); 4] = [
    ("react.js", "react/umd/react.production.min.js", "text/javascript"),
    (
        "react-dom.js",
        "react-dom/umd/react-dom.production.min.js",
        "text/javascript",
    ),
    ("graphiql.js", "graphiql/graphiql.min.js", "text/javascript"),
    ("graphiql.css", "graphiql/graphiql.min.css", "text/css"),
];

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Usance GraphiQL</title>
  <link rel="stylesheet" href="/explorer/graphiql.css">
  <style>html, body, #graphiql { height: 100%; margin: 0 }</style>
</head>
<body>
  <div id="graphiql">Loading GraphiQL. If nothing appears, run `npm ci` in the checkout and reload.</div>
  <script src="/explorer/react.js"></script>
  <script src="/explorer/react-dom.js"></script>
  <script src="/explorer/graphiql.js"></script>
  <script src="/explorer/start.js"></script>
</body>
</html>
"#;

const START: &str = r#"const fetcher = GraphiQL.createFetcher({
  url: "/graphql",
  subscriptionUrl: (location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/graphql",
});
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultEditorToolsVisibility: "headers",
    defaultHeaders: JSON.stringify({ Authorization: "Bearer <token of POST /oauth/token>" }, null, 2),
  }),
);
"#;

/// The page.
pub fn page() -> Response {
    Html(PAGE).into_response()
}

/// One file of the page.
pub async fn asset(State(api): State<Api>, Path(name): Path<String>) -> Response {
    if !api.explorer {
        return StatusCode::NOT_FOUND.into_response();
    }
    if name == "start.js" {
        return ([(header::CONTENT_TYPE, "text/javascript")], START).into_response();
    }
    let Some((_, path, kind)) = FILES.iter().find(|(known, _, _)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let root = std::env::var_os("USANCE_NODE_MODULES").map_or_else(|| PathBuf::from("node_modules"), PathBuf::from);
    match tokio::fs::read(root.join(path)).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, *kind)], bytes).into_response(),
        Err(_) => (StatusCode::NOT_FOUND, "run `npm ci` in the checkout").into_response(),
    }
}

/// The schema in its definition language.
pub async fn sdl() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], schema_text()).into_response()
}
