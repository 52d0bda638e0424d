"use strict";
// Shows the pages of a study. Each page shows one state of the participant and sends what they do
// to `transport`, which stores it and returns the next state. The script before this one defines
// `transport`: server.js stores answers on a server, file.js in this browser.

class Page {
  constructor(transport) {
    this.transport = transport;
    this.pictures = new Map();
    this.onKey = null;
  }

  async run() {
    let state;
    try {
      state = await this.transport.begin();
    } catch (refusal) {
      return this.refuse(refusal);
    }
    this.study = this.transport.study;
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
  async send(action) {
    try {
      this.go(await action());
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
    const main = state.trials - state.practice;
    const text = trial.isPractice
      ? `Practice ${trial.position} of ${state.practice}`
      : `Picture ${trial.position - state.practice} of ${main}`;
    element("place").textContent = text;
    element("bar").max = state.trials;
    element("bar").value = trial.position - 1;
    element("announcer").textContent = text;
  }

  refuse(refusal) {
    element("progress").hidden = true;
    element("leave").hidden = true;
    show(make("h1", {}, "This page cannot be opened"), make("p", {}, refusal.message));
  }

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
    }, "I agree and want to take part");
    show(
      make("h1", {}, this.study.title), ...paragraphs(this.study.consent),
      number
        ? make(
          "p", {}, make("label", { class: "field", for: "number" }, "The number you were given"),
          number)
        : null,
      make("p", {}, agree));
  }

  instructions(state) {
    this.state = state;
    this.progress({});
    element("leave").hidden = false;
    const keys = matchMedia("(pointer: coarse)").matches
      ? "Tap an answer below each picture."
      : `Answer with the keys ${this.keyText()} and N for “${this.study.noneText}”, ` +
        "or with the buttons below each picture.";
    show(
      make("h1", {}, "What to do"), ...paragraphs(this.study.instructions), make("p", {}, keys),
      make(
        "p", {},
        "You can close this page at any time and continue later with the same link in the same " +
        "browser."),
      this.start(state, state.practice > 0 ? "Start with some practice" : "Start"));
    this.preload(state.trial);
  }

  welcomeBack(state) {
    this.progress(state);
    this.state = state;
    element("leave").hidden = false;
    show(
      make("h1", {}, "Welcome back"),
      make("p", {}, "All your answers are stored. You continue where you stopped."),
      this.start(state, "Continue"));
    this.preload(state.trial);
  }

  start(state, words) {
    const go = () => this.go({ ...state, isNew: false });
    return make("p", {}, make("button", { type: "button", onclick: go }, words));
  }

  keyText() {
    const count = Math.min(this.study.classNames.length, 10);
    return `0 to ${count - 1}`;
  }

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
    this.buttons = [...buttons, none];
    const bar = this.study.secondsPerAnswer
      ? make("progress", { class: "remaining", "aria-hidden": "true" }) : null;
    const group = {
      class: isWords ? "answers words" : "answers", role: "group", "aria-label": "Answers",
    };
    show(
      make(
        "section", { class: "trial" }, this.image, heading, bar, make("div", group, ...buttons),
        none));
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
  }

  answerButton(state, name, label) {
    const isFirst = state.trial.question === 2 && state.trial.first === label;
    const key = label < 10 ? String(label) : null;
    const button = make("button", {
      type: "button", "aria-keyshortcuts": key ?? undefined, disabled: isFirst,
      "aria-pressed": isFirst ? "true" : undefined, onclick: () => this.choose(String(label)),
    });
    if (key !== null && key !== name) button.append(make("kbd", { "aria-hidden": "true" }, key));
    button.append(name);
    if (isFirst) button.append(make("span", { class: "unseen" }, ", your first choice"));
    return button;
  }

  press(key) {
    if (key === "n" || key === "N") return this.choose("na");
    const label = /^[0-9]$/.test(key) ? Number(key) : -1;
    if (label < 0 || label >= this.study.classNames.length) return;
    if (this.state.trial.question === 2 && this.state.trial.first === label) return;
    this.choose(String(label));
  }

  choose(choice, endedOn = "response") {
    if (!this.onKey) return;
    this.onKey = null;
    clearTimeout(this.timer);
    for (const button of this.buttons) button.disabled = true;
    const { position, question } = this.state.trial;
    const milliseconds = Math.max(0, performance.now() - this.began);
    this.send(() => this.transport.answer({ position, question, choice, endedOn, milliseconds }));
  }

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
  }

  feedback(state) {
    const name = (label) => this.study.classNames[label];
    const { label, chosen } = state.feedback;
    const isRight = chosen === label;
    const said = chosen === null || chosen === undefined ? "" : ` You said ${name(chosen)}.`;
    const go = () => this.go({ ...state, feedback: undefined });
    const next = state.trial?.isPractice
      ? "Next practice picture" : state.trial ? "Start the study" : "Continue";
    show(
      make("section", { class: "trial" }, this.image,
        make(
          "h1", { class: `verdict ${isRight ? "right" : "wrong"}` },
          isRight ? "Right" : "Not quite"),
        make("p", {}, `The picture shows ${name(label)}.${said}`),
        state.trial && !state.trial.isPractice
          ? make(
            "p", {},
            "The practice is over. From now on we do not tell you whether an answer is right.")
          : null,
        make("p", {}, make("button", { type: "button", onclick: go }, next)),
        make("p", { class: "hint" }, "or press Enter")));
    this.onKey = (key) => { if (key === "Enter") go(); };
  }

  async comments(state) {
    const fields = [];
    const field = (sheet, label) => {
      const box = make("textarea", { id: `comment-${sheet}`, maxlength: "1500" });
      fields.push([sheet, box]);
      return [make("label", { class: "field", for: `comment-${sheet}` }, label), box];
    };
    const figures = [];
    for (const [index, sheet] of (state.sheets ?? []).entries()) {
      const address = await this.transport.picture(sheet.name, "sheet");
      const picture = make("img", {
        class: "sheet", src: address, alt: `Sheet ${index + 1} with many pictures`,
        width: sheet.width, height: sheet.height,
      });
      figures.push(
        make("figure", {}, picture, make("figcaption", {}, sheet.caption),
          ...field(sheet.name, "What do you notice? (optional)")));
    }
    const finish = make("button", {
      type: "button",
      onclick: () => {
        finish.disabled = true;
        this.unlock = () => { finish.disabled = false; };
        this.send(async () => {
          for (const [sheet, box] of fields) {
            if (box.value.trim()) await this.transport.comment(sheet, box.value.trim());
          }
          return this.transport.finish();
        });
      },
    }, "Finish");
    show(
      make("h1", {}, "You have answered all pictures"),
      make("p", {}, "If you like, write what you noticed. Then press “Finish”."), ...figures,
      ...field("", "Anything else? (optional)"), make("p", {}, finish));
  }

  finished(state) {
    const file = this.transport.file;
    if (file) {
      const address = URL.createObjectURL(new Blob([file.text], { type: "application/json" }));
      const link = { class: "button", href: address, download: file.name };
      return show(
        make("h1", {}, "Thank you"),
        make(
          "p", {},
          "One step is left: save your answers as a file, and send the file to the person who " +
          "asked you to take part."),
        make("p", {}, make("a", link, "Save my answers")));
    }
    const address = this.study.completionURL;
    const last = address
      ? make("a", { class: "button", href: address }, "Return to the site you came from")
      : "You can close this page now.";
    show(
      make("h1", {}, "Thank you"),
      make("p", {}, "Your answers are stored. Your completion code is:"),
      make("p", { class: "code" }, state.code), make("p", {}, last));
  }

  withdrawn() {
    show(
      make("h1", {}, "You have stopped"),
      make("p", {}, "Your answers will not be used. Thank you for your time."));
  }

  /** The element of a picture. Each picture is loaded once, and may have been loaded in advance. */
  async picture(name) {
    if (!this.pictures.has(name)) this.pictures.set(name, this.transport.picture(name));
    const address = await this.pictures.get(name);
    return make("img", {
      class: "picture", src: address, alt: "The picture to label", width: this.study.width,
      height: this.study.height,
    });
  }

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
    document.addEventListener("keydown", (event) => {
      if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
      if (element("leaving").open || /^(TEXTAREA|INPUT)$/.test(event.target.tagName)) return;
      // Enter on a button or a link activates it and must not do anything else.
      if (event.key === "Enter" && /^(BUTTON|A)$/.test(event.target.tagName)) return;
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

new Page(transport).run().catch((error) => {
  trouble("Something went wrong on this page. Please load it again. Your answers are not lost.");
  throw error;
});
