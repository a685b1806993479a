// Talks to the endpoints of the pages: JSON in, JSON out, faults in Beamloop's words.

export const ROOT = document.body.dataset.root;

/** What the server says of a request that it cannot answer. */
export class Fault extends Error {
  constructor({ what, evidence = "", try_next = "" }, status = 0) {
    super(what);
    Object.assign(this, { what, evidence, tryNext: try_next, status });
  }
}

const UNREACHABLE = {
  what: "The server does not answer.",
  try_next: "This page tries again by itself. `beamloop status` tells whether Airflow runs.",
};

/**
 * Ask for a document.
 * @returns {{status: number, document: object|null, etag: string|null}} null where nothing has changed since `etag`
 */
export async function ask(path, { etag = null, signal = undefined } = {}) {
  const headers = { accept: "application/json", ...(etag ? { "if-none-match": etag } : {}) };
  const response = await send(path, { headers, signal, cache: "no-store" });
  if (response.status === 304) return { status: 304, document: null, etag };
  return { status: response.status, document: await read(response), etag: response.headers.get("etag") };
}

/** Send an action; returns what the server answers. */
export async function act(path, body) {
  const headers = {
    accept: "application/json",
    "content-type": "application/json",
    "x-beamloop-action": "1",
  };
  return read(await send(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function send(path, options) {
  try {
    return await fetch(`${ROOT}/${path}`, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Fault(UNREACHABLE);
  }
}

async function read(response) {
  if (response.status === 401) location.reload(); // leads to the login and back
  const document = await response.json().catch(() => null);
  if (!response.ok) throw new Fault(document?.what ? document : UNREACHABLE, response.status);
  return document;
}
