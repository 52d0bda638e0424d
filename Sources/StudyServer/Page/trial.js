"use strict";
// The pages of a trial: the picture with its questions, the pause after it, and feedback.

const trialPages = {
  async trial(state) {
    if (state.isNew) return this.instructions(state);
    const { position, question, stimulus } = state.trial;
    const isSame = this.shown === `${state.session} ${position}`;
    view.setAttribute("aria-busy", "true");
    if (!isSame) {
      show();
      const picture = await this.picture(stimulus);
      await picture.decode().catch(() => {});
      this.image = picture;
    }
    const heading = make("h1", {}, this.study.questions[question - 1]);
    const buttons = this.study.classNames.map(
      (name, label) => this.answerButton(state, name, label));
    const isWords = this.study.classNames.some((name) => name.length > 2);
    const none = make("button", {
      type: "button", class: "none", "aria-keyshortcuts": "N", onclick: () => this.choose("na"),
    }, make("kbd", { "aria-hidden": "true" }, "N"), this.study.noneText);
    const undo = question === 2 ? this.undoButton({ position, question: 1 }) : null;
    this.buttons = [...buttons, none, ...(undo ? [undo] : [])];
    const bar = this.study.secondsPerAnswer
      ? make("progress", { class: "remaining", "aria-hidden": "true" }) : null;
    const group = {
      class: isWords ? "answers words" : "answers", role: "group",
      "aria-label": text("page.answers"),
    };
    show(
      make(
        "section", { class: "trial" }, this.image, heading, bar, make("div", group, ...buttons),
        none, undo));
    // The response time begins when the picture is on the screen. A callback of
    // requestAnimationFrame runs before a frame is drawn, so the second one runs after the first
    // frame with the picture.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    if (!isSame) this.began = performance.now();
    this.shown = `${state.session} ${position}`;
    this.onKey = (key) => this.press(key);
    view.removeAttribute("aria-busy");
    this.limit(bar);
    this.preload(state.trial);
  },

  answerButton(state, name, label) {
    const isFirst = state.trial.question === 2 && state.trial.first === label;
    const key = label < 10 ? String(label) : null;
    const button = make("button", {
      type: "button", "aria-keyshortcuts": key ?? undefined, disabled: isFirst,
      "aria-pressed": isFirst ? "true" : undefined, onclick: () => this.choose(String(label)),
    });
    if (key !== null && key !== name) button.append(make("kbd", { "aria-hidden": "true" }, key));
    button.append(name);
    if (isFirst) button.append(make("span", { class: "unseen" }, text("page.first")));
    return button;
  },

  press(key) {
    const { position, question, first } = this.state.trial;
    if (key === "n" || key === "N") return this.choose("na");
    if (key === "Backspace" && question === 2 && this.study.canUndo) {
      return this.undo({ position, question: 1 });
    }
    const label = /^[0-9]$/.test(key) ? Number(key) : -1;
    if (label < 0 || label >= this.study.classNames.length) return;
    if (question === 2 && first === label) return;
    this.choose(String(label));
  },

  choose(choice, endedOn = "response") {
    if (!this.onKey) return;
    this.lock();
    const { position, question } = this.state.trial;
    const milliseconds = Math.max(0, performance.now() - this.began);
    this.send(
      () => this.transport.answer({ position, question, choice, endedOn, milliseconds }),
      (state) => {
        const isOver = state.trial?.position !== position && !state.feedback;
        const isNext = state.stage === "trials" || state.stage === "comments";
        if (isOver && isNext && this.study.pause > 0) return this.rest(state, { position, question });
        return this.go(state);
      });
  },

  /** Accepts no more answers until the next page. */
  lock() {
    this.onKey = null;
    clearTimeout(this.timer);
    for (const button of this.buttons) button.disabled = true;
  },

  /**
   * Shows an empty frame in place of the picture before the next page. The answer can be undone
   * until then.
   */
  rest(state, answered) {
    const undo = this.undoButton(answered);
    this.buttons = undo ? [undo] : [];
    const blank = make("div", { class: "picture blank" });
    blank.style.aspectRatio = `${this.study.width} / ${this.study.height}`;
    show(
      make(
        "section", { class: "trial" }, blank, make("h1", { class: "calm" }, text("page.stored")),
        undo));
    if (state.trial) this.preload(state.trial);
    this.onKey = (key) => {
      if (key === "Backspace" && this.study.canUndo) this.undo(answered);
    };
    this.timer = setTimeout(() => this.go(state), this.study.pause * 1000);
  },

  /** The button that takes an answer back; null if the study has no undo. */
  undoButton(answered) {
    if (!this.study.canUndo) return null;
    return make("button", {
      type: "button", class: "quiet undo", "aria-keyshortcuts": "Backspace",
      onclick: () => this.undo(answered),
    }, text("page.undo"));
  },

  undo(answered) {
    if (!this.onKey) return;
    this.lock();
    // The picture is shown again, and its response time begins anew.
    this.shown = null;
    this.send(() => this.transport.undo(answered));
  },

  /** Shows the remaining time and ends the question when the time limit has passed. */
  limit(bar) {
    if (!bar) return;
    const end = performance.now() + this.study.secondsPerAnswer * 1000;
    bar.max = this.study.secondsPerAnswer;
    const tick = () => {
      const left = (end - performance.now()) / 1000;
      bar.value = Math.max(left, 0);
      if (left <= 0) return this.choose(null, "timeout");
      this.timer = setTimeout(tick, Math.min(100, left * 1000));
    };
    tick();
  },

  feedback(state) {
    const name = (label) => this.study.classNames[label];
    const { label, chosen } = state.feedback;
    const isRight = chosen === label;
    const said = chosen === null || chosen === undefined
      ? "" : " " + text("page.said", { name: name(chosen) });
    const go = () => this.go({ ...state, feedback: undefined });
    const next = state.trial?.isPractice
      ? "page.practice.next" : state.trial ? "page.begin" : "page.continue";
    show(
      make("section", { class: "trial" }, this.image,
        make(
          "h1", { class: `verdict ${isRight ? "right" : "wrong"}` },
          text(isRight ? "page.right" : "page.wrong")),
        make("p", {}, text("page.shows", { name: name(label) }) + said),
        state.trial && !state.trial.isPractice ? make("p", {}, text("page.practice.over")) : null,
        make("p", {}, make("button", { type: "button", onclick: go }, text(next))),
        make("p", { class: "hint keyboard" }, text("page.enter"))));
    this.onKey = (key) => { if (key === "Enter") go(); };
  },

  /** The element of a picture. Each picture is loaded once, and may have been loaded in advance. */
  async picture(name) {
    if (!this.pictures.has(name)) this.pictures.set(name, this.transport.picture(name));
    const address = await this.pictures.get(name);
    return make("img", {
      class: "picture", src: address, alt: text("page.picture"), width: this.study.width,
      height: this.study.height,
    });
  },

  /** Loads the pictures of this trial and the next, and forgets all others. */
  preload(trial) {
    for (const [name, loading] of this.pictures) {
      if (name === trial.stimulus || name === trial.following) continue;
      this.pictures.delete(name);
      loading.then((address) => URL.revokeObjectURL(address), () => {});
    }
    for (const name of [trial.stimulus, trial.following]) {
      if (!name || this.pictures.has(name)) continue;
      const loading = this.transport.picture(name);
      this.pictures.set(name, loading);
      loading.catch(() => this.pictures.delete(name));
    }
  },
};
