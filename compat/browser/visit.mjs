// Signs somebody in through Chromium for a test that is not written in
// JavaScript: reads {url, callback, login, password} as JSON from the standard
// input, and prints the address at which the browser comes back to the client.
import { text } from 'node:stream/consumers';

import { SignInPage, launch, openPage } from './page.mjs';

const { url, callback, login, password } = JSON.parse(await text(process.stdin));
const browser = await launch();
try {
  const { page } = await openPage(browser, new URL(url).origin);
  const back = page.waitForRequest((r) => r.url().startsWith(`${callback}?`)); // where nobody listens
  await page.goto(url);
  await new SignInPage(page).signIn({ login, password });
  console.log((await back).url());
} finally {
  await browser.close();
}
