// The hosted sign-in, walked by plain requests as a browser without scripts
// would, and the applications that the development server has from the start.
import assert from 'node:assert/strict';

import { CookieJar } from '../authjs/cookies.mjs';

/** The seeded application of a type: {id, clientId, clientSecret, privateKey}. */
export function seeded(server, type) {
  const found = server.apps.find((a) => a.type === type);
  assert.ok(found, `no ${type} application in ${JSON.stringify(server.apps)}`);
  return found;
}

/** A browser without scripts that keeps cookies and follows redirects inside the server only. */
export class Visitor {
  #fetch;

  constructor(server) {
    this.origin = new URL(server.url).origin;
    this.#fetch = new CookieJar().wrap(fetch);
  }

  /** Goes to an address; gives the page it ends at, or the first address elsewhere as {elsewhere}. */
  async go(url, options = {}) {
    let at = new URL(url);
    let how = options;
    for (let hops = 0; hops < 10; hops += 1) {
      if (at.origin !== this.origin) return { elsewhere: at };
      const response = await this.#fetch(at.href, { ...how, credentials: 'include', redirect: 'manual' });
      if (response.status < 300 || response.status > 399) return { status: response.status, at, text: await response.text() };
      at = new URL(response.headers.get('location'), at);
      how = {};
    }
    return assert.fail(`no end of redirects at ${at}`);
  }

  /** Goes to an address that asks for a sign-in, signs in, and gives the address elsewhere that the browser is sent to. */
  async signIn(url, user) {
    const page = await this.enter(url, user);
    assert.ok(page.elsewhere, `still at ${page.at}: ${page.status} ${page.text}`);
    return page.elsewhere;
  }

  /** Goes to an address that asks for a sign-in, signs in, and gives what comes then. */
  async enter(url, { login, password }) {
    let page = await this.go(url);
    assert.equal(page.status, 200, page.text ?? String(page.elsewhere));
    const fromURI = page.at.searchParams.get('fromURI') ?? '';
    page = await this.#post(page, { step: 'identify', username: login, fromURI });
    return this.#post(page, { step: 'password', password });
  }

  #post(page, fields) {
    const [, stateToken] = /name="stateToken" value="([^"]+)"/.exec(page.text) ?? [];
    assert.ok(stateToken, `no form at ${page.at}: ${page.text}`);
    return this.go(`${this.origin}/login/login.htm`, { method: 'POST', body: new URLSearchParams({ ...fields, stateToken }) });
  }
}
