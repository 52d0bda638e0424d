"use strict";
// The pages after the last picture: comments, questions about the participant, and the end.

/** Seconds after which the last page returns to the recruiting site. */
const returnSeconds = 15;

const endingPages = {
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
        class: "sheet", src: address, alt: text("page.sheet", { number: index + 1 }),
        width: sheet.width, height: sheet.height,
      });
      figures.push(
        make("figure", {}, picture, make("figcaption", {}, sheet.caption),
          ...field(sheet.name, text("page.notice"))));
    }
    const choices = this.study.demographics.map((question) => [question.name, this.choice(question)]);
    const finish = make("button", {
      type: "button",
      onclick: () => {
        finish.disabled = true;
        this.unlock = () => { finish.disabled = false; };
        this.send(async () => {
          const chosen = choices.filter(([, list]) => list.value !== "")
            .map(([name, list]) => [name, Number(list.value)]);
          if (chosen.length) await this.transport.demographics(Object.fromEntries(chosen));
          for (const [sheet, box] of fields) {
            if (box.value.trim()) await this.transport.comment(sheet, box.value.trim());
          }
          return this.transport.finish();
        });
      },
    }, text("page.finish"));
    const about = choices.length === 0 ? [] : [
      make("h2", {}, text("page.about")), make("p", {}, text("page.about.text")),
      ...choices.flatMap(([name, list], index) => [
        make(
          "label", { class: "field", for: list.id }, this.study.demographics[index].question),
        list,
      ]),
    ];
    show(
      make("h1", {}, text("page.done")),
      make("p", {}, text("page.done.text", { finish: text("page.finish") })), ...figures,
      ...field("", text("page.else")), ...about, make("p", {}, finish));
  },

  /** The list of the choices of a question about the participant. */
  choice(question) {
    const options = question.choices.map(
      (words, index) => make("option", { value: String(index) }, words));
    return make(
      "select", { id: `about-${question.name}` },
      make("option", { value: "" }, text("page.no.answer")), ...options);
  },

  finished(state) {
    const file = this.transport.file;
    if (file) {
      const address = URL.createObjectURL(new Blob([file.text], { type: "application/json" }));
      const link = { class: "button", href: address, download: file.name };
      return show(
        make("h1", {}, text("page.thanks")), make("p", {}, text("page.save.text")),
        make("p", {}, make("a", link, text("page.save"))));
    }
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    show(
      make("h1", {}, text("page.thanks")), make("p", {}, text("page.code")),
      make("p", { class: "code" }, state.code), ...this.wayBack(state.completionURL));
  },

  /** The link to the recruiting site, to which the page returns by itself after a while. */
  wayBack(address) {
    if (!address) return [make("p", {}, text("page.close"))];
    const note = make("p", { class: "hint" });
    const stay = make("button", { type: "button", class: "quiet" }, text("page.stay"));
    let left = returnSeconds;
    const tick = () => {
      if (left <= 0) return location.assign(address);
      note.textContent = text("page.returning", { seconds: left });
      left -= 1;
      this.timer = setTimeout(tick, 1000);
    };
    stay.addEventListener("click", () => {
      clearTimeout(this.timer);
      note.hidden = true;
      stay.hidden = true;
    });
    tick();
    const link = make("a", { class: "button", href: address }, text("page.return"));
    return [make("p", { class: "row" }, link, stay), note];
  },

  withdrawn() {
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    show(make("h1", {}, text("page.stopped")), make("p", {}, text("page.stopped.text")));
  },
};
