// Actions are confirmed, with a reason, and their result is shown where they were asked for.

import { act } from "./api.js";
import { h } from "./dom.js";
import { faultBox } from "./states.js";

/**
 * Ask for confirmation, send the action, show what came of it.
 * @param {object} options
 * @param {string} options.title  "Exclude xtal2_1"
 * @param {any} options.explain  what it does, and how it is taken back
 * @param {Array<{name: string, label: string, value?: string, required?: boolean, hint?: string, choices?: string[]}>} [options.fields]
 * @param {string} options.path  where to send it
 * @param {object} [options.body]  beside the fields
 * @param {string} options.button  "Exclude"
 * @param {() => void} [options.onDone]  after success
 */
export function askToAct({ title, explain, fields = [], path, body = {}, button, onDone = () => {} }) {
  const result = h("div", { "aria-live": "polite" });
  const send = h("button", { type: "submit", class: "primary" }, button);
  const leave = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const form = h("form", { method: "dialog", onsubmit: submit }, h("h2", { id: "dialog-title" }, title),
    h("div", { class: "explain" }, explain), fields.map(field), result, h("div", { class: "buttons" }, leave, send));
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => dialog.remove() }, form);

  async function submit(event) {
    event.preventDefault();
    send.disabled = true;
    result.replaceChildren("Sending …");
    try {
      const answer = await act(path, { ...body, ...Object.fromEntries(new FormData(form)) });
      result.replaceChildren(h("p", { class: "done" }, h("span", { "aria-hidden": "true" }, "✓ "), answer.words));
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
}

/** The field in which a person says why. */
export const WHY = { name: "why", label: "Why", required: true, hint: "Kept with your name and the time." };

function field({ name, label, value = "", required = false, hint = "", choices = null }) {
  const hintId = `hint-${name}`;
  const attributes = { name, id: `field-${name}`, required, "aria-describedby": hint ? hintId : null };
  const input = choices
    ? h("select", attributes, choices.map((choice) => h("option", { selected: choice === value }, choice)))
    : h("input", { ...attributes, type: "text", value, maxlength: 500, autocomplete: "off" });
  return h("p", { class: "field" }, h("label", { for: `field-${name}` }, label), input,
    hint ? h("span", { class: "quiet", id: hintId }, hint) : null);
}
