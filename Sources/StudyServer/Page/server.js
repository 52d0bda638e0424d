"use strict";
// Where a participant is and what they do is kept by a server.

class ServerTransport {
  async begin() {
    this.study = await this.#ask("study");
    this.slot = `crossfire ${location.pathname} ${this.study.consentDigest} ${external().PROLIFIC_PID ?? external().workerId ?? ""}`;
    const link = location.hash.slice(1);
    this.secret = link || memory.get(this.slot);
    if (!this.secret) {
      if (!this.study.isOpen) throw new Refused(401, "To take part you need a link that was made for you.");
      return { stage: "consent" };
    }
    try {
      return await this.#post("open", { screen: screenText() });
    } catch (refusal) {
      // A secret this browser remembers that never got as far as a consent.
      if (refusal.status !== 401 || link || !this.study.isOpen) throw refusal;
      return { stage: "consent" };
    }
  }

  async consent() {
    if (!this.secret) {
      this.secret = (await this.#post("ticket", {})).secret;
      memory.set(this.slot, this.secret);
    }
    const state = await this.#post("consent", {
      consent: this.study.consentDigest, external: external(), screen: screenText(),
    });
    // From now on the address is the participant's own: loading it again, or a bookmark, goes on here.
    history.replaceState(null, "", "#" + this.secret);
    return state;
  }

  answer(answer) { return this.#post("answer", answer); }
  comment(sheet, text) { return this.#post("comment", { sheet, text }); }
  finish() { return this.#post("finish", {}); }
  withdraw() { return this.#post("withdraw", {}); }

  /** Never waited for: an event that is lost is lost. */
  event(event) {
    if (!this.secret) return;
    fetch("api/event", this.#request(event, { keepalive: true })).catch(() => {});
  }

  async picture(name, kind = "image") {
    const response = await this.#persist(`api/${kind}/${name}`, this.#request());
    return URL.createObjectURL(await response.blob());
  }

  async #ask(name) { return (await this.#persist("api/" + name, {})).json(); }
  async #post(name, message) { return (await this.#persist("api/" + name, this.#request(message))).json(); }

  #request(message, more = {}) {
    const headers = this.secret ? { Authorization: "Bearer " + this.secret } : {};
    if (message === undefined) return { headers, ...more };
    headers["Content-Type"] = "application/json";
    return { method: "POST", headers, body: JSON.stringify(message), ...more };
  }

  /** Asks until there is an answer: a network that is gone for a moment costs nobody an answer. */
  async #persist(address, request) {
    for (let attempt = 0; ; attempt += 1) {
      const response = await fetch(address, { ...request, cache: "no-store", signal: AbortSignal.timeout(15000) })
        .catch(() => null);
      if (response?.ok) {
        if (attempt > 0) trouble(null);
        return response;
      }
      if (response && response.status < 500 && response.status !== 429) {
        trouble(null);
        const told = await response.json().catch(() => ({}));
        throw new Refused(response.status, told.error ?? "The study's server refused this.", told.state);
      }
      trouble("No connection to the study at the moment. Nothing is lost; trying again…");
      await wait(Math.min(500 * 2 ** attempt, 8000));
    }
  }
}

const transport = new ServerTransport();
