// Starts the built usher binary for a test file, as a user would, and stops it
// again. It owns the process and nothing else.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

// Bounds in milliseconds. Stopping is promised within a second; the rest is room for a busy machine.
const startWithin = 30_000;
const stopWithin = 5_000;

/**
 * Runs `usher dev` on a free port with a database that leaves nothing behind,
 * begun with what seed names (docs/howto/seed.md), where one is given, and with
 * further flags.
 * Gives the server's line of JSON (url, apiToken, admin, users ...) and stop(),
 * which interrupts it and rejects when it does not end cleanly.
 */
export async function startServer(seed, flags = []) {
  const binary = process.env.USHER_BIN || path.join(root, 'bin', 'usher');
  if (!existsSync(binary)) {
    throw new Error(`${binary} does not exist: run 'make build', or set USHER_BIN`);
  }
  const home = await mkdtemp(path.join(tmpdir(), 'usher-compat-'));
  const args = ['dev', '--ephemeral', '--json', '--listen', '127.0.0.1:0', ...flags];
  if (seed) {
    await writeFile(path.join(home, 'seed.yaml'), JSON.stringify(seed)); // JSON is YAML
    args.push('--seed', 'seed.yaml');
  }
  const child = spawn(binary, args, {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => resolve({ error }));
  });

  const description = await firstLine(child, ended, () => log);
  const server = JSON.parse(description);
  for (const member of ['url', 'orgId', 'apiToken', 'admin', 'users']) {
    if (server[member]) continue;
    child.kill('SIGKILL');
    throw new Error(`the line of JSON lacks ${member}: ${description}`);
  }

  server.log = () => log;
  server.stop = async () => {
    child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGKILL'), stopWithin);
    const { code, signal } = await ended;
    clearTimeout(late);
    await rm(home, { recursive: true, force: true });
    if (code !== 0) throw new Error(`usher ended with ${signal ?? code}:\n${log}`);
  };
  return server;
}

async function firstLine(child, ended, log) {
  let timer;
  const lines = createInterface({ input: child.stdout });
  const line = new Promise((resolve) => lines.once('line', resolve));
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`usher did not answer within ${startWithin} ms:\n${log()}`));
    }, startWithin);
  });
  const dead = ended.then(({ error }) => {
    throw error ?? new Error(`usher ended before it answered:\n${log()}`);
  });
  dead.catch(() => {}); // it also ends, rightly, when it is stopped
  try {
    return await Promise.race([line, late, dead]);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls the management API with the server's token; gives status and JSON. */
export async function manage(server, method, path, body) {
  const response = await fetch(server.url + path, {
    method,
    headers: { Authorization: `SSWS ${server.apiToken}`, Accept: 'application/json', 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, json: text ? JSON.parse(text) : undefined };
}
