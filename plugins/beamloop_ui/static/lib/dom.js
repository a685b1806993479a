// Elements and text; never HTML from strings: names of files and sweeps are hostile.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: attributes, `on...` listeners, children (nodes, text, arrays; null is nothing). */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Make an SVG element in the same way. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    // The policy of the pages forbids style attributes, not the style object.
    if (name === "style") Object.assign(element.style, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Show new content in an element; the keyboard's focus stays on what has the same id or data-key. */
export function show(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused?.id ? `#${CSS.escape(focused.id)}` : focused?.dataset.key
    ? `[data-key="${CSS.escape(focused.dataset.key)}"]` : null;
  element.replaceChildren(...nodes(children));
  if (mark) element.querySelector(mark)?.focus({ preventScroll: true });
}

/** Return the element with an id. */
export const byId = (id) => document.getElementById(id);
