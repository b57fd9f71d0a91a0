// A certified client for Node, openid-client, as a web application and as a
// service; what it is given is judged by @okta/jwt-verifier as well.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import OktaJwtVerifier from '@okta/jwt-verifier';
import * as oidc from 'openid-client';

import { SignInPage, launch, openPage } from '../browser/page.mjs';
import { advance } from '../devserver/control.mjs';
import { manage, startServer } from '../devserver/server.mjs';
import { Visitor, seeded } from './hosted.mjs';

const callback = 'http://localhost:8080/authorization-code/callback';
const home = 'http://localhost:8080/';
const scope = 'openid profile email offline_access';

for (const path of ['/oauth2/default', '']) {
  describe(`openid-client at ${path || 'the own server of the organisation'}`, () => {
    let server;
    let issuer;
    let user;
    let app;
    before(async () => {
      server = await startServer();
      issuer = server.url + path;
      user = server.users[0];
      app = seeded(server, 'web');
    });
    after(() => server?.stop());

    // The server of the tests speaks plain HTTP; so the clients have to be told to bear it.
    const discover = (clientId, secret, proof) => oidc.discovery(new URL(issuer), clientId, secret, proof, { execute: [oidc.allowInsecureRequests] });
    const web = (proof) => discover(app.clientId, app.clientSecret, proof);
    const verifier = (clientId) => new OktaJwtVerifier({
      issuer, clientId, testing: { disableHttpsCheck: true }, ...(path === '' && { jwksUri: `${server.url}/oauth2/v1/keys` }),
    });
    const audience = () => (path === '' ? server.url : 'api://default');
    const refused = (promise, error) => assert.rejects(promise, (e) => {
      assert.equal(e.error, error, `${e} ${JSON.stringify(e.cause)}`);
      return true;
    });
    // Who shows a wrong secret in the header is answered by a challenge (RFC 6749 section 5.2), which the client reads first.
    const unproven = (promise) => assert.rejects(promise, (e) => {
      if (e.code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE') assert.equal(e.cause[0].scheme, 'basic');
      else assert.equal(e.error, 'invalid_client', String(e));
      assert.equal(e.status, 401);
      return true;
    });

    // A request with a proof key, and what checks its answer.
    const request = async (config, more = {}) => {
      const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: callback, scope, code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier), code_challenge_method: 'S256',
        state: checks.expectedState, nonce: checks.expectedNonce, ...more,
      });
      return { url, checks };
    };
    const signIn = async (config, visitor = new Visitor(server)) => {
      const { url, checks } = await request(config);
      const back = await visitor.signIn(url, user);
      assert.ok(back.href.startsWith(`${callback}?`), back.href);
      return { visitor, back, checks, tokens: await oidc.authorizationCodeGrant(config, back, checks) };
    };

    test('authorization code with a proof key', async () => {
      const config = await web();
      const { back, checks, tokens } = await signIn(config);
      assert.equal(back.searchParams.get('iss'), issuer);
      assert.equal(tokens.token_type, 'bearer'); // the client writes it small
      assert.equal(tokens.expires_in, 3600); // expiresIn() counts down
      assert.deepEqual(new Set(tokens.scope.split(' ')), new Set(scope.split(' ')));
      assert.ok(tokens.refresh_token);
      const id = tokens.claims();
      assert.equal(id.preferred_username, user.login);
      assert.deepEqual(id.amr, ['pwd']);

      const access = await verifier(app.clientId).verifyAccessToken(tokens.access_token, audience());
      assert.equal(access.claims.sub, user.login);
      assert.equal(access.claims.uid, id.sub);
      assert.equal(access.claims.cid, app.clientId);
      assert.deepEqual(new Set(access.claims.scp), new Set(scope.split(' ')));
      const identity = await verifier(app.clientId).verifyIdToken(tokens.id_token, app.clientId, checks.expectedNonce);
      assert.equal(identity.claims.sub, id.sub);
      await assert.rejects(verifier(app.clientId).verifyAccessToken(tokens.access_token, 'api://another'), /audience/);
      await assert.rejects(verifier(app.clientId).verifyIdToken(tokens.id_token, app.clientId, 'another nonce'), /nonce/);
      await assert.rejects(verifier(app.clientId).verifyAccessToken(`${tokens.access_token.slice(0, -8)}AAAAAAAA`, audience()), /[Ss]ignature/);

      await refused(oidc.authorizationCodeGrant(config, back, checks), 'invalid_grant'); // once only
      await refused(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant'); // and what came of it is gone
    });

    test('in Chromium', async () => {
      const config = await web();
      const { url, checks } = await request(config);
      const browser = await launch();
      try {
        const { page } = await openPage(browser, server.url);
        const back = page.waitForRequest((r) => r.url().startsWith(`${callback}?`)); // where nobody listens
        await page.goto(url.href);
        await new SignInPage(page).signIn(user);
        const tokens = await oidc.authorizationCodeGrant(config, new URL((await back).url()), checks);
        const { claims } = await verifier(app.clientId).verifyAccessToken(tokens.access_token, audience());
        assert.equal(claims.sub, user.login);
        await verifier(app.clientId).verifyIdToken(tokens.id_token, app.clientId, checks.expectedNonce);
      } finally {
        await browser.close();
      }
    });

    test('a wrong proof key is refused', async () => {
      const config = await web();
      const { url, checks } = await request(config);
      const back = await new Visitor(server).signIn(url, user);
      await refused(oidc.authorizationCodeGrant(config, back, { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), 'invalid_grant');
    });

    for (const [name, proof] of [['basic', oidc.ClientSecretBasic], ['post', oidc.ClientSecretPost]]) {
      test(`proves itself by its secret, ${name}`, async () => {
        const { tokens } = await signIn(await web(proof(app.clientSecret)));
        assert.ok(tokens.access_token);
        const { url, checks } = await request(await web());
        const back = await new Visitor(server).signIn(url, user);
        await unproven(oidc.authorizationCodeGrant(await web(proof('a-wrong-secret-0123456789')), back, checks));
      });
    }

    test('a pushed request', async () => {
      const config = await web();
      const { url: plain, checks } = await request(config);
      const url = await oidc.buildAuthorizationUrlWithPAR(config, Object.fromEntries(plain.searchParams));
      assert.ok(url.searchParams.get('request_uri'));
      const back = await new Visitor(server).signIn(url, user);
      const tokens = await oidc.authorizationCodeGrant(config, back, checks);
      assert.equal(tokens.claims().preferred_username, user.login);
    });

    test('prompt=none with and without a session', async () => {
      const config = await web();
      const first = await request(config, { prompt: 'none' });
      const { elsewhere } = await new Visitor(server).go(first.url);
      await refused(oidc.authorizationCodeGrant(config, elsewhere, first.checks), 'login_required');

      const { visitor, tokens } = await signIn(config);
      const again = await request(config, { prompt: 'none' });
      const page = await visitor.go(again.url);
      const silent = await oidc.authorizationCodeGrant(config, page.elsewhere, again.checks);
      assert.equal(silent.claims().sub, tokens.claims().sub);
      assert.equal(silent.claims().auth_time, tokens.claims().auth_time);
    });

    test('refresh', async () => {
      const config = await web();
      const { tokens } = await signIn(config);
      const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
      assert.equal(fresh.claims().sub, tokens.claims().sub);
      assert.notEqual(fresh.access_token, tokens.access_token);
      const less = await oidc.refreshTokenGrant(config, fresh.refresh_token, { scope: 'openid' });
      assert.equal(less.scope, 'openid');
      await verifier(app.clientId).verifyAccessToken(fresh.access_token, audience());
      await refused(oidc.refreshTokenGrant(config, 'not-a-refresh-token'), 'invalid_grant');
    });

    test('user info', async () => {
      const config = await web();
      const { tokens } = await signIn(config);
      const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
      assert.equal(info.preferred_username, user.login);
      assert.ok(info.email);
      await assert.rejects(oidc.fetchUserInfo(config, `${tokens.access_token}x`, tokens.claims().sub), (e) => {
        assert.equal(e.cause?.[0]?.parameters?.error ?? e.cause?.error, 'invalid_token', String(e));
        return true;
      });
    });

    test('introspection and revocation', async () => {
      const config = await web();
      const { tokens } = await signIn(config);
      const seen = await oidc.tokenIntrospection(config, tokens.access_token, { token_type_hint: 'access_token' });
      assert.equal(seen.active, true);
      assert.equal(seen.client_id, app.clientId);
      assert.equal(seen.username, user.login);
      assert.equal(seen.iss, issuer);
      assert.equal((await oidc.tokenIntrospection(config, tokens.refresh_token, { token_type_hint: 'refresh_token' })).active, true);
      await oidc.tokenRevocation(config, tokens.access_token, { token_type_hint: 'access_token' });
      assert.deepEqual({ ...(await oidc.tokenIntrospection(config, tokens.access_token)) }, { active: false });
      await oidc.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' });
      await refused(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant');
      await oidc.tokenRevocation(config, 'nothing-that-was-ever-given'); // no error (RFC 7009 section 2.2)
    });

    test('sign-out', async () => {
      const config = await web();
      const { visitor, tokens } = await signIn(config);
      const end = (more) => oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, state: 's-9', ...more });
      const strange = await visitor.go(end({ post_logout_redirect_uri: 'http://localhost:8080/elsewhere' }));
      assert.equal(strange.status, 400);
      const { elsewhere } = await visitor.go(end({ post_logout_redirect_uri: home }));
      assert.equal(elsewhere.href, `${home}?state=s-9`);
      const again = await request(config, { prompt: 'none' });
      const page = await visitor.go(again.url);
      await refused(oidc.authorizationCodeGrant(config, page.elsewhere, again.checks), 'login_required');
    });

    test('client credentials by a private key', async () => {
      const service = seeded(server, 'service');
      const key = await crypto.subtle.importKey('jwk', service.privateKey, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
      const config = await discover(service.clientId, undefined, oidc.PrivateKeyJwt({ key, kid: service.privateKey.kid }));
      const wanted = path === '' ? 'okta.users.read' : 'machines';
      if (path !== '') assert.equal((await manage(server, 'POST', '/api/v1/authorizationServers/default/scopes', { name: wanted })).status, 201);
      const tokens = await oidc.clientCredentialsGrant(config, { scope: wanted });
      assert.equal(tokens.scope, wanted);
      assert.equal(tokens.refresh_token, undefined);
      assert.equal(tokens.id_token, undefined);
      const { claims } = await verifier(service.clientId).verifyAccessToken(tokens.access_token, audience());
      assert.equal(claims.sub, service.clientId);
      assert.equal(claims.cid, service.clientId);
      assert.deepEqual(claims.scp, [wanted]);
      await refused(oidc.clientCredentialsGrant(config, { scope: 'okta.apps.manage' }), path === '' ? 'consent_required' : 'invalid_scope');

      const users = await oidc.fetchProtectedResource(config, tokens.access_token, new URL(`${server.url}/api/v1/users`), 'GET').catch((e) => e);
      if (path === '') assert.equal((await users.json()).some((u) => u.profile.login === user.login), true);
      else assert.equal(users.cause?.[0] ? 401 : users.status, 401, String(users)); // a token of a custom server does not manage
      const other = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
      const forged = await discover(service.clientId, undefined, oidc.PrivateKeyJwt({ key: other.privateKey, kid: service.privateKey.kid }));
      await refused(oidc.clientCredentialsGrant(forged, { scope: wanted }), 'invalid_client');
    });

    if (path !== '') {
      test('client credentials by a secret', async () => {
        await manage(server, 'POST', '/api/v1/authorizationServers/default/scopes', { name: 'api:read' });
        for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']) {
          const made = await manage(server, 'POST', '/api/v1/apps', {
            name: 'oidc_client', label: `Service ${method}`, signOnMode: 'OPENID_CONNECT', credentials: { oauthClient: { token_endpoint_auth_method: method } },
            settings: { oauthClient: { application_type: 'service', grant_types: ['client_credentials'], response_types: ['token'] } },
          });
          assert.equal(made.status, 200, JSON.stringify(made.json));
          const { client_id: id, client_secret: secret } = made.json.credentials.oauthClient;
          const proof = { client_secret_basic: oidc.ClientSecretBasic, client_secret_post: oidc.ClientSecretPost, client_secret_jwt: oidc.ClientSecretJwt }[method];
          const tokens = await oidc.clientCredentialsGrant(await discover(id, secret, proof(secret)), { scope: 'api:read' });
          const { claims } = await verifier(id).verifyAccessToken(tokens.access_token, audience());
          assert.equal(claims.sub, id);
          const wrong = 'x'.repeat(secret.length);
          await unproven(oidc.clientCredentialsGrant(await discover(id, wrong, proof(wrong)), { scope: 'api:read' }));
        }
      });

      test('device flow', async () => {
        const { status, json: made } = await manage(server, 'POST', '/api/v1/apps', {
          name: 'oidc_client', label: 'Television', signOnMode: 'OPENID_CONNECT', credentials: { oauthClient: { token_endpoint_auth_method: 'none' } },
          settings: {
            oauthClient: {
              application_type: 'native', grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'], response_types: ['code'],
              redirect_uris: ['com.example.television:/callback'],
            },
          },
        });
        assert.equal(status, 200, JSON.stringify(made));
        const clientId = made.credentials.oauthClient.client_id;
        const { json: [everyone] } = await manage(server, 'GET', '/api/v1/groups?q=Everyone');
        await manage(server, 'PUT', `/api/v1/apps/${made.id}/groups/${everyone.id}`, {});
        const config = await discover(clientId, undefined, oidc.None());
        const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' });
        assert.ok(device.user_code && device.verification_uri && device.verification_uri_complete);
        // The grant that the client polls with, without waiting for its timer.
        const poll = () => oidc.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: device.device_code });
        await refused(poll(), 'authorization_pending');
        const visitor = new Visitor(server);
        const send = (page, fields) => {
          const [, action] = /<form[^>]* action="([^"]+)"/.exec(page.text) ?? assert.fail(page.text);
          return visitor.go(new URL(action, page.at), { method: 'POST', body: new URLSearchParams({ user_code: device.user_code, ...fields }) });
        };
        const asked = await send(await visitor.enter(device.verification_uri_complete, user), {});
        assert.match(asked.text, /Television/);
        assert.match((await send(asked, { answer: 'allow' })).text, /activated/);
        await advance(server, '5s');
        const tokens = await poll();
        const { claims } = await verifier(clientId).verifyAccessToken(tokens.access_token, audience());
        assert.equal(claims.sub, user.login);
        await refused(poll(), 'invalid_grant');
      });
    }

    test('tokens run out', async () => {
      const config = await web();
      const { tokens } = await signIn(config);
      await advance(server, '3601s');
      assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
      assert.equal((await oidc.tokenIntrospection(config, tokens.refresh_token)).active, true);
    });
  });
}
