// A page that could not be shown because something is away: it comes back by itself.

import { byId } from "../lib/dom.js";

const EVERY_MS = 5000;
const AWAY = 503;

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin", cache: "no-store" });
    if (answer.status !== AWAY) location.reload();
  } catch {
    // The server itself is away: the next look tells.
  }
}

byId("freshness").textContent = "tried again by itself";
setInterval(() => { if (!document.hidden) look(); }, EVERY_MS);
