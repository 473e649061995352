// A room, live. The page that the school sent works without this file; it makes it immediate.

import { Connection, countUnread, toast } from "../site.js";
import { Composer, Outbox } from "./composer.js";
import { Timeline } from "./timeline.js";

const POLL = 3_000; // ms, where sockets are blocked
const READ_AFTER = 700; // ms that a message is looked at
const TYPING_EVERY = 2_500;
const TYPING_SHOWN = 4_500;
const MANY = 300; // events that one does not wait for: the page goes to the newest instead

const root = document.querySelector("[data-chat]");
const facts = JSON.parse(document.getElementById("chat-facts").textContent);
const { words } = facts;
const timeline = new Timeline(root, facts);
const connection = new Connection();
const form = root.querySelector("[data-composer]");
const token = root.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
const said = root.querySelector("[data-said]");
const below = root.querySelector("[data-below]");
const outbox = new Outbox(facts, connection, timeline, token);
const early = new Map();
const ASKED_FOR_A_HOLE = 3;
let position = facts.position; // up to where this page has heard everything
let newest = facts.seq;
let read = facts.read;
let isRemoved = false;
let askedAt = -1; // the position that was asked for last, and whether there was an answer
let isAnswered = false;
let holes = 0; // how often this gap has been answered with nothing

countUnread(connection);

// --- hearing ---

connection.addEventListener("state", () => {
  showState();
  if (connection.state === "open") subscribe();
});
connection.addEventListener("silence", subscribe);
connection.addEventListener("frame", ({ detail: frame }) => {
  if (frame.room !== undefined && frame.room !== facts.room) return;
  hear(frame);
});

function subscribe() {
  askedAt = position;
  isAnswered = false;
  connection.send({ type: "subscribe", room: facts.room, after: position });
}

function hear(frame) {
  switch (frame.type) {
    case "subscribed": return welcomed(frame);
    case "ack": return outbox.stored(frame.nonce, frame.seq);
    case "error": return frame.nonce ? outbox.refused(frame) : complain(frame);
    case "typing": return someoneTypes(frame);
    case "presence": return showPeople(frame);
    case "read": return someoneRead(frame);
    case "removed": return removed();
    case "message": case "edited": case "deleted": case "reacted": case "pinned": return inTurn(frame);
  }
}

function welcomed(frame) {
  isAnswered = true;
  facts.moderates = frame.moderates;
  if (frame.position - position > MANY) newestPage();
  outbox.sendAll();
}

// Frames are shown in the order of their positions, each once; after a gap one asks again.
function inTurn(frame) {
  if (frame.position <= position) return;
  early.set(frame.position, frame);
  if (!early.has(position + 1)) {
    if (askedAt === position && !isAnswered) return undefined;
    holes = askedAt === position ? holes + 1 : 0;
    if (holes < ASKED_FOR_A_HOLE) return subscribe();
    position = Math.min(...early.keys()) - 1; // asked again and again: what lies between is no more
    holes = 0;
  }
  for (let next; (next = early.get(position + 1)); ) {
    early.delete(next.position);
    position = next.position;
    show(next);
  }
}

function show(frame) {
  if (frame.type !== "message") return timeline.change(frame);
  newest = Math.max(newest, frame.seq);
  const own = frame.author?.id === facts.user.id;
  if (own) outbox.stored(frame.nonce);
  if (timeline.hasNewer) return offerNewest();
  const follows = own || timeline.isAtEnd;
  const item = timeline.add(frame);
  if (!own && !document.hasFocus() && frame.seq === read + 1) timeline.newLine(item);
  timeline.showAdded(item);
  people.delete(frame.author?.id);
  showTyping();
  if (follows) { timeline.toEnd(); timeline.prune(); } else offerNewest();
  if (own) read = Math.max(read, frame.seq);
  else noteRead();
}

function removed() {
  isRemoved = true;
  showState();
  form?.remove();
}

function complain(frame) {
  if (frame.code === "unavailable" || (frame.code === "rate_limited" && !isAnswered))
    return void setTimeout(subscribe, (frame.retry_after ?? 2) * 1000);
  said.textContent = frame.detail;
  toast(frame.detail);
}

// --- where sockets are blocked: the same events, asked for now and then ---

async function poll() {
  if (connection.state !== "blocked" || isRemoved) return;
  try {
    const answer = await fetch(`${facts.api}/messages?after=${position}&limit=200`);
    if (answer.status === 404) return removed();
    if (answer.ok) for (const frame of (await answer.json()).items) {
      if (frame.position > position) position = frame.position - 1; // in order, and what lies between is no more
      hear(frame);
    }
    outbox.sendAll();
  } catch { /* the next time, then */ }
}
setInterval(poll, POLL);

// --- how the line is ---

function showState() {
  const place = root.querySelector("[data-connection]");
  const state = isRemoved ? "removed" : connection.state;
  place.hidden = state === "open";
  place.textContent = words[state] ?? "";
  place.dataset.connection = state;
}
setTimeout(showState, 1500); // a line that opens at once need not be spoken of

// --- history ---

function offerNewest() { below.hidden = false; }

below.querySelector("button").addEventListener("click", () => (timeline.hasNewer ? newestPage() : timeline.toEnd(true)));
timeline.scroll.addEventListener("scroll", () => {
  if (timeline.isAtEnd && !timeline.hasNewer) { below.hidden = true; noteRead(); }
});

async function leaf(query) {
  const answer = await fetch(`${facts.api}/history?${query}`);
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

async function newestPage() {
  try {
    const before = position; // what comes meanwhile is asked for again
    const found = await leaf("");
    timeline.clear();
    delete timeline.log.dataset.hasNewer;
    root.querySelector("[data-newer]")?.parentElement.remove();
    timeline.addMany(found.items, "end");
    position = Math.max(before, ...found.items.map((frame) => frame.position));
    newest = Math.max(newest, ...found.items.map((frame) => frame.seq));
    early.clear();
    subscribe();
    turnOlder(found.has_older);
    below.hidden = true;
    timeline.toEnd();
    noteRead();
  } catch { toast(words.tryLater); }
}

function turnOlder(more) {
  const older = root.querySelector("[data-older]");
  if (older) older.parentElement.hidden = !more;
}

root.addEventListener("click", async (event) => {
  const turn = event.target.closest("[data-older], [data-newer]");
  if (!turn) return;
  event.preventDefault();
  if (turn.getAttribute("aria-busy")) return;
  turn.setAttribute("aria-busy", "true");
  const older = "older" in turn.dataset;
  const edge = older ? timeline.first : timeline.last;
  try {
    const found = await leaf(older ? `before=${edge.dataset.seq}` : `after=${edge.dataset.seq}`);
    const height = timeline.scroll.scrollHeight;
    const top = timeline.scroll.scrollTop;
    timeline.addMany(found.items, older ? "start" : "end");
    if (older) {
      turnOlder(found.has_older);
      timeline.scroll.scrollTop = top;
      if (document.activeElement === turn) edge.focus({ preventScroll: true }); // who writes meanwhile goes on writing
    } else {
      timeline.scroll.scrollTop = top - (timeline.scroll.scrollHeight - height);
      if (!found.has_newer && Number(timeline.last?.dataset.seq) >= newest) {
        delete timeline.log.dataset.hasNewer;
        turn.parentElement.remove();
      }
    }
  } catch { toast(words.tryLater); }
  turn.removeAttribute("aria-busy");
});
new IntersectionObserver((seen) => {
  for (const entry of seen) if (entry.isIntersecting && entry.target.offsetParent) entry.target.click();
}, { root: timeline.scroll, rootMargin: "200px" }).observe(root.querySelector("[data-older]") ?? document.createElement("i"));

// --- reading ---

let readTimer = 0;
function noteRead() {
  clearTimeout(readTimer);
  readTimer = setTimeout(() => {
    if (timeline.hasNewer || !timeline.isAtEnd || !document.hasFocus() || read >= newest) return;
    const had = read;
    read = newest;
    if (connection.send({ type: "read", room: facts.room, seq: read })) return;
    if (connection.state === "blocked") change("PUT", "/read", { seq: read });
    else read = had;
  }, READ_AFTER);
}
addEventListener("focus", noteRead);

function someoneRead(frame) { // as they did on another page
  if (frame.user === facts.user.id) read = Math.max(read, frame.seq);
}

// --- who is here, who writes ---

const people = new Map();
let typedAt = 0;

function showPeople(frame) {
  root.querySelector("[data-here-count]").textContent = words.here.replace("{n}", frame.count);
}

function someoneTypes(frame) {
  clearTimeout(people.get(frame.user)?.timer);
  const timer = setTimeout(() => { people.delete(frame.user); showTyping(); }, TYPING_SHOWN);
  people.set(frame.user, { name: frame.name, timer });
  showTyping();
}

function showTyping() {
  const names = [...people.values()].map((person) => person.name);
  const line = names.length > 1 ? words.typingMany : names.length ? words.typingOne.replace("{name}", names[0]) : "";
  root.querySelector("[data-typing]").textContent = line;
}

// --- writing ---

const composer = form && new Composer(form, facts, {
  send: (draft) => (timeline.hasNewer ? newestPage().then(() => outbox.add(draft)) : outbox.add(draft)),
  edit: async (seq, text) => (await change("PATCH", `/messages/${seq}`, { text })) || composer.change(seq, text),
  typing: () => {
    if (Date.now() - typedAt < TYPING_EVERY) return;
    typedAt = Date.now();
    connection.send({ type: "typing", room: facts.room });
  },
  editLast: () => {
    const own = [...timeline.log.querySelectorAll(".msg.is-own[data-seq]:not(.is-deleted)")].at(-1);
    if (!own || !mayChange(own)) return false;
    does.edit(own);
    return true;
  },
});

async function change(method, path, body) {
  try {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const answer = await fetch(facts.api + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) toast((await answer.json()).detail);
    return answer.ok;
  } catch { toast(words.tryLater); return false; }
}

const textOf = (item) => item.querySelector("[data-text]").innerText.trim();
const mayChange = (item) => timeline.isOwn(item) && Date.now() - new Date(item.dataset.at) < facts.editMinutes * 60_000;

// --- what can be done with a message ---

const menuTemplate = root.querySelector("[data-menu-template]").content.firstElementChild;
let menu = null;

root.addEventListener("click", (event) => {
  const sign = event.target.closest("[data-emoji]");
  const more = event.target.closest("[data-more]");
  const reply = event.target.closest("[data-reply]");
  if (sign && !sign.closest(".chat-menu")) react(sign.closest(".msg"), sign.dataset.emoji);
  else if (more) { event.preventDefault(); openMenu(more); }
  else if (reply) jump(event, reply);
  else if (!event.target.closest(".chat-menu")) closeMenu();
});
root.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && menu) closeMenu(true);
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = [...menu.querySelectorAll("button, a")].filter((item) => !item.hidden);
  const place = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  items.at(place % items.length)?.focus();
  event.preventDefault();
});

function react(item, emoji) {
  const own = timeline.signsOf(item).get(emoji)?.includes(facts.user.id) ?? false;
  change("PUT", `/messages/${item.dataset.seq}/reactions`, { emoji, on: !own });
}

function closeMenu(focus = false) {
  if (focus) menu?.parentElement.querySelector("[data-more]")?.focus();
  menu?.remove();
  menu = null;
}

function openMenu(button) {
  const item = button.closest(".msg");
  const wasHere = menu?.parentElement === item;
  closeMenu();
  if (wasHere) return;
  menu = menuTemplate.cloneNode(true);
  const part = (name) => menu.querySelector(`[data-do="${name}"]`);
  const signs = facts.reactions.map((emoji) => {
    const choice = Object.assign(document.createElement("button"), { type: "button", textContent: emoji });
    choice.setAttribute("role", "menuitem");
    choice.setAttribute("aria-label", words.react.replace("{emoji}", emoji));
    choice.addEventListener("click", () => { react(item, emoji); closeMenu(); });
    return choice;
  });
  menu.querySelector("[data-signs]").append(...(facts.readOnly ? [] : signs));
  const isPinned = !item.querySelector("[data-pinned]").hidden;
  part("reply").hidden = !composer;
  part("edit").hidden = !composer || !mayChange(item);
  part("pin").hidden = !facts.moderates;
  part("pin").querySelector("span").textContent = isPinned ? words.unpin : words.pin;
  part("delete").hidden = !facts.moderates && !mayChange(item);
  part("page").href = button.href;
  menu.addEventListener("click", (event) => {
    const wish = event.target.closest("[data-do]")?.dataset.do;
    if (!wish || wish === "page") return;
    closeMenu();
    does[wish](item, isPinned);
  });
  item.append(menu);
  const [place, view] = [menu.getBoundingClientRect(), timeline.scroll.getBoundingClientRect()];
  const hasRoomAbove = item.getBoundingClientRect().top - view.top > place.height;
  const own = item.getBoundingClientRect();
  const isAbove = place.bottom > view.bottom && (hasRoomAbove || own.top - view.top > view.bottom - own.top);
  menu.classList.toggle("is-above", isAbove);
  const room = isAbove ? own.bottom - view.top : view.bottom - own.top;
  menu.style.maxHeight = `${Math.max(160, room - 48)}px`; // a low window: it scrolls in itself
  menu.querySelector("button:not([hidden])")?.focus({ preventScroll: true });
}

const does = {
  reply: (item) => composer.reply({ seq: Number(item.dataset.seq), name: item.querySelector("[data-name]").textContent, text: textOf(item) }),
  copy: async (item) => {
    await navigator.clipboard.writeText(item.querySelector("[data-permalink]").href);
    toast(words.copied);
  },
  edit: async (item) => {
    const found = await leaf(`around=${item.dataset.seq}`);
    const source = found.items.find((frame) => frame.seq === Number(item.dataset.seq));
    if (source) composer.change(source.seq, source.text);
  },
  pin: (item, isPinned) => change("PUT", `/messages/${item.dataset.seq}/pin`, { on: !isPinned }),
  delete: (item) => confirm(words.sureDelete) && change("DELETE", `/messages/${item.dataset.seq}`),
};

function jump(event, link) {
  const item = timeline.find(new URL(link.href).searchParams.get("at"));
  if (!item) return;
  event.preventDefault();
  timeline.reveal(item);
  item.focus({ preventScroll: true });
  setTimeout(() => item.classList.remove("is-found"), 1500);
}

// --- W goes to where one writes; arrows from message to message are the timeline's ---

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "w" || event.ctrlKey || event.metaKey || event.altKey || !composer) return;
  if (localStorage.getItem("keys") === "off" || event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  event.preventDefault();
  composer.text.focus();
});

// --- where the page begins ---

const at = timeline.log.dataset.atSeq && timeline.find(timeline.log.dataset.atSeq);
if (at) timeline.reveal(at);
else document.getElementById("new")?.scrollIntoView({ block: "center" });
noteRead();
