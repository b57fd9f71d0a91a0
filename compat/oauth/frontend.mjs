// A single-page application on an origin of its own: a served page that loads a
// build of the official client for browsers, and its registration.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';

import { manage } from '../devserver/server.mjs';

/**
 * Serves the page at every path and registers it as a client that everybody may
 * use. settings change the client's. Gives {origin, clientId, stop()}.
 */
export async function startFrontend(server, script, settings = {}) {
  const build = await readFile(script);
  const listener = createServer((request, response) => {
    if (request.url === '/client.js') {
      response.setHeader('Content-Type', 'text/javascript');
      response.end(build);
      return;
    }
    response.setHeader('Content-Type', 'text/html');
    response.end('<!doctype html><html lang="en"><title>Front end</title><link rel="icon" href="data:,"><script src="/client.js"></script><h1>Front end</h1></html>');
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${listener.address().port}`;

  const ask = async (method, path, body) => {
    const { status, json } = await manage(server, method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  };
  const app = await ask('POST', '/api/v1/apps', {
    name: 'oidc_client', label: `Front end ${origin}`, signOnMode: 'OPENID_CONNECT', credentials: { oauthClient: { token_endpoint_auth_method: 'none' } },
    settings: {
      oauthClient: {
        application_type: 'browser', grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
        redirect_uris: [`${origin}/login/callback`], post_logout_redirect_uris: [`${origin}/`], ...settings,
      },
    },
  });
  const [everyone] = await ask('GET', '/api/v1/groups?q=Everyone');
  await ask('PUT', `/api/v1/apps/${app.id}/groups/${everyone.id}`, {});
  // As for the real service, scripts of another origin are let in by name.
  await ask('POST', '/api/v1/trustedOrigins', { name: origin, origin, scopes: [{ type: 'CORS' }, { type: 'REDIRECT' }] });
  return {
    origin,
    clientId: app.credentials.oauthClient.client_id,
    stop: () => new Promise((resolve) => {
      listener.close(resolve);
      listener.closeAllConnections();
    }),
  };
}
