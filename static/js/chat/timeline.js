// The messages of a room as the page shows them: in the order of their numbers, each once, with what happens to them.

const TOGETHER = 5 * 60_000; // ms: messages of one author that stand under one name
const KEPT = 400; // messages on the page; older ones go, and come back when asked for

export class Timeline {
  constructor(root, facts) {
    this.facts = facts;
    this.words = facts.words;
    this.log = root.querySelector("[data-log]");
    this.scroll = root.querySelector("[data-scroll]");
    this.none = root.querySelector("[data-none]");
    this.template = root.querySelector("[data-message-template]").content.firstElementChild;
    const { language, timeZone } = facts;
    this.clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
    this.date = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", timeZone });
    this.day = new Intl.DateTimeFormat("sv", { timeZone });
    for (const item of this.log.querySelectorAll(".msg")) {
      this.#time(item);
      this.#reachable(item, false);
    }
    this.#days();
    // The links of a message are on the way of the Tab key only while one is at this message.
    this.log.addEventListener("focusin", (event) => this.#reachable(event.target.closest(".msg"), true));
    this.log.addEventListener("focusout", (event) => {
      const item = event.target.closest(".msg");
      if (item && !item.contains(event.relatedTarget)) this.#reachable(item, false);
    });
    this.scroll.addEventListener("keydown", (event) => this.#go(event));
  }

  // Arrows go from message to message.
  #go(event) {
    if (!["ArrowDown", "ArrowUp"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.log.querySelector(".chat-menu")) return; // there they go from choice to choice
    const from = document.activeElement.closest(".msg");
    if (!from && document.activeElement !== this.scroll) return;
    event.preventDefault();
    const to = from ? this.beside(from, event.key === "ArrowDown") : this.last;
    to?.focus();
  }

  get hasNewer() { return "hasNewer" in this.log.dataset; }
  get isAtEnd() { return this.scroll.scrollTop > -80; }
  get first() { return this.log.querySelector(".msg[data-seq]"); }
  get last() { return [...this.log.querySelectorAll(".msg[data-seq]")].at(-1) ?? null; }

  find(seq) { return this.log.querySelector(`.msg[data-seq="${seq}"]`); }
  waiting(nonce) { return this.log.querySelector(`.msg[data-nonce="${CSS.escape(nonce)}"]`); }
  isOwn(item) { return Number(item.dataset.author) === this.facts.user.id; }

  // The message after this one, or before it.
  beside(item, after) {
    let found = item;
    do found = after ? found.nextElementSibling : found.previousElementSibling;
    while (found && !found.classList.contains("msg"));
    return found;
  }

  #reachable(item, on) {
    for (const part of item?.querySelectorAll("[data-permalink], [data-more], [data-reply], [data-emoji]") ?? [])
      part.tabIndex = on ? 0 : -1;
  }

  reveal(item) {
    item.scrollIntoView({ block: "center" });
    item.classList.add("is-found");
  }

  toEnd(smooth = false) { this.scroll.scrollTo({ top: 0, behavior: smooth ? "smooth" : "instant" }); }

  // A message of the room. What stood for it while it was being sent makes room for it.
  add(frame, where = "end") {
    this.none?.remove();
    if (frame.nonce) this.waiting(frame.nonce)?.remove();
    const there = this.find(frame.seq);
    const item = this.#made(frame);
    if (there) there.replaceWith(item);
    else if (where === "start") this.log.prepend(item);
    else this.log.insertBefore(item, this.log.querySelector(".msg.is-waiting"));
    return item;
  }

  // What one has just written, until the school says that it has it.
  addWaiting(draft) {
    this.none?.remove();
    const there = this.waiting(draft.nonce);
    if (there) return there;
    const item = this.#made({ ...draft, seq: null, author: this.facts.user, at: new Date(draft.at).toISOString(), html: null });
    item.classList.add("is-waiting");
    item.dataset.nonce = draft.nonce;
    item.querySelector("[data-more]").hidden = true;
    this.log.append(item);
    this.#arrange(item);
    return item;
  }

  addMany(frames, where) {
    this.log.setAttribute("aria-busy", "true"); // history is not announced as news
    const inOrder = where === "start" ? [...frames].reverse() : frames;
    const edge = where === "start" ? this.first : null;
    const added = inOrder.map((frame) => this.add(frame, where));
    if (where === "start") added.reverse();
    for (const item of [...added, ...(edge ? [edge] : [])]) this.#arrange(item);
    requestAnimationFrame(() => this.log.removeAttribute("aria-busy"));
  }

  showAdded(item) { this.#arrangeHere(item); }

  // What is not stored yet stays; what is stored comes again with its page of history.
  clear() { this.log.replaceChildren(...this.log.querySelectorAll(".msg.is-waiting:not(.is-sent)")); }

  prune() {
    if (!this.isAtEnd) return;
    const items = [...this.log.querySelectorAll(".msg[data-seq]")];
    if (items.length <= KEPT) return;
    for (const item of items.slice(0, items.length - KEPT)) item.remove();
    while (this.log.firstElementChild && !this.log.firstElementChild.classList.contains("msg")) this.log.firstElementChild.remove();
    this.#arrange(this.first);
  }

  change(frame) {
    if (frame.type === "deleted") this.#forgetQuotes(frame.seq);
    const item = this.find(frame.seq);
    if (!item) return;
    if (frame.type === "edited") {
      this.#text(item, frame);
      item.querySelector("[data-edited]").hidden = false;
    } else if (frame.type === "deleted") this.#delete(item);
    else if (frame.type === "pinned") item.querySelector("[data-pinned]").hidden = !frame.on;
    else if (frame.type === "reacted") return this.#react(item, frame);
    this.#arrangeHere(item);
  }

  // What is deleted is quoted no longer, neither in answers nor among the pinned.
  #forgetQuotes(seq) {
    const page = this.log.closest("[data-chat]");
    for (const link of page.querySelectorAll(`a[href$="#m${seq}"]`)) {
      if (link.matches("[data-reply]")) link.querySelector("span").textContent = "…";
      else if (link.closest(".chat-pins")) link.closest("li").remove();
    }
  }

  newLine(item) {
    this.log.querySelector("[data-new-line]")?.remove();
    const line = document.createElement("li");
    line.className = "new-line";
    line.dataset.newLine = "";
    line.append(Object.assign(document.createElement("span"), { textContent: this.words.new }));
    item.before(line);
  }

  #made(frame) {
    const item = this.template.cloneNode(true);
    const part = (name) => item.querySelector(`[data-${name}]`);
    const { author } = frame;
    if (frame.seq) {
      item.id = `m${frame.seq}`;
      item.dataset.seq = frame.seq;
      part("permalink").href = `${this.facts.page}?at=${frame.seq}#m${frame.seq}`;
      part("more").href = `${this.facts.page}messages/${frame.seq}/`;
    }
    item.dataset.author = author?.id ?? "";
    item.dataset.at = frame.at;
    item.classList.toggle("is-own", author?.id === this.facts.user.id);
    item.classList.toggle("is-called", Boolean(frame.mentions?.includes(this.facts.user.id)));
    part("name").textContent = author?.name ?? this.words.former;
    if (author?.avatar) {
      const picture = Object.assign(new Image(32, 32), { src: author.avatar, alt: "", className: "avatar" });
      part("avatar").replaceChildren(picture);
    } else part("avatar").textContent = author?.initials ?? "";
    part("time").dateTime = frame.at;
    part("edited").hidden = !frame.edited;
    part("pinned").hidden = !frame.pinned;
    if (frame.reply_to) this.#reply(part("reply"), frame.reply_to);
    if (frame.deleted) this.#delete(item);
    else {
      this.#text(item, frame);
      this.#files(part("files"), frame.attachments ?? []);
      this.#signs(item, new Map(Object.entries(frame.reactions ?? {})));
    }
    this.#time(item);
    this.#reachable(item, false);
    return item;
  }

  #text(item, frame) {
    const text = item.querySelector("[data-text]");
    // `html` was made and cleaned by the school; plain words are put in as words
    if (frame.html) text.innerHTML = frame.html;
    else text.replaceChildren(Object.assign(document.createElement("p"), { textContent: frame.text, className: "plain" }));
  }

  #reply(link, answered) {
    link.hidden = false;
    link.href = `${this.facts.page}?at=${answered.seq}#m${answered.seq}`;
    link.querySelector("strong").textContent = answered.name ?? this.words.former;
    link.querySelector("span").textContent = answered.text || "…";
  }

  #files(list, files) {
    list.hidden = !files.length;
    list.replaceChildren(...files.map((file) => {
      const item = document.createElement("li");
      const link = Object.assign(document.createElement("a"), { href: file.url });
      if (file.thumbnail) {
        const picture = Object.assign(new Image(file.width, file.height), { src: file.thumbnail, alt: file.name, loading: "lazy" });
        Object.assign(link, { target: "_blank", rel: "noopener" }).append(picture);
      } else {
        link.className = "download";
        link.append(file.name);
      }
      item.append(link);
      return item;
    }));
  }

  signsOf(item) {
    const signs = new Map();
    for (const button of item.querySelectorAll("[data-emoji]"))
      signs.set(button.dataset.emoji, button.dataset.people.split(",").filter(Boolean).map(Number));
    return signs;
  }

  #react(item, { emoji, user, on }) {
    const signs = this.signsOf(item);
    const people = (signs.get(emoji) ?? []).filter((id) => id !== user);
    if (on) people.push(user);
    signs.set(emoji, people);
    this.#signs(item, signs);
  }

  #signs(item, signs) {
    const place = item.querySelector("[data-reactions]");
    const me = this.facts.user.id;
    const buttons = [...signs].filter(([, people]) => people.length).map(([emoji, people]) => {
      const own = people.includes(me);
      const button = Object.assign(document.createElement("button"), { type: "button", className: `reaction${own ? " is-own" : ""}` });
      button.dataset.emoji = emoji;
      button.dataset.people = people.join(",");
      button.setAttribute("aria-pressed", own);
      const sign = Object.assign(document.createElement("span"), { textContent: emoji });
      button.append(sign, ` ${people.length}`);
      return button;
    });
    place.replaceChildren(...buttons);
    place.hidden = !buttons.length;
  }

  #delete(item) {
    item.classList.add("is-deleted");
    const words = Object.assign(document.createElement("p"), { textContent: this.words.deleted, className: "muted" });
    item.querySelector("[data-text]").replaceChildren(words);
    for (const name of ["files", "reactions", "edited", "pinned"]) item.querySelector(`[data-${name}]`).hidden = true;
    item.querySelector("[data-more]")?.remove();
  }

  #time(item) {
    const time = item.querySelector("[data-time]");
    if (time?.dateTime) time.textContent = this.clock.format(new Date(time.dateTime));
  }

  // Whether an item begins a day, and whether it stands under the name above it.
  #arrange(item) {
    if (!item) return;
    const isA = (element, name) => element?.classList.contains(name);
    if (isA(item.previousElementSibling, "day")) item.previousElementSibling.remove();
    const newLine = isA(item.previousElementSibling, "new-line") ? item.previousElementSibling : null;
    const head = newLine ?? item; // the line of the day stands before it
    if (isA(head.previousElementSibling, "day")) head.previousElementSibling.remove();
    let before = head.previousElementSibling;
    while (before && !isA(before, "msg")) before = before.previousElementSibling;
    const at = new Date(item.dataset.at);
    const day = this.day.format(at);
    const same = before?.dataset.at && this.day.format(new Date(before.dataset.at)) === day;
    if (!same) head.before(this.#dayLine(day, at));
    const together = same && !newLine && before.dataset.author === item.dataset.author
      && ["reply", "edited", "pinned"].every((name) => item.querySelector(`[data-${name}]`).hidden) && at - new Date(before.dataset.at) < TOGETHER;
    item.classList.toggle("is-continued", Boolean(together));
  }

  // An item that was added or changed, and the one after it, which may stand under another name now.
  #arrangeHere(item) {
    this.#arrange(item);
    this.#arrange(this.beside(item, true));
  }

  #dayLine(day, at) {
    const line = document.createElement("li");
    line.className = "day";
    line.dataset.day = day;
    line.append(Object.assign(document.createElement("span"), { textContent: this.#dayName(day, at) }));
    return line;
  }

  #dayName(day, at) {
    const now = Date.now();
    if (day === this.day.format(now)) return this.words.today;
    if (day === this.day.format(now - 86_400_000)) return this.words.yesterday;
    return this.date.format(at);
  }

  #days() {
    for (const line of this.log.querySelectorAll(".day"))
      line.firstElementChild.textContent = this.#dayName(line.dataset.day, new Date(`${line.dataset.day}T12:00:00`));
  }
}
