"use strict";
// What the other scripts of the page use.

const element = (id) => document.getElementById(id);
const view = element("view");
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Makes an element: make("p", {class: "hint"}, "text", child, …). */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A plain text as paragraphs. */
const paragraphs = (text) => text.split(/\n\s*\n/).map((part) => make("p", {}, part.trim()));

function show(...children) {
  view.replaceChildren(...children);
  const heading = view.querySelector("h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  window.scrollTo(0, 0);
}

function trouble(text) {
  element("trouble").textContent = text ?? "";
  element("trouble").hidden = !text;
}

const screenText = () =>
  `${Math.min(innerWidth, 99999)}x${Math.min(innerHeight, 99999)} ${matchMedia("(pointer: coarse)").matches ? "touch" : "mouse"}`;

/** What the address says of who this is elsewhere. */
function external() {
  const names = ["PROLIFIC_PID", "workerId", "STUDY_ID", "SESSION_ID", "assignmentId", "hitId"];
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(names.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
}

/** The browser's memory, which may be forbidden. */
const memory = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); return true; } catch { return false; }
  },
};

class Refused extends Error {
  constructor(status, message, state) {
    super(message);
    this.status = status;
    this.state = state;
  }
}
