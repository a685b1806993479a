// A line to copy, with a button; where the browser gives no clipboard (plain http), the line is selected instead.

import { h } from "./dom.js";

/** A command with a button that copies it. */
export function copyLine(line, note = "") {
  const code = h("code", {}, line);
  const button = h("button", { type: "button", onclick: () => copy(line, code, button) }, "Copy");
  return h("div", { class: "command" }, code, note ? h("span", { class: "broken" }, note) : null, button);
}

/** A button that copies several lines. */
export function copyAll(lines) {
  const button = h("button", { type: "button", onclick: () => copy(lines.join("\n"), null, button) }, "Copy all");
  return button;
}

async function copy(text, code, button) {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    if (code) getSelection().selectAllChildren(code);
    button.textContent = code ? "Selected: press Ctrl+C" : "Copy the lines one by one";
  }
  setTimeout(() => (button.textContent = words), 2500);
}
