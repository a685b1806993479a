// Keeps a page fresh: polls while somebody looks, asks for changes only, says when it cannot.

import { ask } from "./api.js";
import { byId } from "./dom.js";
import { clock } from "./time.js";

const LONGEST_WAIT_MS = 30_000;

/**
 * Show a document and go on showing its changes.
 * @param {() => string} path  what to ask for, below the pages' root
 * @param {(document: object) => void} onChange  shows it
 * @param {(fault: object) => void} onFault  called while nothing could be shown yet
 * @returns {{refresh: () => void}}  ask at once, e.g. after an action or when `path` gives something else
 */
export function live(path, onChange, onFault, { everyMs = 5000 } = {}) {
  let etag = null;
  let asked = null;
  let shown = false;
  let timer = null;
  let failures = 0;
  let abort = null;

  async function tick() {
    clearTimeout(timer);
    abort?.abort();
    abort = new AbortController();
    const own = abort;
    const wanted = path();
    if (wanted !== asked) [etag, asked] = [null, wanted];
    try {
      const answer = await ask(wanted, { etag, signal: own.signal });
      if (answer.document) onChange(answer.document);
      etag = answer.etag;
      if (!shown) contentStands();
      shown = true;
      failures = 0;
      tell(`up to date, ${clock(new Date())}`, false);
    } catch (error) {
      if (own.signal.aborted) return;
      if (!error.what) throw error;
      failures += 1;
      tell(`not up to date: ${error.what}`, true);
      if (!shown || error.status === 404) onFault(error);
    }
    const wait = Math.min(everyMs * 2 ** failures, LONGEST_WAIT_MS);
    if (own === abort && !document.hidden) timer = setTimeout(tick, failures ? wait : everyMs);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : tick()));
  tick();
  return { refresh: tick };
}

/** A part of the page shows what it is for: a mark in the browser's timeline, which measurements look for. */
export function contentStands() {
  performance.mark("beamloop:content");
}

function tell(words, isStale) {
  const place = byId("freshness");
  place.classList.toggle("stale", isStale);
  // The clock ticks for the eyes; only a change of state is announced.
  place.setAttribute("aria-live", isStale ? "polite" : "off");
  place.textContent = words;
}
