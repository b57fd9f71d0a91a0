// A browser for one test: Debian's Chromium, driven by playwright-core. It
// watches each page, so that a test fails on anything the browser complains of.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const artifacts = process.env.USHER_ARTIFACTS || path.join(root, 'artifacts');

/** Starts Chromium without a sandbox (tests run as root) and without chatter to its vendor. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.USHER_CHROMIUM || '/usr/bin/chromium',
    chromiumSandbox: false,
    args: [
      '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
    ],
  });
}

/**
 * Opens a page in a context of its own and gathers the browser's complaints:
 * content security violations, uncaught errors, console errors, requests that
 * fail or leave the origins, one or a list. check() asserts that there were none.
 */
export async function openPage(browser, origins, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000); // a busy machine is slow, not wrong
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && !/content security policy/i.test(message.text())) return;
    // A refused sign-in may answer its own page with 400 or 401; that is no fault of the page.
    if (/^Failed to load resource: .* status of 40[01]/.test(message.text()) && /\/login\//.test(message.location().url)) return;
    complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    if (why !== 'net::ERR_ABORTED') complaints.push(`request: ${request.url()} ${why}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && ![origins].flat().includes(url.origin)) complaints.push(`left the server: ${request.url()}`);
  });
  return {
    page,
    check: () => assert.deepEqual(complaints, []),
    close: () => context.close(),
  };
}

/** Keeps a picture of the page among the artifacts. */
export async function shoot(page, name) {
  await mkdir(artifacts, { recursive: true });
  await page.screenshot({ path: path.join(artifacts, `${name}.png`), fullPage: true });
}

/**
 * The sign-in page in a person's terms: roles and labels, never markup. The
 * password may be asked for on the same page as the user name, or on the next.
 */
export class SignInPage {
  constructor(page) {
    this.page = page;
    this.username = page.getByRole('textbox', { name: 'Username' });
    this.password = page.getByLabel('Password', { exact: true });
    this.submit = page.getByRole('button', { name: /^(next|sign in)$/i });
    this.signOut = page.getByRole('button', { name: /sign out/i }).or(page.getByRole('link', { name: /sign out/i }));
    this.alert = page.getByRole('alert');
  }

  async open(origin) {
    const response = await this.page.goto(`${origin}/login/login.htm`);
    assert.equal(response.status(), 200);
    await this.username.waitFor();
    return response;
  }

  async signIn({ login, password }) {
    await this.username.fill(login);
    if (!(await this.password.isVisible())) {
      await this.submit.click();
      await this.password.waitFor();
    }
    await this.password.fill(password);
    await this.submit.click();
  }
}

/**
 * Texts whose contrast with their background is below WCAG's 4.5 to 1 (3 to 1
 * for large text), as a list to show.
 */
export function poorContrast(page) {
  return page.evaluate(() => {
    const rgba = (text) => {
      const m = /^rgba?\(([^)]+)\)$/.exec(text);
      if (!m) return null;
      const [r, g, b, a = 1] = m[1].split(/[,/ ]+/).filter(Boolean).map(Number);
      return { r, g, b, a };
    };
    const over = (top, below) => ({
      r: top.r * top.a + below.r * (1 - top.a),
      g: top.g * top.a + below.g * (1 - top.a),
      b: top.b * top.a + below.b * (1 - top.a),
      a: 1,
    });
    const luminance = ({ r, g, b }) => {
      const [x, y, z] = [r, g, b].map((c) => {
        const s = c / 255;
        return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const background = (element) => {
      const layers = [];
      for (let e = element; e; e = e.parentElement) {
        const color = rgba(getComputedStyle(e).backgroundColor);
        if (color && color.a > 0) layers.push(color);
        if (color && color.a === 1) break;
      }
      return layers.reverse().reduce((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
    };
    const bad = [];
    let seen = 0;
    for (const element of document.body.querySelectorAll('*')) {
      const text = [...element.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.textContent.trim()).join(' ').trim();
      const box = element.getBoundingClientRect();
      if (!text || box.width <= 1 || box.height <= 1 || element.tagName === 'NOSCRIPT') continue;
      const style = getComputedStyle(element);
      const color = rgba(style.color);
      if (!color || style.visibility === 'hidden') continue;
      seen++;
      const behind = background(element);
      const [light, dark] = [luminance(over(color, behind)), luminance(behind)].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
    }
    return seen === 0 ? ['no text was found on the page'] : bad;
  });
}
