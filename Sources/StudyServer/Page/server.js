"use strict";
// The transport of the page with a server, which stores answers and knows each participant's state.

class ServerTransport {
  async begin() {
    this.study = await this.#ask("study");
    const person = external().PROLIFIC_PID ?? external().workerId ?? "";
    this.slot = `crossfire ${location.pathname} ${this.study.consentDigest} ${person}`;
    const link = location.hash.slice(1);
    this.secret = link || memory.get(this.slot);
    if (!this.secret) {
      if (!this.study.isOpen) throw new Refused(401, text("refused.invited"));
      return { stage: "consent" };
    }
    try {
      return await this.#post("open", { screen: screenText() });
    } catch (refusal) {
      // This browser stored a secret with which nobody consented. The server does not know it.
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
    // From now on the address contains the secret. Loading it again, or a bookmark, continues here.
    history.replaceState(null, "", "#" + this.secret);
    return state;
  }

  calibrate(sizes) { return this.#post("calibration", sizes); }
  undo(answered) { return this.#post("undo", answered); }
  demographics(choices) { return this.#post("demographics", { choices }); }
  answer(answer) { return this.#post("answer", answer); }
  comment(sheet, words) { return this.#post("comment", { sheet, text: words }); }
  finish() { return this.#post("finish", {}); }
  withdraw() { return this.#post("withdraw", {}); }

  /** Reports an event without waiting for a reply. It may get lost. */
  event(event) {
    if (!this.secret) return;
    fetch("api/event", this.#request(event, { keepalive: true })).catch(() => {});
  }

  async picture(name, kind = "image") {
    const response = await this.#persist(`api/${kind}/${name}`, this.#request());
    return URL.createObjectURL(await response.blob());
  }

  async #ask(name) { return (await this.#persist("api/" + name, {})).json(); }
  async #post(name, message) {
    return (await this.#persist("api/" + name, this.#request(message))).json();
  }

  #request(message, more = {}) {
    const headers = this.secret ? { Authorization: "Bearer " + this.secret } : {};
    if (message === undefined) return { headers, ...more };
    headers["Content-Type"] = "application/json";
    return { method: "POST", headers, body: JSON.stringify(message), ...more };
  }

  /** Sends a request again until there is a reply, so that no answer gets lost with the network. */
  async #persist(address, request) {
    for (let attempt = 0; ; attempt += 1) {
      const signal = AbortSignal.timeout(15000);
      const response = await fetch(address, { ...request, cache: "no-store", signal })
        .catch(() => null);
      if (response?.ok) {
        if (attempt > 0) trouble(null);
        return response;
      }
      if (response && response.status < 500 && response.status !== 429) {
        trouble(null);
        const told = await response.json().catch(() => ({}));
        const reason = told.error ?? text("refused.failed");
        throw new Refused(response.status, reason, told.state);
      }
      trouble(text(response?.status === 429 ? "page.busy" : "page.lost"));
      const wanted = Number(response?.headers.get("Retry-After") ?? 0) * 1000;
      await wait(Math.max(wanted, Math.min(500 * 2 ** attempt, 8000)));
    }
  }
}

const transport = new ServerTransport();
