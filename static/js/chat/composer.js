// Writing: what is not stored yet is kept in this browser and sent until the school says that it has it.

const RESEND = 6_000; // ms without an answer
const MOST_FILES = 10; // of one message
const COMPLETE_AFTER = 1; // characters after an @
const KEEP_TRYING = new Set(["rate_limited", "unavailable"]);
const EMOJI = [..."😀😄😂🙂😉😍😘😎🤔😐😴😢😭😡🤯🥳👍👎👏🙏💪🤝✌️👀❤️🔥🎉✅❌❓❗⭐📚📝🎓💡⏰☕"].filter((sign) => sign !== "\uFE0F");

// The queue of one person in one room. It outlives the page; the same nonce is stored only once, by whichever tab.
export class Outbox {
  constructor(facts, connection, timeline, token) {
    this.key = `chat:${facts.user.id}:${facts.room}`;
    this.facts = facts;
    this.words = facts.words;
    this.connection = connection;
    this.timeline = timeline;
    this.token = token;
    this.drafts = new Map(); // in the order in which they were written
    this.underWay = null; // the nonce of the one that is being sent
    for (const draft of this.#stored()) this.#show(draft);
  }

  // Each draft has a place of its own in the store: several tabs take nothing from each other.
  #stored() {
    const found = [];
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(`${this.key}:`)) continue;
        try { found.push(JSON.parse(localStorage.getItem(key))); } catch { localStorage.removeItem(key); }
      }
    } catch { /* a forbidden store holds nothing */ }
    return found.sort((one, other) => one.at - other.at);
  }

  #keep(nonce) {
    try {
      const draft = this.drafts.get(nonce);
      if (draft) localStorage.setItem(`${this.key}:${nonce}`, JSON.stringify(draft));
      else localStorage.removeItem(`${this.key}:${nonce}`);
    } catch { /* a full or forbidden store: the page itself still has them */ }
  }

  #show(draft) {
    this.drafts.set(draft.nonce, draft);
    this.timeline.addWaiting(draft);
    this.#state(draft.nonce, draft.refused ? "failed" : "sending", draft.refused);
  }

  add(draft) {
    const nonce = crypto.randomUUID?.() ?? uuid();
    const before = [...this.drafts.values()].at(-1)?.at ?? 0;
    this.#show({ ...draft, nonce, at: Math.max(Date.now(), before + 1) }); // the store is read in the order of times
    this.#keep(nonce);
    this.timeline.toEnd();
    this.#sendNext();
  }

  // The line is new, or it is time to look again: what was under way may be lost.
  sendAll() {
    this.underWay = null;
    this.#sendNext();
  }

  // One after another, so that they are stored in the order in which they were written.
  #sendNext() {
    if (this.pause || this.underWay) return;
    const draft = [...this.drafts.values()].find((one) => !one.refused);
    if (!draft) return;
    const { nonce, text, reply_to, attachments } = draft;
    const body = { nonce, text, reply_to: reply_to?.seq ?? null, attachments: (attachments ?? []).map((file) => file.id) };
    this.#state(nonce, "sending");
    clearTimeout(this.timer);
    if (this.connection.send({ type: "send", room: this.facts.room, ...body })) this.#isUnderWay(nonce);
    else if (this.connection.state === "blocked") {
      this.#isUnderWay(nonce);
      this.#post(nonce, body);
    }
  }

  #isUnderWay(nonce) {
    this.underWay = nonce;
    this.timer = setTimeout(() => this.sendAll(), RESEND);
  }

  // Where sockets are blocked, the same goes by an ordinary request.
  async #post(nonce, body) {
    try {
      const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
      const answer = await fetch(`${this.facts.api}/messages`, { method: "POST", headers, body: JSON.stringify(body) });
      const said = await answer.json();
      if (answer.ok) this.stored(nonce, said.seq);
      else this.refused({ nonce, code: said.code, detail: said.detail, retry_after: Number(answer.headers.get("Retry-After")) || 2 });
    } catch { /* the timer sends it again */ }
  }

  #isDone(nonce) {
    if (this.underWay !== nonce) return;
    clearTimeout(this.timer);
    this.underWay = null;
  }

  // It is stored, as the message of this number if that is known: what shows it already needs no second place.
  stored(nonce, seq) {
    this.#isDone(nonce);
    if (this.drafts.delete(nonce)) {
      this.#keep(nonce);
      this.#state(nonce, "sent");
      if (seq && this.timeline.find(seq)) this.timeline.waiting(nonce)?.remove();
    }
    this.#sendNext();
  }

  refused({ nonce, code, detail, retry_after }) {
    const draft = this.drafts.get(nonce);
    if (!draft) return;
    this.#isDone(nonce);
    if (KEEP_TRYING.has(code)) {
      this.pause ??= setTimeout(() => { this.pause = null; this.#sendNext(); }, (retry_after ?? 1) * 1000 + Math.random() * 300);
      return;
    }
    draft.refused = detail;
    this.#keep(nonce);
    this.#state(nonce, "failed", detail);
    this.#sendNext();
  }

  #state(nonce, state, detail = "") {
    const item = this.timeline.waiting(nonce);
    if (!item) return;
    item.classList.toggle("is-failed", state === "failed");
    item.classList.toggle("is-sent", state === "sent");
    const place = item.querySelector("[data-state]");
    place.hidden = state === "sent";
    if (state !== "failed") return place.replaceChildren(this.words.sending);
    const again = Object.assign(document.createElement("button"), { type: "button", className: "button-link", textContent: this.words.retry });
    const away = Object.assign(document.createElement("button"), { type: "button", className: "button-link", textContent: this.words.remove });
    again.addEventListener("click", () => {
      delete this.drafts.get(nonce).refused;
      this.#keep(nonce);
      this.#sendNext();
    });
    away.addEventListener("click", () => {
      this.drafts.delete(nonce);
      this.#keep(nonce);
      item.remove();
    });
    place.replaceChildren(`${this.words.failed} ${detail} `, again, " ", away);
  }
}

function uuid() { // browsers offer randomUUID on secure pages only
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Composer {
  constructor(form, facts, { send, edit, typing, editLast }) {
    this.form = form;
    this.facts = facts;
    this.words = facts.words;
    this.does = { send, edit, typing, editLast };
    this.text = form.querySelector("[data-text-input]");
    this.about = form.querySelector("[data-about]");
    this.uploads = form.querySelector("[data-uploads]");
    this.token = form.elements.csrfmiddlewaretoken.value;
    this.files = new Map();
    this.mode = null;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    this.text.addEventListener("keydown", (event) => this.#key(event));
    this.text.addEventListener("input", () => this.#changed());
    this.text.addEventListener("paste", (event) => this.#take(event.clipboardData.files, event));
    form.querySelector("[data-file]").addEventListener("change", (event) => {
      this.#take([...event.target.files]);
      event.target.value = "";
    });
    form.querySelector("[data-about-cancel]").addEventListener("click", (event) => { event.preventDefault(); this.#done(); });
    document.addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
    document.addEventListener("drop", (event) => this.#take(event.dataTransfer?.files ?? [], event));
    this.#emoji(form.querySelector("[data-emoji-open]"));
    this.#grow();
    if (this.text.value) this.#toEnd();
  }

  reply(message) { this.#begin({ reply: message }, this.words.answerTo.replace("{name}", message.name) + `: ${message.text.slice(0, 80)}`); }

  change(seq, text) {
    this.#begin({ edit: seq }, this.words.editing);
    this.text.value = text;
    this.#changed();
    this.#toEnd();
  }

  #begin(mode, words) {
    this.mode = mode;
    this.about.hidden = false;
    this.about.querySelector("[data-about-text]").textContent = words;
    this.text.focus();
  }

  #toEnd() {
    this.text.focus();
    this.text.setSelectionRange(this.text.value.length, this.text.value.length);
  }

  #done() {
    if (this.mode?.edit) this.text.value = "";
    this.mode = null;
    this.about.hidden = true;
    this.#changed();
    this.text.focus();
  }

  #send() {
    const text = this.text.value.trim();
    const attachments = [...this.files.values()].filter((file) => file.id);
    if ([...this.files.values()].some((file) => file.loading) || [...text].length > this.facts.most) return;
    if (!text && !attachments.length) return;
    if (this.mode?.edit) this.does.edit(this.mode.edit, text);
    else {
      this.does.send({ text, reply_to: this.mode?.reply ?? null, attachments });
      this.files.clear();
      this.#showFiles();
    }
    this.text.value = "";
    this.#done();
  }

  #key(event) {
    if (this.#completing(event)) return;
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !touch) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && this.mode) this.#done();
    else if (event.key === "ArrowUp" && !this.text.value && !this.mode) {
      if (this.does.editLast()) event.preventDefault();
    }
  }

  #changed() {
    this.#grow();
    const left = this.facts.most - [...this.text.value].length;
    const count = this.form.querySelector("[data-count]");
    count.hidden = left > 500;
    count.textContent = (left < 0 ? this.words.tooLong : this.words.left).replace("{n}", Math.abs(left));
    count.classList.toggle("errors", left < 0);
    if (this.text.value && !this.mode?.edit) this.does.typing();
    this.#complete();
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return; // the style sheet does it, without measuring the page
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, innerHeight * 0.35)}px`;
  }

  insert(words) {
    this.text.setRangeText(words, this.text.selectionStart, this.text.selectionEnd, "end");
    this.#changed();
    this.text.focus();
  }

  // --- files ---

  #take(files, event) {
    if (!files?.length) return;
    event?.preventDefault();
    for (const file of [...files].slice(0, Math.max(0, MOST_FILES - this.files.size))) this.#upload(file);
  }

  async #upload(file) {
    const key = Symbol(file.name);
    this.files.set(key, { name: file.name, loading: true });
    this.#showFiles();
    const body = new FormData();
    body.set("file", file);
    try {
      const answer = await fetch(`${this.facts.api}/files`, { method: "POST", body, headers: { "X-CSRFToken": this.token } });
      const said = await answer.json();
      if (!this.files.has(key)) return;
      this.files.set(key, answer.ok ? said : { name: file.name, problem: said.detail });
    } catch { this.files.set(key, { name: file.name, problem: this.words.tryLater }); }
    this.#showFiles();
  }

  #showFiles() {
    this.uploads.hidden = !this.files.size;
    this.uploads.replaceChildren(...[...this.files].map(([key, file]) => {
      const item = document.createElement("li");
      const words = file.loading ? this.words.uploading.replace("{name}", file.name) : file.problem ? `${file.name}: ${file.problem}` : file.name;
      item.classList.toggle("errors", Boolean(file.problem));
      const away = Object.assign(document.createElement("button"), { type: "button", className: "icon-link", textContent: "×" });
      away.setAttribute("aria-label", `${this.words.remove}: ${file.name}`);
      away.addEventListener("click", () => { this.files.delete(key); this.#showFiles(); });
      item.append(words, away);
      return item;
    }));
  }

  // --- names after an @ ---

  async #complete() {
    const before = this.text.value.slice(0, this.text.selectionStart);
    const asked = before.match(/(?:^|[^\p{L}\p{N}])@([\p{L}\p{N}][\p{L}\p{N} .'-]{0,30})$/u)?.[1];
    if (!asked || asked.length < COMPLETE_AFTER) return this.#closeNames();
    this.asked = asked;
    let people = [];
    try {
      const answer = await fetch(`${this.facts.api}/people?q=${encodeURIComponent(asked)}`);
      if (answer.ok) people = (await answer.json()).items.filter((one) => one.id !== this.facts.user.id);
    } catch { /* no names, no harm */ }
    if (this.asked !== asked) return;
    people.length ? this.#offer(people) : this.#closeNames();
  }

  #offer(people) {
    this.#closeNames(true);
    const list = Object.assign(document.createElement("ul"), { className: "names", id: "chat-names" });
    list.setAttribute("role", "listbox");
    people.forEach((person, place) => {
      const item = Object.assign(document.createElement("li"), { textContent: person.name, id: `chat-name-${place}` });
      item.setAttribute("role", "option");
      item.addEventListener("pointerdown", (event) => { event.preventDefault(); this.#choose(item); });
      list.append(item);
    });
    this.names = list;
    this.form.querySelector(".composer-row").append(list);
    // HTML allows a textarea no role but its own, so these say what a combobox would
    this.text.setAttribute("aria-haspopup", "listbox");
    this.text.setAttribute("aria-autocomplete", "list");
    this.text.setAttribute("aria-controls", list.id);
    list.setAttribute("aria-label", this.words.names);
    this.#mark(list.firstElementChild);
  }

  #mark(item) {
    for (const other of this.names.children) other.setAttribute("aria-selected", other === item);
    this.text.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  #choose(item) {
    const end = this.text.selectionStart;
    this.text.setRangeText(`${item.textContent} `, end - this.asked.length, end, "end");
    this.#closeNames();
    this.#grow();
    this.text.focus();
  }

  #closeNames(keep = false) {
    this.names?.remove();
    this.names = null;
    if (!keep) this.asked = null;
    for (const name of ["aria-haspopup", "aria-autocomplete", "aria-controls", "aria-activedescendant"])
      this.text.removeAttribute(name);
  }

  #completing(event) {
    if (!this.names) return false;
    const now = this.names.querySelector('[aria-selected="true"]');
    if (event.key === "ArrowDown") this.#mark(now.nextElementSibling ?? this.names.firstElementChild);
    else if (event.key === "ArrowUp") this.#mark(now.previousElementSibling ?? this.names.lastElementChild);
    else if (event.key === "Enter" || event.key === "Tab") this.#choose(now);
    else if (event.key === "Escape") this.#closeNames();
    else return false;
    event.preventDefault();
    return true;
  }

  // --- emoji ---

  #emoji(button) {
    button.hidden = matchMedia("(pointer: coarse)").matches; // phones have theirs on the keyboard
    const panel = Object.assign(document.createElement("div"), { className: "emoji-panel", hidden: true });
    for (const sign of EMOJI) panel.append(Object.assign(document.createElement("button"), { type: "button", textContent: sign }));
    button.after(panel);
    const show = (open) => { panel.hidden = !open; button.setAttribute("aria-expanded", open); };
    button.addEventListener("click", () => { show(panel.hidden); panel.hidden || panel.firstElementChild.focus(); });
    panel.addEventListener("click", (event) => {
      if (event.target === panel) return;
      show(false);
      this.insert(event.target.textContent);
    });
    document.addEventListener("click", (event) => { if (!panel.contains(event.target) && !button.contains(event.target)) show(false); });
    panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { show(false); button.focus(); } });
  }
}
