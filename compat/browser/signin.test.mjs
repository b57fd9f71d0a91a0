// A person with a browser: signs in on the page, sees that it worked, signs
// out, makes mistakes, uses the keyboard alone, a phone, and no scripts.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { startServer } from '../devserver/server.mjs';
import { SignInPage, launch, openPage, poorContrast, shoot } from './page.mjs';

describe('the sign-in page', () => {
  let server;
  let browser;
  let user;
  let tab;
  let signin;

  before(async () => {
    server = await startServer();
    user = server.users[0];
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    tab = await openPage(browser, server.url);
    signin = new SignInPage(tab.page);
  });
  afterEach(() => tab.close());

  const cookie = async (name) => (await tab.page.context().cookies()).find((c) => c.name === name);

  test('signs in and out again', async () => {
    await signin.open(server.url);
    await shoot(tab.page, 'sign-in');
    assert.equal(await cookie('sid'), undefined);
    await signin.signIn(user);
    await signin.signOut.waitFor();
    await shoot(tab.page, 'signed-in');
    const sid = await cookie('sid');
    assert.ok(sid, 'signed in without a session cookie');
    assert.equal(sid.httpOnly, true);
    assert.ok((await tab.page.textContent('body')).includes(user.login), 'the page does not say who is signed in');

    await signin.signOut.click();
    await tab.page.goto(`${server.url}/`);
    await signin.username.waitFor();
    const session = await tab.page.request.get(`${server.url}/api/v1/sessions/me`);
    assert.equal(session.status(), 404, 'the session outlived the sign-out');
    tab.check();
  });

  test('stays signed in when opened anew', async () => {
    await signin.open(server.url);
    await signin.signIn(user);
    await signin.signOut.waitFor();
    await tab.page.goto(`${server.url}/`);
    await signin.signOut.waitFor();
    tab.check();
  });

  test('works with the keyboard alone', async () => {
    await signin.open(server.url);
    const { keyboard } = tab.page;
    const focusOn = async (locator) => {
      for (let i = 0; i < 15; i++) {
        if (await locator.evaluate((e) => e === document.activeElement)) return;
        await keyboard.press('Tab');
      }
      assert.fail('the keyboard does not reach it');
    };
    const visiblyFocused = (locator) =>
      locator.evaluate((e) => {
        const s = getComputedStyle(e);
        return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
      });

    await focusOn(signin.username);
    assert.ok(await visiblyFocused(signin.username), 'the focus on the user name is not to be seen');
    await keyboard.type(user.login);
    if (!(await signin.password.isVisible())) {
      await keyboard.press('Enter');
      await signin.password.waitFor();
    }
    await focusOn(signin.password);
    await keyboard.type(user.password);
    await focusOn(signin.submit);
    assert.ok(await visiblyFocused(signin.submit), 'the focus on the button is not to be seen');
    await keyboard.press('Enter');
    await signin.signOut.waitFor();
    await focusOn(signin.signOut);
    await keyboard.press('Enter');
    await signin.signOut.waitFor({ state: 'detached' });
    await tab.page.goto(`${server.url}/`);
    await signin.username.waitFor();
    tab.check();
  });

  test('says the same of a wrong password and of an unknown user', async () => {
    const complaint = async (login) => {
      await signin.open(server.url);
      await signin.signIn({ login, password: 'Wrong-Horse-7-Battery' });
      await signin.alert.waitFor();
      const text = (await signin.alert.innerText()).trim();
      assert.ok(text.length > 0, 'the alert is empty');
      assert.equal(await cookie('sid'), undefined);
      return text;
    };
    const wrong = await complaint(user.login);
    await shoot(tab.page, 'wrong-password');
    assert.deepEqual(await poorContrast(tab.page), []);
    assert.equal(await complaint('nobody.at.all@example.com'), wrong);

    // The way back in is open after a mistake.
    await signin.open(server.url);
    await signin.signIn(user);
    await signin.signOut.waitFor();
    tab.check();
  });

  test('treats what was typed as text', async () => {
    await signin.open(server.url);
    await signin.signIn({ login: '"><img src=x onerror=alert(1)>', password: 'x' });
    await signin.alert.waitFor();
    assert.equal(await tab.page.locator('img[src="x"]').count(), 0);
    tab.check();
  });

  test('allows no inline script or style, and no frame', async () => {
    const response = await signin.open(server.url);
    const policy = response.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'|default-src 'self'/);
    assert.match(policy, /frame-ancestors '(none|self)'/);
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/);
    assert.match(response.headers()['cache-control'] ?? '', /no-store/);
    assert.equal(response.headers()['x-content-type-options'], 'nosniff');
    tab.check();
  });

  test('is labelled and readable', async () => {
    await signin.open(server.url);
    assert.ok(await tab.page.title(), 'the page has no title');
    assert.ok(await tab.page.evaluate(() => document.documentElement.lang), 'the page names no language');
    assert.equal(await tab.page.getByRole('heading', { level: 1 }).count(), 1);
    assert.equal(await signin.username.getAttribute('autocomplete'), 'username');
    assert.deepEqual(await poorContrast(tab.page), []);
    await signin.signIn(user);
    await signin.signOut.waitFor();
    assert.deepEqual(await poorContrast(tab.page), []);
    tab.check();
  });

  test('fits a phone', async () => {
    const phone = await openPage(browser, server.url, { viewport: { width: 320, height: 640 }, deviceScaleFactor: 2 });
    try {
      const page = new SignInPage(phone.page);
      const fits = () => phone.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
      await page.open(server.url);
      assert.ok(await fits(), 'the sign-in page scrolls sideways');
      await shoot(phone.page, 'sign-in-phone');
      await page.signIn(user);
      await page.signOut.waitFor();
      assert.ok(await fits(), 'the signed-in page scrolls sideways');
      phone.check();
    } finally {
      await phone.close();
    }
  });

  test('needs no scripts', async () => {
    const plain = await openPage(browser, server.url, { javaScriptEnabled: false });
    try {
      const page = new SignInPage(plain.page);
      await page.open(server.url);
      await page.signIn(user);
      await page.signOut.waitFor();
      await page.signOut.click();
      await plain.page.goto(`${server.url}/`);
      await page.username.waitFor();
      plain.check();
    } finally {
      await plain.close();
    }
  });
});
