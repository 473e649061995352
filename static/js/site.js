// What every page does beyond HTML: menus close by Escape and by a click elsewhere, unread messages are counted.

const menus = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

// A menu does not stay open behind what has the focus now.
document.addEventListener("focusin", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// What is closed keeps no focus: a key that is pressed next belongs to the page, not to a field that nobody sees.
document.addEventListener("close", (event) => {
  if (event.target.contains(document.activeElement)) document.activeElement.blur();
}, true);

// Ctrl-K everywhere, and / where nothing is being typed, open the search.
const search = document.querySelector("[data-search-dialog]");
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
  const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing && localStorage.getItem("keys") !== "off";
  const command = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k";
  if (!search || search.open || !(slash || command)) return;
  event.preventDefault();
  search.showModal();
});

// The socket of a page. It is kept open: reconnects with growing, jittered pauses, notices silence and says how it is.
// Events: "frame" (detail: the frame), "state" (detail: connecting, open, waiting, offline, ended or blocked), "silence".

const SILENCE = 14_000; // ms without a frame, after which one asks
const ANSWER = 5_000; // ms that an answer may take
const LONGEST_PAUSE = 20_000;
const SESSION_ENDED = 4401;
const STAYED = 10_000; // ms after which a line counts as good, and the next pause is short again
const REFUSED_BEFORE_ASKING = 3; // handshakes that failed in a row

export class Connection extends EventTarget {
  #socket = null;
  #tries = 0;
  #refused = 0;
  #timer = 0;
  #quiet = 0;
  #stayed = 0;
  state = "connecting";

  constructor(path = "/ws/chat/") {
    super();
    this.address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
    addEventListener("online", () => (this.isOpen ? (this.#say("open"), this.#ask()) : this.#again(0)));
    addEventListener("offline", () => this.#say("offline"));
    addEventListener("pagehide", () => this.#socket?.close(1000));
    addEventListener("pageshow", (event) => event.persisted && this.#again(0));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#ask());
    this.#open();
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  send(frame) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #say(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.state === "ended" || (this.#socket && this.#socket.readyState < WebSocket.CLOSING)) return;
    if (this.state !== "blocked") this.#say("connecting");
    const socket = (this.#socket = new WebSocket(this.address));
    let opened = false;
    socket.addEventListener("open", () => {
      opened = true;
      this.#refused = 0;
      this.#stayed = setTimeout(() => { this.#tries = 0; }, STAYED);
      this.#listen();
      this.#say("open");
    });
    socket.addEventListener("message", (event) => {
      this.#listen();
      this.dispatchEvent(new CustomEvent("frame", { detail: JSON.parse(event.data) }));
    });
    socket.addEventListener("close", (event) => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#quiet);
      clearTimeout(this.#stayed);
      if (event.code === SESSION_ENDED) return this.#askWhy();
      if (!opened) this.#refused += 1;
      if (this.#refused >= REFUSED_BEFORE_ASKING) this.#askWhy();
      else if (this.state !== "blocked") this.#say(navigator.onLine ? "waiting" : "offline");
      this.#again(Math.min(LONGEST_PAUSE, 400 * 2 ** this.#tries++) * (0.5 + Math.random() / 2));
    });
  }

  #again(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), pause);
  }

  // A handshake does not say why it failed: a page that still answers tells a blocked socket from an ended session.
  async #askWhy() {
    try {
      const answer = await fetch("/api/v1/chat/rooms?limit=1", { credentials: "same-origin" });
      if (answer.status === 401) this.#say("ended");
      else if (answer.ok && this.#refused >= REFUSED_BEFORE_ASKING) this.isOpen || this.#say("blocked");
      else this.#again(1000); // the session goes on under another key
    } catch { this.#say(navigator.onLine ? "waiting" : "offline"); }
  }

  #listen() {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.dispatchEvent(new Event("silence"));
      this.#ask();
    }, SILENCE);
  }

  // Whether the line still carries: what does not answer is closed and opened anew.
  #ask() {
    if (!this.isOpen) return this.#again(0);
    clearTimeout(this.#quiet);
    this.send({ type: "ping" });
    const socket = this.#socket;
    this.#quiet = setTimeout(() => {
      this.#socket = null;
      socket.close();
      this.#say("waiting");
      this.#open();
    }, ANSWER);
  }
}

// The number beside “Chat” on every page: how many messages wait, in all rooms that are not quiet.
export function countUnread(connection) {
  const badges = [...document.querySelectorAll("[data-unread]")];
  const me = Number(badges[0]?.dataset.user);
  const rooms = new Map();
  const title = document.title;

  const show = () => {
    let total = 0;
    for (const room of rooms.values()) total += room.silenced ? room.mentions : Math.max(0, room.unread);
    for (const badge of badges) {
      badge.textContent = total > 99 ? "99+" : total || "";
      badge.hidden = !total;
    }
    document.title = total && !document.hasFocus() ? `(${total > 99 ? "99+" : total}) ${title}` : title;
    for (const item of document.querySelectorAll("[data-room]")) {
      const room = rooms.get(Number(item.dataset.room));
      const count = item.querySelector("[data-count]");
      if (room && count && count.firstChild) count.firstChild.textContent = room.unread > 99 ? "99+" : room.unread;
      if (room && count) count.hidden = room.unread <= 0;
    }
  };

  connection.addEventListener("state", () => connection.state === "open" && connection.send({ type: "watch" }));
  connection.addEventListener("frame", ({ detail: frame }) => {
    if (frame.type === "watching") {
      rooms.clear();
      for (const room of frame.rooms) rooms.set(room.id, { ...room });
    } else if (frame.type === "unread" || frame.type === "message") {
      const room = rooms.get(frame.room);
      const author = frame.type === "unread" ? frame.author : frame.author?.id;
      if (!room || frame.seq <= room.seq) return;
      room.seq = frame.seq;
      if (author === me) room.unread = room.mentions = 0;
      else {
        room.unread += 1;
        if (frame.mentions?.includes(me)) {
          room.mentions += 1;
          document.dispatchEvent(new CustomEvent("chat:mention", { detail: frame }));
        }
      }
    } else if (frame.type === "read" && frame.user === me) {
      const room = rooms.get(frame.room);
      if (!room) return;
      room.unread = Math.max(0, room.seq - frame.seq);
      if (!room.unread) room.mentions = 0;
    } else if (frame.type === "removed") rooms.delete(frame.room);
    else return;
    show();
  });
  addEventListener("focus", show);
}

// Unread messages, live on every page of who has a chat. A room's own page has its own line.
if (document.querySelector("[data-unread]") && !document.querySelector("[data-chat]")) countUnread(new Connection());

// A lesson that is opened by “Continue” shows where that was.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-continue]");
  if (link) sessionStorage.setItem("continue", link.pathname + link.hash);
});

// Signing up tells the zone of this device, so that times are shown in it from the beginning.
for (const field of document.querySelectorAll("[data-browser-zone]"))
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

// A short word to the person, which goes by itself.
let toastTimer = 0;
export function toast(text) {
  const made = () => Object.assign(document.createElement("p"), { className: "toast" });
  const place = document.querySelector("[data-toast]") ?? document.querySelector("main").appendChild(made());
  place.dataset.toast = "";
  place.setAttribute("role", "status");
  place.textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => place.remove(), 5000);
}

if (document.querySelector("[data-say]")) import("./speak.js");

// Words are looked up where one reads; the code of it comes with the first selected word.
if (document.querySelector("[data-say]")) import("./speak.js");
if (document.querySelector("[data-lookup]")) {
  let isLoaded = false;
  const load = () => {
    if (isLoaded) return;
    isLoaded = true;
    import("./lookup.js");
  };
  document.addEventListener("selectionchange", () => { if (!getSelection().isCollapsed) load(); });
  if (localStorage.getItem("underline-words") === "on") load();
}
