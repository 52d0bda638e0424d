"use strict";
// The transport of the page without a server: it stores answers in this browser and makes a file of
// them at the end. The script data.js before it defines `window.crossfireStudy`.

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
      consent: { digest: this.study.consentDigest, time: now() }, external: external(),
      sessions: [{ time: now(), screen: screenText() }], answers: [], events: [], comments: [],
      isPilot: this.study.isPilot, calibration: null, demographics: {}, finished: null,
      withdrawn: false, code: null,
    };
    return this.#store();
  }

  async answer(answer) {
    this.record.answers.push({ ...answer, session: this.record.sessions.length, time: now() });
    const state = this.#store();
    const trial = this.#list[answer.position - 1];
    const label = this.given.practiceLabels[trial.stimulus];
    const isLast = state.trial?.position !== answer.position;
    if (trial.phase === "practice" && label !== undefined && isLast) {
      const first = this.#given.find(
        (one) => one.position === answer.position && one.question === 1);
      const chosen = first.choice === "na" || first.choice === null ? null : Number(first.choice);
      state.feedback = { label, chosen };
    }
    return state;
  }

  async undo({ position, question }) {
    const last = this.#given.at(-1);
    if (last?.position === position && last.question === question) last.undone = now();
    return this.#store();
  }

  async calibrate(sizes) {
    this.record.calibration = sizes;
    return this.#store();
  }

  async demographics(choices) {
    this.record.demographics = choices;
    return this.#store();
  }

  async comment(sheet, words) {
    this.record.comments.push({ sheet, text: words });
    return this.#store();
  }

  async finish() {
    this.record.finished = now();
    const code = secret(8).toUpperCase();
    this.record.code = code.slice(0, 4) + "-" + code.slice(4);
    return this.#store();
  }

  async withdraw() {
    const nothing = { answers: [], events: [], comments: [], demographics: {} };
    this.record = { ...this.record, ...nothing, withdrawn: true };
    return this.#store();
  }

  event(event) {
    if (!this.record || this.record.events.length >= 2000) return;
    this.record.events.push({ ...event, session: this.record.sessions.length, time: now() });
    this.#store();
  }

  async picture(name, kind = "image") { return `${kind}s/${name}.png`; }

  /** The answers as a file: its name and its text. */
  get file() {
    const name = `answers-${this.record.slot}-${this.record.code}.json`;
    return { name, text: JSON.stringify(this.record, null, 1) };
  }

  /** The answers that were not taken back. */
  get #given() { return this.record.answers.filter((one) => !one.undone); }
  get #list() { return this.given.lists[this.record.slot - 1]; }
  get #key() { return `crossfire ${this.given.fingerprint} ${this.number}`; }

  /** Begins with a list, or continues with it if this browser has answers to it. */
  async #open(number) {
    const last = this.given.lists.length;
    if (!Number.isInteger(number) || number < 1 || number > last) {
      throw new Refused(400, text("page.list", { last }));
    }
    this.number = number;
    const stored = memory.get(this.#key);
    if (!stored) return { stage: "consent" };
    this.record = JSON.parse(stored);
    this.record.sessions.push({ time: now(), screen: screenText() });
    return this.#store();
  }

  #store() {
    if (!memory.set(this.#key, JSON.stringify(this.record))) {
      trouble(text("page.storage"));
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
    if (step.position > list.length) {
      return { ...state, stage: "comments", sheets: this.given.sheets };
    }
    const trial = list[step.position - 1];
    return {
      ...state, stage: "trials",
      needsCalibration: this.study.asksCalibration && !this.record.calibration,
      trial: {
        ...step, stimulus: trial.stimulus, following: list[step.position]?.stimulus,
        isPractice: trial.phase === "practice",
      },
    };
  }

  /** The next question, by the same rules as `Course.next` of the server. */
  #next() {
    const last = this.#given.at(-1);
    if (!last) return { position: 1, question: 1 };
    const isLabel = last.choice !== "na" && last.choice !== null;
    if (last.question < this.study.questions.length && isLabel) {
      return { position: last.position, question: last.question + 1, first: Number(last.choice) };
    }
    return { position: last.position + 1, question: 1 };
  }
}

const now = () => new Date().toISOString();

/** Random letters, five bits each, from the browser's cryptographic generator. */
function secret(length) {
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => alphabet[byte & 31]).join("");
}

const transport = new FileTransport(window.crossfireStudy);
