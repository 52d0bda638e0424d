"use strict";
// The pages before the first picture: consent, instructions, and filling the screen.

const openingPages = {
  consent() {
    const number = this.transport.needsNumber
      ? make("input", { id: "number", inputmode: "numeric", autocomplete: "off", size: "6" })
      : null;
    const agree = make("button", {
      type: "button",
      onclick: () => {
        agree.disabled = true;
        this.unlock = () => { agree.disabled = false; };
        this.send(async () => {
          trouble(null);
          const state = await this.transport.consent(number?.value);
          if (state.stage !== "trials") return state;
          return { ...state, isNew: true };
        });
      },
    }, text("page.agree"));
    show(
      make("h1", {}, this.study.title), ...paragraphs(this.study.consent),
      number
        ? make("p", {}, make("label", { class: "field", for: "number" }, text("page.number")), number)
        : null,
      make("p", {}, agree));
  },

  instructions(state) {
    this.state = state;
    this.progress({});
    element("leave").hidden = false;
    const names = this.study.classNames;
    const keys = matchMedia("(pointer: coarse)").matches
      ? text("page.tap")
      : text("page.keys", {
        first: "0", last: String(Math.min(names.length, 10) - 1), none: this.study.noneText,
      });
    show(
      make("h1", {}, text("page.todo")), ...paragraphs(this.study.instructions),
      make("p", {}, keys),
      this.study.canUndo ? make("p", {}, text("page.undo.how")) : null,
      make("p", {}, text("page.pausing")),
      this.start(state, text(state.practice > 0 ? "page.practise" : "page.start")));
    this.preload(state.trial);
  },

  welcomeBack(state) {
    this.progress(state);
    this.state = state;
    element("leave").hidden = false;
    show(
      make("h1", {}, text("page.back")), make("p", {}, text("page.back.text")),
      this.start(state, text("page.continue")));
    this.preload(state.trial);
  },

  start(state, words) {
    const go = () => this.prepare({ ...state, isNew: false });
    return make("p", {}, make("button", { type: "button", onclick: go }, words));
  },

  /** Asks for what the study wants before the pictures, and then shows the next picture. */
  prepare(state) {
    const canFill = document.fullscreenEnabled && !document.fullscreenElement;
    if (this.study.asksFullscreen && canFill && !this.hasAskedForScreen) {
      this.hasAskedForScreen = true;
      return this.screen(state);
    }
    if (state.needsCalibration) return this.card(state);
    return this.go(state);
  },

  screen(state) {
    const fill = async () => {
      await document.documentElement.requestFullscreen().catch(() => {});
      this.prepare(state);
    };
    show(
      make("h1", {}, text("page.screen")), make("p", {}, text("page.screen.text")),
      make(
        "p", { class: "row" },
        make("button", { type: "button", onclick: fill }, text("page.screen.enter")),
        this.skip(() => this.prepare(state))));
  },

  skip(action) {
    return make("button", { type: "button", class: "quiet", onclick: action }, text("page.skip"));
  },
};
