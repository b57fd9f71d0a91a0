// A web application of Express that signs its people in by @okta/oidc-middleware,
// as its documentation says.
import assert from 'node:assert/strict';

import middleware from '@okta/oidc-middleware';
import express from 'express';
import session from 'express-session';

import { manage } from '../devserver/server.mjs';

/**
 * Starts the application and registers it as a client that everybody may use.
 * /protected asks for a sign-in and shows what the middleware knows; / is open
 * and shows whether somebody is signed in. Gives {origin, clientId, secret, errors,
 * stop()}; errors gathers what the middleware complains of.
 */
export async function startWebApp(server, issuer) {
  const app = express();
  const listener = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  const origin = `http://localhost:${listener.address().port}`;
  const ask = async (method, path, body) => {
    const { status, json } = await manage(server, method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  };
  const made = await ask('POST', '/api/v1/apps', {
    name: 'oidc_client', label: `Web application ${origin}`, signOnMode: 'OPENID_CONNECT',
    credentials: { oauthClient: { token_endpoint_auth_method: 'client_secret_basic' } },
    settings: {
      oauthClient: {
        application_type: 'web', grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
        redirect_uris: [`${origin}/authorization-code/callback`], post_logout_redirect_uris: [`${origin}/`],
      },
    },
  });
  const [everyone] = await ask('GET', '/api/v1/groups?q=Everyone');
  await ask('PUT', `/api/v1/apps/${made.id}/groups/${everyone.id}`, {});

  const { client_id: clientId, client_secret: secret } = made.credentials.oauthClient;
  const errors = [];
  const oidc = new middleware.ExpressOIDC({
    issuer, client_id: clientId, client_secret: secret, appBaseUrl: origin, scope: 'openid profile email offline_access',
    // The server of the tests speaks plain HTTP; so the middleware has to be told to bear it.
    testing: { disableHttpsCheck: true },
  });
  const ready = new Promise((resolve, reject) => {
    oidc.once('ready', resolve);
    oidc.once('error', reject);
  });
  oidc.on('error', (e) => errors.push(String(e)));
  app.get('/favicon.ico', (request, response) => response.sendStatus(204));
  app.use(session({ secret: 'of the tests alone', resave: false, saveUninitialized: true }));
  app.use(oidc.router);
  // What it cannot use is answered without a word about why.
  const refuse = (e, request, response, next) => (response.headersSent ? next(e) : response.sendStatus(response.statusCode < 400 ? 500 : response.statusCode));
  const page = (text) => `<!doctype html><html lang="en"><title>Web application</title><link rel="icon" href="data:,"><body>${text}</body></html>`;
  app.get('/protected', oidc.ensureAuthenticated(), (request, response) => {
    response.json(request.userContext);
  });
  app.get('/', (request, response) => {
    const form = '<form method="post" action="/logout"><button>Leave</button></form>';
    response.send(page(request.userContext ? `<p>Known as ${encodeURIComponent(request.userContext.userinfo.preferred_username)}</p>${form}` : '<p>Nobody</p>'));
  });
  app.use(refuse);
  await ready;
  return {
    origin, clientId, secret, errors,
    stop: () => new Promise((resolve) => {
      listener.close(resolve);
      listener.closeAllConnections();
    }),
  };
}
