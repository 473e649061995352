// Reviews of words: one card after the other without loading a page, keys, the browser's voice, and answers that wait
// here while there is no network. Without this file each card is a form.

const stage = document.querySelector("[data-review]");
const csrf = () => document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? "";
const JSON_HEADERS = () => ({ Accept: "application/json", "X-CSRFToken": csrf() });
const HELD = 8; // cards that are held in case the network goes away

// this browser remembers whether saved words are underlined, so that lessons need not ask
const wish = document.querySelector("[data-underlines]")?.dataset.underlines;
if (wish) localStorage.setItem("underline-words", wish);

// --- the browser's voice

const speaks = "speechSynthesis" in window;
function showVoices(root) {
  for (const button of root.querySelectorAll("[data-say]")) button.hidden = !speaks;
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-say]");
  if (button) say(button);
});
function say(button) {
  const words = new SpeechSynthesisUtterance(button.dataset.say);
  words.lang = button.dataset.language;
  speechSynthesis.cancel();
  speechSynthesis.speak(words);
}
showVoices(document);

// --- keys: the same with and without a network

const back = () => stage?.querySelector("[data-back]");
const isShown = () => Boolean(back()) && !back().hidden;

if (stage) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("dialog[open], textarea, select")) return;
    const isTyping = Boolean(event.target.closest("input"));
    if (isTyping && (event.key !== "Enter" || !isShown())) return;
    const key = event.key.toLowerCase();
    if (!isShown() && key === " " && !event.target.closest("button, a")) press(event, stage.querySelector("[data-ask] button:only-of-type"));
    else if (isShown() && "1234".includes(key)) press(event, stage.querySelector(`[data-rate] [value="${key}"]`));
    else if (isShown() && key === "enter" && !event.target.closest("button, a")) press(event, stage.querySelector("[data-rate] button:not(.button-quiet)"));
    else if (key === "u") press(event, document.querySelector("[data-undo-form]:not([hidden]) button"));
    else if (isShown() && key === "e") press(event, stage.querySelector("[data-edit]"));
    else if (key === "s") press(event, stage.querySelector("[data-suspend] button"));
  });
}
function press(event, target) {
  if (!target) return;
  event.preventDefault();
  target.click();
}

// --- cards without loading a page

if (stage && !("practice" in stage.dataset) && stage.querySelector("[data-card]")) start();

function start() {
  const place = `parta-answers-${stage.dataset.person}`;
  const undoForm = document.querySelector("[data-undo-form]");
  const offline = document.querySelector("[data-offline]");
  const signedOut = document.querySelector("[data-signed-out]");
  let waiting = read(); // answers that the server has not confirmed
  let cards = []; // that come next
  let past = []; // {id: of the answer, card: {id, html}}
  let isSending = false;
  let typed = "";
  let shownAt = performance.now();
  let retry = 0;
  let current = { id: Number(stage.querySelector("[data-card]").dataset.card), html: stage.innerHTML };

  function read() {
    try {
      return JSON.parse(localStorage.getItem(place)) ?? [];
    } catch {
      return [];
    }
  }
  function keep() {
    try {
      localStorage.setItem(place, JSON.stringify(waiting));
    } catch { /* a browser that stores nothing still has them on this page */ }
  }

  function show(card) {
    current = card;
    typed = "";
    shownAt = performance.now();
    stage.innerHTML = card.html;
    showVoices(stage);
    const listen = stage.querySelector('[data-kind="listen"] [data-say]');
    if (listen && speaks) say(listen);
    stage.querySelector("[data-ask] input:not([type=hidden])")?.focus();
  }

  const skipped = () => [current?.id, ...cards.map((card) => card.id), ...waiting.map((one) => one.card)].filter(Boolean);

  function take(answer) {
    const have = new Set(skipped());
    cards.push(...answer.cards.filter((card) => !have.has(card.id)));
    for (const name of ["due", "new", "done"]) {
      const spot = document.querySelector(`[data-${name}]`);
      if (spot && answer[name] !== undefined) spot.textContent = answer[name];
    }
  }

  async function send() {
    if (isSending) return;
    isSending = true;
    clearTimeout(retry);
    try {
      do {
        const sent = waiting.slice(0, 100);
        const body = JSON.stringify({ answers: sent, n: Math.max(0, HELD - cards.length), skip: skipped() });
        const response = await fetch(stage.dataset.answers, { method: "POST", body, headers: { ...JSON_HEADERS(), "Content-Type": "application/json" } });
        signedOut.hidden = !(response.redirected || response.status === 403);
        if (!signedOut.hidden) return;
        // what the server can never take must not hold up the rest
        if (response.status === 422) drop(sent);
        if (!response.ok) throw new Error(response.status);
        const answer = await response.json();
        drop(sent.filter((one) => one.id in answer.outcomes));
        take(answer);
        offline.hidden = true;
      } while (waiting.length);
      if (!current) next();
    } catch {
      offline.hidden = false;
      offline.querySelector("[data-waiting]").textContent = waiting.length || "";
      retry = setTimeout(send, 5000);
    } finally {
      isSending = false;
    }
  }
  function drop(gone) {
    const ids = new Set(gone.map((one) => one.id));
    waiting = waiting.filter((one) => !ids.has(one.id));
    keep();
  }

  function next() {
    const card = cards.shift();
    if (card) return show(card);
    current = null;
    // all is answered: the page of the server says what comes now
    if (!waiting.length && !isSending) location.reload();
  }

  function rate(rating) {
    if (!current) return; // the last card is on its way
    const id = newId();
    waiting.push({ id, card: current.id, rating, at: new Date().toISOString(), typed, took: Math.round(performance.now() - shownAt) });
    keep();
    past.push({ id, card: current });
    past = past.slice(-50);
    undoForm.hidden = false;
    current = null;
    next();
    send();
  }

  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID(); // only where the page is secure
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
  }

  async function check(form, button) {
    const body = new FormData(form);
    if (button?.name) body.set(button.name, button.value);
    typed = body.get("answer") ?? "";
    form.hidden = true;
    back().hidden = false;
    if (body.has("answer")) {
      const card = current.id;
      // without the network one rates oneself; the server grades when the answer arrives
      const response = await fetch(stage.dataset.check, { method: "POST", body, headers: JSON_HEADERS() }).catch(() => null);
      if (response?.ok && !response.redirected && current?.id === card) {
        const grade = await response.json();
        stage.querySelector("[data-grade]").innerHTML = grade.html;
        for (const one of stage.querySelectorAll("[data-rate] button")) one.classList.toggle("button-quiet", one.value !== String(grade.rating));
      }
    }
    stage.querySelector("[data-rate] button:not(.button-quiet)")?.focus({ preventScroll: true });
  }

  async function undo() {
    const last = past.pop();
    if (!last) return undoForm.submit();
    if (current) cards.unshift(current);
    if (waiting.some((one) => one.id === last.id) && !isSending) {
      drop([last]);
      return show(last.card);
    }
    while (isSending) await new Promise((done) => setTimeout(done, 50));
    if (waiting.some((one) => one.id === last.id)) {
      drop([last]);
      return show(last.card);
    }
    const body = new FormData(undoForm);
    body.set("review", last.id);
    const response = await fetch(stage.dataset.undo, { method: "POST", body, headers: JSON_HEADERS() }).catch(() => null);
    if (response?.ok && !response.redirected) show(await response.json());
    else {
      past.push(last);
      current = null;
      next();
      offline.hidden = Boolean(response);
    }
  }

  stage.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-ask]")) {
      event.preventDefault();
      check(form, event.submitter);
    } else if (form.matches("[data-rate]")) {
      event.preventDefault();
      rate(Number(event.submitter?.value ?? 3));
    } else if (form.matches("[data-suspend]") && navigator.onLine) {
      event.preventDefault();
      const body = new FormData(form);
      fetch(stage.dataset.suspend, { method: "POST", body, headers: JSON_HEADERS() }).catch(() => { offline.hidden = false; });
      current = null;
      next();
      send();
    }
  });
  undoForm.addEventListener("submit", (event) => {
    if (!past.length) return;
    event.preventDefault();
    undo();
  });
  addEventListener("online", send);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && waiting.length) send(); });
  send();
}
