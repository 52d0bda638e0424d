"use strict";
// Functions that the other scripts of the page share.

const element = (id) => document.getElementById(id);
const view = element("view");
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The texts of the page in the study's language, by their keys. The document has them. */
const texts = JSON.parse(element("texts").textContent);

/** A text of the page, with values in place of names in braces. */
function text(key, values = {}) {
  return Object.entries(values).reduce(
    (words, [name, value]) => words.replaceAll(`{${name}}`, value), texts[key] ?? key);
}

/**
 * Makes an element: make("p", {class: "hint"}, "text", child, …).
 *
 * An attribute that begins with "on" is a listener. Attributes that are false or undefined, and
 * children that are null, are left out.
 */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The paragraphs of a plain text, which empty lines separate. */
const paragraphs = (words) => words.split(/\n\s*\n/).map((part) => make("p", {}, part.trim()));

/** Replaces the content of the page and focuses its heading, where screen readers then begin. */
function show(...children) {
  view.replaceChildren(...children.filter((child) => child !== null));
  const heading = view.querySelector("h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  window.scrollTo(0, 0);
}

/** Shows a warning above the page, or removes it if there is no text. */
function trouble(words) {
  element("trouble").textContent = words ?? "";
  element("trouble").hidden = !words;
}

/** The size of the window and the kind of pointer, such as "390x844 touch". */
function screenText() {
  const [width, height] = [innerWidth, innerHeight].map((size) => Math.min(size, 99999));
  return `${width}x${height} ${matchMedia("(pointer: coarse)").matches ? "touch" : "mouse"}`;
}

/** The identifiers of the participant on a recruiting platform, from the page's address. */
function external() {
  const names = ["PROLIFIC_PID", "workerId", "STUDY_ID", "SESSION_ID", "assignmentId", "hitId"];
  const query = new URLSearchParams(location.search);
  const given = names.filter((name) => query.get(name));
  return Object.fromEntries(given.map((name) => [name, query.get(name)]));
}

/** The browser's storage. A browser may forbid it: then `get` returns null and `set` false. */
const memory = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); return true; } catch { return false; }
  },
};

/** A refusal: an HTTP status, a sentence for the participant, and their state if it is known. */
class Refused extends Error {
  constructor(status, message, state) {
    super(message);
    this.status = status;
    this.state = state;
  }
}
