// The official Sign-In Widget, in its classic mode, on an application's own page:
// a person signs in with a password and with further factors, and recovers a
// password. The page is on another origin, which the organisation trusts.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { ANSWER, must, organise } from '../authjs/organisation.mjs';
import { advance, control, message } from '../devserver/control.mjs';
import { startServer } from '../devserver/server.mjs';
import { launch, openPage, shoot } from './page.mjs';

const dist = path.resolve(import.meta.dirname, '../node_modules/@okta/okta-signin-widget/dist');
const renewed = 'Proper-Mule-8-Engine';
const types = { '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.png': 'image/png', '.svg': 'image/svg+xml', '.woff': 'font/woff' };

// The application: a page with the widget, as its documentation shows it.
async function application(baseUrl) {
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>An application</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/css/okta-sign-in.min.css"></head><body><div id="widget"></div>
<script src="/js/okta-sign-in.classic.min.js"></script><script>
const query = new URLSearchParams(location.search);
const widget = new OktaSignIn({
  baseUrl: ${JSON.stringify(baseUrl)}, useClassicEngine: true, assets: { baseUrl: location.origin },
  recoveryToken: query.get('recoveryToken') || undefined,
  features: { multiOptionalFactorEnroll: false, router: false },
});
widget.renderEl({ el: '#widget' }, (result) => {
  if (result.status === 'SUCCESS') result.session.setCookieAndRedirect(location.origin + '/done');
}, (error) => { throw error; });
</script></body></html>`;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const answer = (type, body) => response.writeHead(200, { 'Content-Type': type }).end(body);
    if (pathname === '/') return answer('text/html', page);
    if (pathname === '/done') return answer('text/html', '<!doctype html><html lang="en"><title>Done</title><link rel="icon" href="data:,"><h1>Welcome back</h1></html>');
    try {
      return answer(types[path.extname(pathname)] ?? 'application/octet-stream', await readFile(path.join(dist, path.normalize(pathname))));
    } catch {
      return response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://localhost:${server.address().port}`, stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}

// Fills fields in. The widget moves the focus when a form has come in, which may
// be between two fields: what went astray is filled in again, until the page has
// been drawn twice and everything is where it belongs.
async function fill(...pairs) {
  const drawn = () => pairs[0][0].evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  for (let tries = 0; tries < 100; tries += 1) {
    for (const [field, text] of pairs) await field.fill(text);
    await drawn();
    const values = await Promise.all(pairs.map(([field]) => field.inputValue()));
    if (values.every((value, i) => value === pairs[i][1])) return;
  }
  assert.fail('the fields do not keep what is filled in');
}

describe('the Sign-In Widget, classic', () => {
  for (const [name, factors, play] of [
    ['a one-time password', ['google_otp'], oneTimePassword],
    ['a push', ['okta_push'], push],
    ['a password, and its recovery', ['okta_question'], passwords],
  ]) {
    describe(name, () => {
      let server;
      let browser;
      let app;
      let people;
      before(async () => {
        server = await startServer();
        people = await organise(server, factors);
        app = await application(server.url);
        const scopes = [{ type: 'CORS' }, { type: 'REDIRECT' }];
        await must(server, 'POST', '/api/v1/trustedOrigins', { name: 'The application', origin: app.origin, scopes });
        browser = await launch();
      });
      after(async () => {
        await browser?.close();
        await app?.stop();
        await server?.stop();
      });

      // A visit of somebody new: a browser of its own on the application's page.
      const visit = async (what, query = '') => {
        const tab = await openPage(browser, [app.origin, server.url]);
        const { page } = tab;
        try {
          await page.goto(app.origin + query);
          await what(page);
          tab.check();
        } catch (error) {
          await shoot(page, `widget-failed-${factors[0]}`);
          throw error;
        } finally {
          await tab.close();
        }
      };
      const enter = async (page, user, password = user.password) => {
        await fill([page.getByLabel('Username'), user.login], [page.getByLabel('Password', { exact: true }), password]);
        await page.getByRole('button', { name: 'Sign in' }).click();
      };
      const welcomed = async (page) => {
        await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
        const cookies = await page.context().cookies(server.url);
        assert.ok(cookies.some((c) => c.name === 'sid' && c.httpOnly), 'no session cookie');
      };
      play({ get server() { return server; }, get people() { return people; }, visit, enter, welcomed });
    });
  }
});

function oneTimePassword(w) {
  test('is enrolled on the way in, and asked for the next time', async () => {
    const user = await w.people.careful();
    const code = async () => (await control(w.server, 'GET', `/phone/code?login=${encodeURIComponent(user.login)}`)).code;
    await w.visit(async (page) => {
      await w.enter(page, user);
      await page.getByText('Setup', { exact: true }).click();
      await page.getByText('Android', { exact: true }).click();
      await page.getByText('Next', { exact: true }).or(page.getByRole('button', { name: 'Next' })).first().click();
      const picture = page.locator('.qrcode-image');
      await picture.waitFor();
      await shoot(page, 'widget-totp');
      await control(w.server, 'POST', '/phone/scan', { text: await picture.getAttribute('src') });
      await page.getByText('Next', { exact: true }).or(page.getByRole('button', { name: 'Next' })).first().click();
      await fill([page.getByLabel('Enter code'), await code()]);
      await page.getByRole('button', { name: 'Verify' }).click();
      await w.welcomed(page);
    });
    await advance(w.server, '30s');
    await w.visit(async (page) => {
      await w.enter(page, user);
      await fill([page.getByLabel('Enter code'), await code()]);
      await shoot(page, 'widget-totp-verify');
      await page.getByRole('button', { name: 'Verify' }).click();
      await w.welcomed(page);
    });
  });
}

function push(w) {
  test('is enrolled by its picture, and approved the next time', async () => {
    const user = await w.people.careful();
    await w.visit(async (page) => {
      await w.enter(page, user);
      await page.getByText('Setup', { exact: true }).click();
      await page.getByText('Android', { exact: true }).click();
      await page.getByText('Next', { exact: true }).or(page.getByRole('button', { name: 'Next' })).first().click();
      const picture = page.locator('.qrcode-image');
      await picture.waitFor();
      await shoot(page, 'widget-push');
      await control(w.server, 'POST', '/phone/scan', { text: await picture.getAttribute('src') });
      await w.welcomed(page);
    });
    await w.visit(async (page) => {
      await w.enter(page, user);
      await page.getByRole('button', { name: 'Send Push' }).click();
      await message(w.server, user.login, 'push');
      await shoot(page, 'widget-push-sent');
      await control(w.server, 'POST', '/phone/approve', {});
      await w.welcomed(page);
    });
  });
}

function passwords(w) {
  test('signs in', async () => {
    const user = await w.people.plain();
    await w.visit(async (page) => {
      await page.getByLabel('Username').waitFor();
      await shoot(page, 'widget');
      await w.enter(page, user);
      await w.welcomed(page);
    });
  });

  test('is recovered by a mail and the question', async () => {
    const user = await w.people.plain();
    await w.visit(async (page) => {
      await page.getByRole('button', { name: 'Need help signing in?' }).or(page.getByText('Need help signing in?')).first().click();
      await page.getByText('Forgot password?').click();
      await fill([page.getByLabel(/email or username/i), user.login]);
      await page.getByRole('button', { name: /reset via email/i }).or(page.getByText(/reset via email/i)).first().click();
      await page.getByText(/email sent/i).first().waitFor();
    });
    const mail = await message(w.server, user.login, 'email');
    await w.visit(async (page) => {
      await page.getByText('Who was first?').waitFor();
      await fill([page.getByPlaceholder('Answer'), ANSWER]);
      await page.getByRole('button', { name: /reset password/i }).click();
      await fill([page.getByLabel('New password').first(), renewed], [page.getByLabel('Repeat password').first(), renewed]);
      await shoot(page, 'widget-reset');
      // The form before this one may still be on its way out.
      await page.getByRole('button', { name: /reset password/i }).last().click();
      await w.welcomed(page);
    }, `/?recoveryToken=${mail.data.token}`);
    await w.visit(async (page) => {
      await w.enter(page, user, renewed);
      await w.welcomed(page);
    });
  });
}
