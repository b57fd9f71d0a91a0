// A person looks into the inbox of a development server: mails appear while the
// page is open, stand in a frame that runs nothing, and their links lead on.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import { manage, startServer } from '../devserver/server.mjs';
import { launch, openPage, poorContrast, shoot } from './page.mjs';

describe('the inbox', () => {
  let server;
  let browser;
  let tab;

  before(async () => {
    server = await startServer();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    tab = await openPage(browser, server.control);
  });
  afterEach(() => tab.close());

  const invite = async (name) => {
    const login = `${name}@example.com`;
    const profile = { firstName: name, lastName: 'Example', email: login, login };
    const { status } = await manage(server, 'POST', '/api/v1/users', { profile });
    assert.equal(status, 200);
    return login;
  };

  test('shows a mail as soon as it is made, and its link leads to the server', async () => {
    const { page } = tab;
    await page.goto(`${server.control}/inbox`);
    await page.getByText('Nothing here yet').waitFor();
    const login = await invite('ann');
    await page.getByRole('heading', { name: /^Activate your account/ }).waitFor();
    const mail = page.frameLocator('iframe.mail');
    await mail.getByText(login).first().waitFor();
    assert.deepEqual(await poorContrast(page), []);
    await shoot(page, 'inbox');

    const [opened] = await Promise.all([page.context().waitForEvent('page'), mail.getByRole('link').first().click()]);
    await opened.waitForURL(`${server.url}/welcome/**`);

    await page.getByRole('link', { name: 'Plain' }).click();
    await page.locator('pre.mail').getByText('Hello ann').waitFor();
  });

  test('filters by recipient and forgets what it is told to', async () => {
    const { page } = tab;
    const login = await invite('bob');
    await invite('eve');
    await page.goto(`${server.control}/inbox`);
    await page.getByRole('searchbox', { name: 'Recipient' }).fill(login);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Delete these' }).waitFor();
    assert.deepEqual(await page.locator('.line .who').allTextContents(), [login]);
    await page.getByRole('button', { name: 'Delete these' }).click();
    await page.getByRole('button', { name: 'Delete all' }).waitFor();
    assert.ok(!(await page.locator('.line .who').allTextContents()).includes(login));
    tab.check();
  });
});
