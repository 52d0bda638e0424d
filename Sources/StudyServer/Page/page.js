"use strict";
// Shows the pages of a study. Each page shows one state of the participant and sends what they do
// to `transport`, which stores it and returns the next state. The scripts before this one define
// the pages and `transport`: server.js stores answers on a server, file.js in this browser.

class Page {
  constructor(transport) {
    this.transport = transport;
    this.pictures = new Map();
    this.buttons = [];
    this.onKey = null;
  }

  async run() {
    let state;
    try {
      state = await this.transport.begin();
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal;
      return this.refuse(refusal);
    }
    this.study = this.transport.study;
    element("pilot").hidden = !this.study.isPilot;
    const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
    this.watch();
    if (isReload && state.stage !== "consent") this.note("reload", state);
    if (state.stage !== "trials") return this.go(state);
    const hasBegun = state.trial.position > 1 || state.trial.question > 1;
    return hasBegun ? this.welcomeBack(state) : this.instructions(state);
  }

  /** Shows the page of a state. */
  go(state) {
    this.state = state;
    this.onKey = null;
    this.unlock = null;
    clearTimeout(this.timer);
    this.progress(state);
    element("leave").hidden = !["trials", "comments"].includes(state.stage);
    if (state.stage === "consent") return this.consent();
    if (state.stage === "withdrawn") return this.withdrawn();
    if (state.stage === "finished") return this.finished(state);
    if (state.feedback) return this.feedback(state);
    if (state.stage === "comments") return this.comments(state);
    return this.trial(state);
  }

  /**
   * Sends something and shows the state that comes back.
   *
   * If it is refused, shows the state that comes with the refusal, or else the reason.
   */
  async send(action, then = (state) => this.go(state)) {
    try {
      then(await action());
    } catch (refusal) {
      if (!(refusal instanceof Refused)) throw refusal;
      if (refusal.state) return this.go(refusal.state);
      if (refusal.status === 401) return this.refuse(refusal);
      trouble(refusal.message);
      if (this.unlock) this.unlock();
      else this.go(this.state);
    }
  }

  progress(state) {
    const trial = state.trial;
    element("progress").hidden = !trial;
    if (!trial) return;
    const words = trial.isPractice
      ? text("page.progress.practice", { number: trial.position, count: state.practice })
      : text("page.progress", {
        number: trial.position - state.practice, count: state.trials - state.practice,
      });
    element("place").textContent = words;
    element("bar").max = state.trials;
    element("bar").value = trial.position - 1;
    element("announcer").textContent = words;
  }

  refuse(refusal) {
    element("progress").hidden = true;
    element("leave").hidden = true;
    show(make("h1", {}, text("page.refused")), make("p", {}, refusal.message));
  }

  /** Reports something that happened to the page. */
  note(kind, state = this.state) {
    const position = state?.trial?.position ?? 0;
    this.transport.event({ kind, position, milliseconds: performance.now() });
  }

  /** Listens to everything that participants can do outside of the buttons of a page. */
  watch() {
    addEventListener("blur", () => this.note("blur"));
    addEventListener("focus", () => this.note("focus"));
    document.addEventListener(
      "visibilitychange", () => this.note(document.hidden ? "hidden" : "visible"));
    document.addEventListener(
      "fullscreenchange", () => this.note(document.fullscreenElement ? "fullscreen" : "windowed"));
    document.addEventListener("keydown", (event) => {
      if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
      if (element("leaving").open) return;
      if (/^(TEXTAREA|INPUT|SELECT)$/.test(event.target.tagName)) return;
      // Enter and the space bar activate a button or a link and must not do anything else.
      if (/^(Enter| )$/.test(event.key) && /^(BUTTON|A)$/.test(event.target.tagName)) return;
      this.onKey?.(event.key);
    });
    element("leave").addEventListener("click", () => element("leaving").showModal());
    element("stay").addEventListener("click", () => element("leaving").close());
    element("withdraw").addEventListener("click", () => {
      element("leaving").close();
      this.send(() => this.transport.withdraw());
    });
  }
}

Object.assign(Page.prototype, openingPages, calibrationPages, trialPages, endingPages);

new Page(transport).run().catch((error) => {
  trouble(text("page.broken"));
  throw error;
});
