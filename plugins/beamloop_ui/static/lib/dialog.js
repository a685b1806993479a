// Actions are confirmed, with a reason, and their result is shown where they were asked for.

import { act } from "./api.js";
import { h, show } from "./dom.js";
import { faultBox } from "./states.js";
import { localWords } from "./time.js";

const PREVIEW_AFTER_MS = 400;

/**
 * Ask for confirmation, send the action, show what came of it.
 * @param {object} options
 * @param {string} options.title  "Exclude xtal2_1"
 * @param {any} options.explain  what it does, and how it is taken back
 * @param {Array<{name: string, label: string, type?: string, value?: string, required?: boolean, hint?: string, choices?: Array<string|[string, string]>}>} [options.fields]
 *   a choice is its value, or value and words
 * @param {string} options.path  where to send it
 * @param {object} [options.body]  beside the fields
 * @param {string} options.button  "Exclude"
 * @param {() => void} [options.onDone]  after success
 * @param {{path: string, without: string[], draw: (answer: object) => any}} [options.preview]  what would be done: asked
 *   for with the fields, but for those `without`, whenever they change
 */
export function askToAct({ title, explain, fields = [], path, body = {}, button, onDone = () => {}, preview = null }) {
  const result = h("div", { "aria-live": "polite" });
  const send = h("button", { type: "submit", class: "primary" }, button);
  const leave = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const expected = preview ? h("div", { class: "preview", role: "status", id: "preview" }, "Looking what would be done …") : null;
  const form = h("form", { method: "dialog", onsubmit: submit }, h("h2", { id: "dialog-title" }, title),
    h("div", { class: "explain" }, explain), h("div", { class: fields.length > 3 ? "fields two-columns" : "fields" }, fields.map(field)),
    h("div", { class: "foot" }, expected, result, h("div", { class: "buttons" }, leave, send)));
  const opener = document.activeElement;
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => { dialog.remove(); focusAgain(opener); } }, form);
  const values = () => Object.fromEntries(new FormData(form));

  async function submit(event) {
    event.preventDefault();
    send.disabled = true;
    result.replaceChildren("Sending …");
    try {
      const answer = await act(path, { ...body, ...values() });
      result.replaceChildren(h("p", { class: "done" }, h("span", { "aria-hidden": "true" }, "✓ "), answer.words));
      expected?.remove();
      send.remove();
      leave.textContent = "Close";
      leave.focus();
      onDone(answer);
    } catch (fault) {
      result.replaceChildren(faultBox(fault));
      send.disabled = false;
    }
  }

  document.body.append(dialog);
  dialog.showModal();
  if (preview) keepPreviewed(form, expected, preview, () => ({ ...body, ...values() }));
}

/** The keyboard goes on where it was, also when the page has drawn that place anew meanwhile. */
function focusAgain(opener) {
  if (opener.isConnected || !opener.dataset.key) return;
  document.querySelector(`[data-key="${CSS.escape(opener.dataset.key)}"]`)?.focus();
}

/** Ask what would be done, now and whenever a field that matters has changed. */
function keepPreviewed(form, place, { path, without, draw }, values) {
  let waiting = null;
  let last = 0;

  async function look() {
    last += 1;
    const own = last;
    const asked = Object.fromEntries(Object.entries(values()).filter(([name]) => !without.includes(name)));
    const words = await act(path, asked).then(draw, faultBox);
    if (own === last) show(place, words);
  }

  form.addEventListener("input", (event) => {
    if (without.includes(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(look, PREVIEW_AFTER_MS);
  });
  look();
}

/** The field in which a person says why. */
export const WHY = { name: "why", label: "Why", required: true, hint: "Kept with your name and the time." };

function field({ name, label, type = "text", value = "", required = false, hint = "", choices = null }) {
  const hintId = `hint-${name}`;
  const attributes = { name, id: `field-${name}`, required, "aria-describedby": hint ? hintId : null };
  const input = choices
    ? h("select", attributes, choices.map((choice) => [choice, choice].flat()).map(([own, words]) => h("option", { value: own, selected: own === value }, words)))
    : h("input", { ...attributes, type, value, maxlength: type === "text" ? 500 : null, autocomplete: "off" });
  const local = type === "datetime-local" ? localEcho(input) : null;
  return h("p", { class: "field" }, h("label", { for: `field-${name}` }, label), input, local,
    hint ? h("span", { class: "quiet", id: hintId }, hint) : null);
}

/** The reader's own time beside a field that takes UTC. */
function localEcho(input) {
  const echo = h("output", { class: "quiet", for: input.id });
  const tell = () => { echo.textContent = input.value ? localWords(new Date(`${input.value}Z`)) : ""; };
  input.addEventListener("input", tell);
  tell();
  return echo;
}
