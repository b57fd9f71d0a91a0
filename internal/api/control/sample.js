"use strict";

const { issuer, client } = document.body.dataset;
const here = location.origin + "/sample";
const state = document.getElementById("state");
const out = document.getElementById("out");
const start = document.getElementById("start");
const end = document.getElementById("end");

function text(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function random() {
  return text(crypto.getRandomValues(new Uint8Array(32)));
}

async function begin() {
  const verifier = random();
  const kept = { verifier, state: random(), nonce: random() };
  sessionStorage.setItem("sample", JSON.stringify(kept));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    client_id: client, response_type: "code", scope: "openid profile email", redirect_uri: here,
    state: kept.state, nonce: kept.nonce, code_challenge: text(hash), code_challenge_method: "S256",
  });
  location.assign(issuer + "/v1/authorize?" + query);
}

async function finish(query) {
  const kept = JSON.parse(sessionStorage.getItem("sample") || "{}");
  sessionStorage.removeItem("sample");
  history.replaceState(null, "", here);
  if (query.get("error")) {
    throw new Error(query.get("error") + ": " + query.get("error_description"));
  }
  if (!kept.state || query.get("state") !== kept.state || query.get("iss") !== issuer) {
    throw new Error("The answer belongs to no request of this page.");
  }
  const body = new URLSearchParams({
    grant_type: "authorization_code", client_id: client, redirect_uri: here, code: query.get("code"), code_verifier: kept.verifier,
  });
  const tokens = await ask("token", { method: "POST", body });
  const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(
    atob(tokens.id_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))));
  if (claims.nonce !== kept.nonce || claims.aud !== client || claims.iss !== issuer) {
    throw new Error("The ID token is not for this page.");
  }
  const user = await ask("userinfo", { headers: { Authorization: "Bearer " + tokens.access_token } });
  state.textContent = "Signed in as " + user.preferred_username + ".";
  out.textContent = JSON.stringify({ idToken: claims, userinfo: user }, null, 2);
  end.hidden = false;
  end.addEventListener("click", () => location.assign(issuer + "/v1/logout?" + new URLSearchParams({
    id_token_hint: tokens.id_token, post_logout_redirect_uri: here,
  })));
}

async function ask(endpoint, options) {
  const answer = await fetch(issuer + "/v1/" + endpoint, options);
  const content = await answer.json();
  if (!answer.ok) {
    throw new Error(content.error + ": " + content.error_description);
  }
  return content;
}

start.addEventListener("click", begin);
const query = new URLSearchParams(location.search);
if (query.get("code") || query.get("error")) {
  finish(query).catch((err) => { state.textContent = err.message; });
}
