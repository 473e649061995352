// Reviews of words: one card after the other without loading a page, keys, sounds, and answers that wait
// here while there is no network. Without this file each card is a form.

import { say, showVoices } from "./speak.js";

const stage = document.querySelector("[data-review]");
const csrf = () => document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? "";
const JSON_HEADERS = () => ({ Accept: "application/json", "X-CSRFToken": csrf() });
const HELD = 8; // cards that are held in case the network goes away
const FEW = 4; // cards with which the answers are sent and more cards are asked for: several at once cost the server less
const MOST_KEPT = 60_000; // bytes of a request that goes on when the page is closed: browsers allow 64 KiB
const NUMBERS = ["due", "new", "done"];
const LONGEST_WAIT = 30_000; // milliseconds after which an answer is sent in any case

// this browser remembers whether saved words are underlined, so that lessons need not ask
const wish = document.querySelector("[data-underlines]")?.dataset.underlines;
try {
  if (wish) localStorage.setItem("underline-words", wish);
} catch { /* a browser that stores nothing underlines nothing */ }

// --- keys: the same with and without a network

function keysAreOff() {
  try {
    return localStorage.getItem("keys") === "off";
  } catch {
    return false; // a browser that stores nothing
  }
}
const back = () => stage?.querySelector("[data-back]");
const isShown = () => Boolean(back()) && !back().hidden;

if (stage) {
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || keysAreOff()) return;
    if (event.target.closest("dialog[open], textarea, select")) return;
    const isTyping = Boolean(event.target.closest("input"));
    if (isTyping && (event.key !== "Enter" || !isShown())) return;
    const key = event.key.toLowerCase();
    if (!isShown() && key === " " && !event.target.closest("button, a")) press(event, stage.querySelector("[data-ask] button:only-of-type"));
    else if (isShown() && "1234".includes(key)) press(event, stage.querySelector(`[data-rate] [value="${key}"]`));
    else if (isShown() && key === "enter" && !event.target.closest("button, a")) press(event, stage.querySelector("[data-rate] button:not(.button-quiet)"));
    else if (key === "u") press(event, document.querySelector("[data-undo-form]:not([hidden]) button"));
    else if (isShown() && key === "e") press(event, stage.querySelector("[data-edit]"));
    else if (isShown() && key === "s") press(event, stage.querySelector("[data-suspend] button"));
  });
}
function press(event, target) {
  if (!target) return;
  event.preventDefault();
  target.click();
}

// --- answers that the server has not confirmed: each under a name of its own, so that two windows do not lose each
// other's; a browser that stores nothing still has them on this page

const PREFIX = `parta-answer-${stage?.dataset.person}-`;
const unstored = new Map();
function waiting() {
  const found = new Map(unstored);
  try {
    for (let n = 0; n < localStorage.length; n += 1) {
      const name = localStorage.key(n);
      if (name.startsWith(PREFIX)) found.set(name, localStorage.getItem(name));
    }
  } catch { /* as above */ }
  return [...found.values()].map((text) => JSON.parse(text)).sort((one, other) => one.n - other.n);
}
function keep(answer) {
  try {
    localStorage.setItem(PREFIX + answer.id, JSON.stringify(answer));
  } catch {
    unstored.set(PREFIX + answer.id, JSON.stringify(answer));
  }
}
function forget(ids) {
  for (const id of ids) {
    unstored.delete(PREFIX + id);
    try { localStorage.removeItem(PREFIX + id); } catch { /* as above */ }
  }
}
// when the server confirmed the last answers, by card: a page that was on its way then still shows their cards
const CONFIRMED = `parta-confirmed-${stage?.dataset.person}`;
function noteConfirmed(answers) {
  try {
    localStorage.setItem(CONFIRMED, JSON.stringify(Object.fromEntries(answers.map((one) => [one.card, Date.now()]))));
  } catch { /* as above */ }
}
function wasConfirmedOnTheWay(card) {
  try {
    return (JSON.parse(localStorage.getItem(CONFIRMED)) ?? {})[card] >= performance.timeOrigin;
  } catch {
    return false;
  }
}
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the page is secure
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// --- cards without loading a page

if (stage && !("practice" in stage.dataset)) start();

function start() {
  const undoForm = document.querySelector("[data-undo-form]");
  const offline = document.querySelector("[data-offline]");
  const signedOut = document.querySelector("[data-signed-out]");
  const first = stage.querySelector("[data-card]");
  let current = first && { id: Number(first.dataset.card), html: stage.innerHTML }; // the card on the screen
  let cards = []; // that come next
  let past = []; // {id: of the answer, card: {id, html}}
  let sending = null; // the promise of a request under way
  let isUndoing = false;
  let isGrading = false;
  let isAway = false; // the last request got no answer
  let typed = stage.querySelector("[data-rate] [name=typed]")?.value ?? ""; // checked without this script
  let shownAt = performance.now();
  let retry = 0;
  let later = 0; // the timer of `sendSoon`
  let most = 100; // answers in one request

  function show(card) {
    current = card;
    typed = "";
    isGrading = false;
    shownAt = performance.now();
    stage.innerHTML = card.html;
    showVoices(stage);
    const listen = stage.querySelector('[data-kind="listen"] [data-say]');
    if (listen && !listen.hidden) say(listen);
    stage.querySelector("[data-ask] input:not([type=hidden])")?.focus();
  }
  function clear() {
    current = null;
    stage.replaceChildren(Object.assign(document.createElement("p"), { className: "muted", textContent: stage.dataset.loading }));
  }
  function next() {
    const card = cards.shift();
    if (card) return show(card);
    clear();
    // all is answered and stored: the page of the server says what comes now
    if (!sending && !isAway && !waiting().length) location.replace(location.pathname);
  }

  const held = () => [current?.id, ...cards.map((card) => card.id), ...waiting().map((one) => one.card)].filter(Boolean);
  function take(answer) {
    const have = new Set(held());
    cards.push(...answer.cards.filter((card) => !have.has(card.id)));
    showNumbers(answer);
  }

  // the numbers of the day: the server says them with the next cards, and answers that it does not know yet are added
  const changes = new Map(); // the identifier of an answer → what it changes, as far as this page can tell
  function changeOf(rating) {
    if (stage.querySelector("[data-unseen]")) return { done: 1, new: -1, due: rating < 4 ? 1 : 0 };
    return { done: 1, new: 0, due: rating > 1 ? -1 : 0 };
  }
  function addToNumbers(change, times = 1) {
    for (const name of NUMBERS) {
      const spot = document.querySelector(`[data-${name}]`);
      spot.textContent = Math.max(0, Number(spot.textContent) + times * change[name]);
    }
  }
  function showNumbers(found) {
    if (found.done === undefined) return;
    for (const name of NUMBERS) document.querySelector(`[data-${name}]`).textContent = found[name];
    for (const one of waiting()) if (changes.has(one.id)) addToNumbers(changes.get(one.id));
  }

  // answers wait a little for those that follow; where this browser stores nothing, or few cards are left, none waits
  function sendSoon() {
    if (cards.length <= FEW || unstored.size) return send();
    later ||= setTimeout(send, LONGEST_WAIT);
  }
  function send() {
    // an answer that is being taken back must not be sent again meanwhile
    if (isUndoing) return Promise.resolve();
    sending ??= transmit().finally(() => {
      sending = null;
      if (!current && !isUndoing) next();
      // what was answered while the request was under way
      if (!isAway && waiting().length) sendSoon();
    });
    return sending;
  }
  async function transmit() {
    clearTimeout(retry);
    clearTimeout(later);
    later = 0;
    try {
      const sent = waiting().slice(0, most);
      // the server may know it from now on, whichever window has sent it
      for (const one of sent) if (!one.isTried) keep({ ...one, isTried: true });
      const body = JSON.stringify({ answers: sent, n: cards.length > FEW ? 0 : HELD - cards.length, skip: held() });
      const keepalive = new Blob([body]).size < MOST_KEPT; // goes on when the page is left
      const response = await fetch(stage.dataset.answers, { method: "POST", body, keepalive, headers: { ...JSON_HEADERS(), "Content-Type": "application/json" } });
      const isOut = response.redirected || response.status === 403;
      signedOut.hidden = !isOut;
      isAway = isOut;
      if (isOut) return;
      if (response.status === 422) {
        // one of them can never be taken: it must not hold up the others
        if (sent.length === 1) forget([sent[0].id]);
        most = Math.max(1, Math.floor(sent.length / 2));
        return;
      }
      if (!response.ok) throw new Error(response.status);
      const answer = await response.json();
      noteConfirmed(sent);
      forget(sent.map((one) => one.id).filter((id) => id in answer.outcomes));
      take(answer);
      offline.hidden = true;
    } catch {
      isAway = true;
      offline.hidden = false;
      offline.querySelector("[data-waiting]").textContent = waiting().length || "";
      retry = setTimeout(send, 5000);
    }
  }

  function rate(rating) {
    if (!current || isUndoing || isGrading) return;
    const at = new Date();
    const answer = { id: newId(), n: at.getTime() + performance.now() % 1, card: current.id, rating, at: at.toISOString(), typed, took: Math.round(performance.now() - shownAt) };
    keep(answer);
    past = [...past.slice(-49), { id: answer.id, card: current }];
    changes.set(answer.id, changeOf(rating));
    addToNumbers(changes.get(answer.id));
    undoForm.hidden = false;
    const card = cards.shift();
    if (card) show(card);
    else clear();
    sendSoon();
  }

  async function check(form, button) {
    const body = new FormData(form);
    if (button?.name) body.set(button.name, button.value);
    typed = body.get("answer") ?? "";
    form.hidden = true;
    back().hidden = false;
    if (body.has("answer")) {
      const card = current.id;
      isGrading = true;
      // without the network one rates oneself; the server grades when the answer arrives
      const response = await fetch(stage.dataset.check, { method: "POST", body, headers: JSON_HEADERS(), signal: AbortSignal.timeout?.(6000) }).catch(() => null);
      const grade = response?.ok && !response.redirected ? await response.json().catch(() => null) : null;
      if (current?.id !== card) return;
      isGrading = false;
      if (grade) {
        stage.querySelector("[data-grade]").innerHTML = grade.html;
        for (const one of stage.querySelectorAll("[data-rate] button")) one.classList.toggle("button-quiet", one.value !== String(grade.rating));
      }
    }
    stage.querySelector("[data-rate] button:not(.button-quiet)")?.focus({ preventScroll: true });
  }

  async function undo() {
    const last = past.pop();
    isUndoing = true;
    clearTimeout(retry);
    clearTimeout(later);
    later = 0;
    const shown = current;
    current = null;
    stage.inert = true;
    while (sending) await sending;
    let card = null;
    const kept = waiting().find((one) => one.id === last.id);
    if (kept && !kept.isTried) {
      card = last.card;
    } else {
      const body = new FormData(undoForm);
      body.set("review", last.id);
      const response = await fetch(stage.dataset.undo, { method: "POST", body, headers: JSON_HEADERS() }).catch(() => null);
      if (response?.ok && !response.redirected) card = await response.json().catch(() => null);
      else if (kept && response?.status === 404) card = last.card; // the request has not reached it
    }
    if (card) forget([last.id]);
    stage.inert = false;
    isUndoing = false;
    if (!card) {
      past.push(last);
      offline.hidden = false;
      if (waiting().length) retry = setTimeout(send, 5000);
      return shown ? show(shown) : next();
    }
    // as it was before the answer; what the server gave of it meanwhile is out of date
    cards = cards.filter((one) => one.id !== card.id);
    if (shown && shown.id !== card.id) cards.unshift(shown);
    show(card);
    addToNumbers(changes.get(last.id), -1);
    if (waiting().length) sendSoon();
  }

  async function suspend(form) {
    const card = current;
    const response = await fetch(stage.dataset.suspend, { method: "POST", body: new FormData(form), headers: JSON_HEADERS(), keepalive: true }).catch(() => null);
    if (!response?.ok || response.redirected) {
      offline.hidden = false;
    } else if (current?.id === card.id) {
      next();
      send();
    }
  }

  stage.addEventListener("submit", (event) => {
    const form = event.target;
    event.preventDefault();
    if (!current || isUndoing) return;
    if (form.matches("[data-ask]")) check(form, event.submitter);
    else if (form.matches("[data-rate]")) rate(Number(event.submitter?.value ?? 3));
    else suspend(form);
  });
  undoForm.addEventListener("submit", (event) => {
    if (isUndoing) event.preventDefault();
    if (isUndoing || !past.length) return;
    event.preventDefault();
    undo();
  });
  addEventListener("online", send);
  document.addEventListener("visibilitychange", () => { if (waiting().length) send(); });
  // the page that is opened next knows these answers
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || link.target || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (isAway || !waiting().length) return;
    event.preventDefault();
    const atMost = new Promise((resolve) => { setTimeout(resolve, 2000); });
    // what was answered during a request that is under way is in the next one
    const all = send().then(() => (waiting().length && !isAway ? send() : null));
    Promise.race([all, atMost]).finally(() => { location.assign(link.href); });
  });

  // an answer of a page that was closed may be to the very card that the server has just shown
  const isAnswered = current && (waiting().some((one) => one.card === current.id) || wasConfirmedOnTheWay(current.id));
  if (isAnswered) clear();
  if (current || isAnswered || waiting().length) send();
}
