"use strict";
// The pages that measure the size of a pixel and the distance of the eye from the screen, by the
// method of Q. Li et al., "Controlling for participants' viewing distance in large-scale,
// psychophysical online experiments using a virtual chinrest" (2020).

/** The sides of a bank card in millimetres (ISO/IEC 7810, ID-1). */
const cardSides = { long: 85.6, short: 53.98 };
/** The angle between the point that an eye looks at and its blind spot, in degrees. */
const blindSpotAngle = 13.5;
/** How many times the blind spot is measured. */
const blindSpotCount = 5;

const calibrationPages = {
  /** Measures how many pixels a millimetre has, by a card that the participant holds. */
  card(state) {
    const isUpright = innerWidth < 700;
    const side = isUpright ? cardSides.short : cardSides.long;
    const width = make("input", {
      id: "card-width", type: "range", min: "120", max: String(isUpright ? 360 : 640),
      value: String(Math.round(side * 3.78)), step: "1",
    });
    const card = make("div", { class: "card", "aria-hidden": "true" });
    const draw = () => {
      card.style.width = `${width.value}px`;
      const ratio = cardSides.short / cardSides.long;
      card.style.aspectRatio = String(isUpright ? ratio : 1 / ratio);
    };
    width.addEventListener("input", draw);
    draw();
    const done = () => this.blindSpot(state, Number(width.value) / side);
    show(
      make("h1", {}, text("page.card")), make("p", {}, text("page.card.text")),
      make(
        "p", {}, make("label", { class: "field", for: "card-width" }, text("page.card.label")),
        width),
      card,
      make(
        "p", { class: "row" },
        make("button", { type: "button", onclick: done }, text("page.card.done")),
        this.skip(() => this.calibrated(null, null))));
  },

  /** Measures the viewing distance by the place at which a dot falls on the blind spot. */
  blindSpot(state, pixelsPerMillimetre) {
    // On a narrow screen the dot would leave the screen before it reaches the blind spot.
    if (view.clientWidth / pixelsPerMillimetre < 110) {
      return this.calibrated(pixelsPerMillimetre, null);
    }
    const found = [];
    let began = null;
    const dot = make("div", { class: "dot" });
    const place = make("p", { class: "hint", "aria-live": "polite" });
    const button = make("button", { type: "button", onclick: () => press() });
    const field = make(
      "div", { class: "blind-spot", "aria-hidden": "true" }, dot, make("div", { class: "square" }));
    /** The distance of the dot from the square in pixels. It moves 80 pixels a second. */
    const distance = () => 40 + (performance.now() - began) * 0.08;
    const move = () => {
      if (began === null || !field.isConnected) return;
      if (distance() > field.clientWidth - 40) return rest();
      dot.style.right = `${20 + distance()}px`;
      requestAnimationFrame(move);
    };
    const rest = () => {
      began = null;
      dot.style.right = "60px";
      button.textContent = text("page.blind.start");
      place.textContent = text(
        "page.blind.place", { number: found.length + 1, count: blindSpotCount });
    };
    const press = () => {
      if (began === null) {
        began = performance.now();
        button.textContent = text("page.blind.gone");
        return move();
      }
      found.push(distance());
      if (found.length < blindSpotCount) return rest();
      const middle = [...found].sort((a, b) => a - b)[Math.floor(blindSpotCount / 2)];
      const angle = Math.tan(blindSpotAngle * Math.PI / 180);
      this.calibrated(pixelsPerMillimetre, middle / pixelsPerMillimetre / angle);
    };
    show(
      make("h1", {}, text("page.blind")),
      make("p", {}, text("page.blind.text", { count: blindSpotCount })), field, place,
      make("p", { class: "row" }, button, this.skip(() => this.calibrated(pixelsPerMillimetre, null))));
    rest();
    // The space bar presses the button wherever the focus is.
    this.onKey = (key) => { if (key === " ") press(); };
  },

  calibrated(pixelsPerMillimetre, distanceMillimetres) {
    this.onKey = null;
    this.send(() => this.transport.calibrate({ pixelsPerMillimetre, distanceMillimetres }));
  },
};
