// The official JavaScript client, two major versions of it, in Chromium on the
// page of a single-page application: to the hosted sign-in and back, tokens
// renewed in silence, and out again.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import OktaJwtVerifier from '@okta/jwt-verifier';

import { SignInPage, launch, openPage } from '../browser/page.mjs';
import { startServer } from '../devserver/server.mjs';
import { startFrontend } from './frontend.mjs';

const modules = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../node_modules');

for (const [version, folder] of [['7', '@okta/okta-auth-js'], ['8', 'okta-auth-js-8']]) {
  for (const server of ['/oauth2/default', '']) {
    describe(`okta-auth-js ${version} by redirect, ${server || 'own server'}`, () => {
      let usher;
      let browser;
      let front;
      let user;
      let tab;
      let page;
      before(async () => {
        usher = await startServer();
        user = usher.users[0];
        browser = await launch();
        const build = path.join(modules, folder, 'dist/okta-auth-js.min.js');
        front = await startFrontend(usher, build, {
          grant_types: ['authorization_code', 'refresh_token', 'implicit'], response_types: ['code', 'token', 'id_token'],
        });
      });
      after(async () => {
        await browser?.close();
        await front?.stop();
        await usher?.stop();
      });
      beforeEach(async () => {
        tab = await openPage(browser, [usher.url, front.origin]);
        page = tab.page;
      });
      afterEach(() => tab.close());

      // Loads the client in the page that is open.
      const load = (more = {}) => page.evaluate((options) => {
        window.auth = new window.OktaAuth(options);
      }, {
        issuer: usher.url + server, clientId: front.clientId, redirectUri: `${front.origin}/login/callback`, postLogoutRedirectUri: `${front.origin}/`,
        scopes: ['openid', 'profile', 'email'], ...more,
      });
      const open = async (more) => {
        await page.goto(`${front.origin}/`);
        await load(more);
      };
      // Reads the answer at the redirect address and keeps the tokens.
      const receive = async (more) => {
        await page.waitForURL(`${front.origin}/login/callback**`);
        await load(more);
        return page.evaluate(async () => {
          const answer = await window.auth.token.parseFromUrl();
          window.auth.tokenManager.setTokens(answer.tokens);
          return answer;
        });
      };
      const redirect = (options = {}) => page.evaluate((o) => {
        window.auth.token.getWithRedirect(o); // the page is left before it settles
      }, options);
      const signIn = async (more, options) => {
        await open(more);
        await redirect(options);
        await page.waitForURL(`${usher.url}/**`);
        await new SignInPage(page).signIn(user);
        return receive(more);
      };
      const verifier = () => new OktaJwtVerifier({
        issuer: usher.url + server, clientId: front.clientId, jwksUri: `${usher.url}/oauth2${server && '/default'}/v1/keys`, testing: { disableHttpsCheck: true },
      });
      const audience = server ? 'api://default' : undefined;
      const refusal = (call) => page.evaluate(async (text) => {
        try {
          await new Function(`return (${text})()`)();
        } catch (e) {
          return { name: e.name, code: e.errorCode ?? e.error, text: e.message };
        }
        return null;
      }, call.toString());

      test('signs in and gets verified tokens', async () => {
        const { tokens, state } = await signIn({}, { state: 's-7', nonce: 'n-7' });
        assert.equal(state, 's-7');
        assert.equal(tokens.refreshToken, undefined);
        assert.equal(tokens.idToken.claims.preferred_username, user.login);
        await verifier().verifyIdToken(tokens.idToken.idToken, front.clientId, 'n-7');
        const { claims } = await verifier().verifyAccessToken(tokens.accessToken.accessToken, audience ?? usher.url);
        assert.equal(claims.sub, user.login);
        assert.equal(await page.evaluate(() => window.auth.isAuthenticated()), true);
        assert.equal((await page.evaluate(() => window.auth.token.getUserInfo())).preferred_username, user.login);
        assert.equal((await page.evaluate(() => window.auth.token.verify(window.auth.tokenManager.getTokensSync().idToken, { nonce: 'n-7' }))).claims.sub, claims.uid);
        assert.equal(page.url(), `${front.origin}/login/callback`);
        tab.check();
      });

      test('is remembered: a second redirect asks for nothing', async () => {
        const first = await signIn();
        await open();
        await redirect();
        const { tokens } = await receive();
        assert.equal(tokens.idToken.claims.auth_time, first.tokens.idToken.claims.auth_time);
        tab.check();
      });

      test('renews in silence, by a frame', async () => {
        const { tokens } = await signIn();
        const renewed = await page.evaluate(() => window.auth.token.renewTokens());
        assert.notEqual(renewed.accessToken.accessToken, tokens.accessToken.accessToken);
        assert.equal(renewed.idToken.claims.sub, tokens.idToken.claims.sub);
        await verifier().verifyIdToken(renewed.idToken.idToken, front.clientId, renewed.idToken.claims.nonce);
        const one = await page.evaluate(() => window.auth.tokenManager.renew('idToken'));
        assert.equal(one.claims.sub, tokens.idToken.claims.sub);
        assert.equal(await page.locator('iframe').count(), 0);
        tab.check();
      });

      test('renews in silence, by a refresh token', async () => {
        const scopes = { scopes: ['openid', 'profile', 'offline_access'] };
        const { tokens } = await signIn(scopes);
        assert.ok(tokens.refreshToken.refreshToken);
        await page.context().clearCookies(); // so that no frame could
        const renewed = await page.evaluate(() => window.auth.token.renewTokens());
        assert.notEqual(renewed.accessToken.accessToken, tokens.accessToken.accessToken);
        await verifier().verifyAccessToken(renewed.accessToken.accessToken, audience ?? usher.url);
        assert.notEqual(await page.evaluate(() => window.auth.tokenManager.getTokensSync().refreshToken.refreshToken), '');
        tab.check();
      });

      test('learns in silence that nobody is signed in', async () => {
        await open();
        const e = await refusal(() => window.auth.token.getWithoutPrompt());
        assert.equal(e?.code, 'login_required', JSON.stringify(e));
        tab.check();
      });

      test('in a window of its own', async () => {
        await open();
        const opened = page.context().waitForEvent('page');
        const given = page.evaluate(async () => {
          const { tokens } = await window.auth.token.getWithPopup({});
          return tokens.idToken.claims.preferred_username;
        });
        await new SignInPage(await opened).signIn(user);
        assert.equal(await given, user.login);
        tab.check();
      });

      test('without a proof key, where the application allows it', async () => {
        const { tokens } = await signIn({ pkce: false });
        await verifier().verifyIdToken(tokens.idToken.idToken, front.clientId, tokens.idToken.claims.nonce);
        assert.equal(tokens.idToken.claims.at_hash?.length, 22);
        tab.check();
      });

      test('says why a request is refused', async () => {
        await open();
        await redirect({ scopes: ['openid', 'nothing:such'] });
        await page.waitForURL(`${front.origin}/login/callback**`);
        await load();
        const e = await refusal(() => window.auth.token.parseFromUrl());
        assert.equal(e?.code, 'invalid_scope', JSON.stringify(e));
      });

      test('signs out', async () => {
        const { tokens } = await signIn({ scopes: ['openid', 'profile', 'offline_access'] });
        assert.equal(await page.evaluate(() => window.auth.session.exists()), true);
        await page.evaluate(() => {
          window.auth.signOut();
        });
        await page.waitForURL(`${front.origin}/`);
        await load();
        await page.evaluate(() => window.auth.start()); // drops the tokens that were marked before the redirect
        assert.equal(await page.evaluate(() => window.auth.isAuthenticated()), false);
        const body = (token) => new URLSearchParams({ client_id: front.clientId, token });
        for (const token of [tokens.accessToken.accessToken, tokens.refreshToken.refreshToken]) {
          const seen = await fetch(`${usher.url}${server || '/oauth2'}/v1/introspect`, { method: 'POST', body: body(token) });
          assert.deepEqual(await seen.json(), { active: false });
        }
        const e = await refusal(() => window.auth.token.getWithoutPrompt());
        assert.equal(e?.code, 'login_required', JSON.stringify(e));
        tab.check();
      });
    });
  }
}
