// The control listener of a development server, as a test of an application
// would use it: the inbox, the phone and the clock.

/** Calls the control listener; gives its JSON, and throws at a refusal. */
export async function control(server, method, path, body) {
  const response = await fetch(server.control + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** The newest message to a recipient; waits for the first, or for one after the message named. */
export async function message(server, to, kind, after) {
  const query = new URLSearchParams({ to, kind, limit: '1', wait: '10s', ...(after && { after }) });
  const { messages } = await control(server, 'GET', `/inbox/messages?${query}`);
  if (!messages[0]) throw new Error(`no ${kind} to ${to}`);
  return messages[0];
}

/** Moves the clock of the server on, by a Go duration. */
export const advance = (server, by) => control(server, 'POST', '/clock', { advance: by });
