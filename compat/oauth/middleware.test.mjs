// The official middleware for Express, behind a web application that Chromium
// visits: to the hosted sign-in and back, who is there, and out again.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import OktaJwtVerifier from '@okta/jwt-verifier';

import { SignInPage, launch, openPage } from '../browser/page.mjs';
import { startServer } from '../devserver/server.mjs';
import { startWebApp } from './webapp.mjs';

for (const path of ['/oauth2/default', '']) {
  describe(`oidc-middleware at ${path || 'the own server of the organisation'}`, () => {
    let usher;
    let browser;
    let web;
    let user;
    let tab;
    let page;
    before(async () => {
      usher = await startServer();
      user = usher.users[0];
      browser = await launch();
      web = await startWebApp(usher, usher.url + path);
    });
    after(async () => {
      await browser?.close();
      await web?.stop();
      await usher?.stop();
    });
    beforeEach(async () => {
      tab = await openPage(browser, [usher.url, web.origin]);
      page = tab.page;
    });
    afterEach(() => tab.close());

    const enter = async () => {
      await page.goto(`${web.origin}/protected`);
      await new SignInPage(page).signIn(user);
      await page.waitForURL(`${web.origin}/protected`);
      return JSON.parse(await page.locator('body').innerText());
    };
    const active = async (token) => {
      const response = await fetch(`${usher.url}${path || '/oauth2'}/v1/introspect`, {
        method: 'POST', headers: { Authorization: `Basic ${btoa(`${web.clientId}:${web.secret}`)}` }, body: new URLSearchParams({ token }),
      });
      return (await response.json()).active;
    };

    test('asks for a sign-in, and comes back to what was wanted', async () => {
      const { userinfo, tokens } = await enter();
      assert.equal(userinfo.preferred_username, user.login);
      assert.ok(tokens.refresh_token);
      const verifier = new OktaJwtVerifier({
        issuer: usher.url + path, clientId: web.clientId, testing: { disableHttpsCheck: true }, jwksUri: `${usher.url}/oauth2${path && '/default'}/v1/keys`,
      });
      const { claims } = await verifier.verifyAccessToken(tokens.access_token, path ? 'api://default' : usher.url);
      assert.equal(claims.sub, user.login);
      assert.equal(claims.uid, userinfo.sub);
      await page.goto(`${web.origin}/`);
      await page.getByText(`Known as ${encodeURIComponent(user.login)}`).waitFor();
      assert.deepEqual(web.errors, []);
      tab.check();
    });

    test('is remembered by the server when the application forgets', async () => {
      const first = await enter();
      await page.context().clearCookies({ name: 'connect.sid' });
      await page.goto(`${web.origin}/protected`);
      const again = JSON.parse(await page.locator('body').innerText());
      assert.equal(again.userinfo.sub, first.userinfo.sub);
      assert.notEqual(again.tokens.access_token, first.tokens.access_token);
      tab.check();
    });

    test('signs out of both', async () => {
      const { tokens } = await enter();
      assert.equal(await active(tokens.access_token), true);
      await page.goto(`${web.origin}/`);
      await page.getByRole('button', { name: 'Leave' }).click();
      await page.getByText('Nobody').waitFor();
      assert.equal(page.url(), `${web.origin}/`);
      assert.equal(await active(tokens.access_token), false);
      assert.equal(await active(tokens.refresh_token), false);
      await page.goto(`${web.origin}/protected`);
      await new SignInPage(page).username.waitFor(); // asked anew
      assert.deepEqual(web.errors, []);
      tab.check();
    });

    test('knows nobody by a forged answer', async () => {
      await page.goto(`${web.origin}/`); // for a session of its own
      const { status } = await page.evaluate(async () => {
        const { status: s } = await fetch('/authorization-code/callback?code=forged&state=forged', { redirect: 'manual' });
        return { status: s };
      });
      assert.equal(status, 401);
      await page.goto(`${web.origin}/`);
      await page.getByText('Nobody').waitFor();
    });
  });
}
