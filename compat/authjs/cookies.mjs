// What a browser adds to fetch and Node leaves out: cookies. Only requests that
// ask for credentials carry them, as between origins in a browser.

/** A cookie store for one origin. Loopback counts as secure, as in browsers. */
export class CookieJar {
  #cookies = new Map();

  /** Takes the Set-Cookie lines of a response. */
  take(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...rest] = line.split(';').map((s) => s.trim());
      const cut = pair.indexOf('=');
      const attributes = new Map(
        rest.map((s) => {
          const [name, value = ''] = s.split('=');
          return [name.toLowerCase(), value];
        }),
      );
      const name = pair.slice(0, cut);
      const value = pair.slice(cut + 1);
      const age = attributes.get('max-age');
      const expires = attributes.get('expires');
      const gone = (age !== undefined && Number(age) <= 0) || (expires !== undefined && Date.parse(expires) <= Date.now());
      if (gone || value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, { value, attributes });
    }
  }

  /** The named cookie: {value, attributes} or undefined. */
  get(name) {
    return this.#cookies.get(name);
  }

  /** The value of a Cookie header, '' when there is none. */
  header() {
    return [...this.#cookies].map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  /** Gives a fetch that keeps cookies in this jar. */
  wrap(fetch) {
    return async (url, options = {}) => {
      if (options.credentials !== 'include') return fetch(url, options);
      const headers = new Headers(options.headers);
      const cookies = this.header();
      if (cookies) headers.set('Cookie', cookies);
      const response = await fetch(url, { ...options, headers });
      this.take(response);
      return response;
    };
  }
}
