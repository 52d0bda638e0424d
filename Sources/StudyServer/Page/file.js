"use strict";
// Where there is no server, this browser remembers, and hands a file back in the end. `data.js` has put the study here.

class FileTransport {
  constructor(given) {
    this.given = given;
    this.study = given.study;
  }

  async begin() {
    this.number = Number(new URLSearchParams(location.search).get("list")) || null;
    if (!this.number) return { stage: "consent" };
    return this.#open(this.number);
  }

  get needsNumber() { return !this.number; }

  async consent(number) {
    const wanted = this.number ?? Number(number);
    const open = await this.#open(wanted);
    if (open.stage !== "consent") return open;
    this.number = wanted;
    this.record = {
      format: 1, fingerprint: this.given.fingerprint, secret: secret(26), slot: wanted,
      consent: { digest: this.study.consentDigest, time: new Date().toISOString() }, external: external(),
      sessions: [{ time: new Date().toISOString(), screen: screenText() }], answers: [], events: [], comments: [],
      finished: null, withdrawn: false, code: null,
    };
    return this.#store();
  }

  async answer(answer) {
    this.record.answers.push({ ...answer, session: this.record.sessions.length, time: new Date().toISOString() });
    const state = this.#store();
    const trial = this.#list[answer.position - 1];
    const label = this.given.practiceLabels[trial.stimulus];
    if (trial.phase === "practice" && label !== undefined && state.trial?.position !== answer.position) {
      const first = this.record.answers.find((one) => one.position === answer.position && one.question === 1);
      const chosen = first.choice === "na" || first.choice === null ? null : Number(first.choice);
      state.feedback = { label, chosen };
    }
    return state;
  }

  async comment(sheet, text) {
    if (text) this.record.comments.push({ sheet, text });
    return this.#store();
  }

  async finish() {
    this.record.finished = new Date().toISOString();
    const code = secret(8).toUpperCase();
    this.record.code = code.slice(0, 4) + "-" + code.slice(4);
    return this.#store();
  }

  async withdraw() {
    this.record = { ...this.record, withdrawn: true, answers: [], events: [], comments: [] };
    return this.#store();
  }

  event(event) {
    if (!this.record || this.record.events.length >= 2000) return;
    this.record.events.push({ ...event, session: this.record.sessions.length, time: new Date().toISOString() });
    this.#store();
  }

  async picture(name, kind = "image") { return `${kind}s/${name}.png`; }

  /** The answers as a file: its name and its content. */
  get file() {
    return { name: `answers-${this.record.slot}-${this.record.code}.json`, text: JSON.stringify(this.record, null, 1) };
  }

  get #list() { return this.given.lists[this.record.slot - 1]; }
  get #key() { return `crossfire ${this.given.fingerprint} ${this.number}`; }

  async #open(number) {
    if (!Number.isInteger(number) || number < 1 || number > this.given.lists.length) {
      throw new Refused(400, `There is no list with this number; they go from 1 to ${this.given.lists.length}.`);
    }
    this.number = number;
    const stored = memory.get(this.#key);
    if (!stored) return { stage: "consent" };
    this.record = JSON.parse(stored);
    this.record.sessions.push({ time: new Date().toISOString(), screen: screenText() });
    return this.#store();
  }

  #store() {
    if (!memory.set(this.#key, JSON.stringify(this.record))) {
      trouble("This browser does not let the page remember your answers. Please do not close it before the end.");
    }
    return this.#state();
  }

  #state() {
    const list = this.#list;
    const state = {
      session: this.record.sessions.length, trials: list.length,
      practice: list.filter((trial) => trial.phase === "practice").length,
    };
    if (this.record.withdrawn) return { ...state, stage: "withdrawn" };
    if (this.record.finished) return { ...state, stage: "finished", code: this.record.code };
    const step = this.#next();
    if (step.position > list.length) return { ...state, stage: "comments", sheets: this.given.sheets };
    const trial = list[step.position - 1];
    return {
      ...state, stage: "trials",
      trial: {
        ...step, stimulus: trial.stimulus, following: list[step.position]?.stimulus, isPractice: trial.phase === "practice",
      },
    };
  }

  #next() {
    const last = this.record.answers.at(-1);
    if (!last) return { position: 1, question: 1 };
    const isLabel = last.choice !== "na" && last.choice !== null;
    if (last.question < this.study.questions.length && isLabel) {
      return { position: last.position, question: last.question + 1, first: Number(last.choice) };
    }
    return { position: last.position + 1, question: 1 };
  }
}

/** Letters of the browser's cryptographic generator, five bits each. */
function secret(length) {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => alphabet[byte & 31]).join("");
}

const transport = new FileTransport(window.crossfireStudy);
