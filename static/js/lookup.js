// Looks a word up where one reads: a double click, the button beside selected words, or the key D open a small panel
// with the entry. Loaded by site.js when words are selected for the first time, or where saved words are underlined.

import { showVoices } from "./speak.js";

const MOST_LETTERS = 60;
const WORD = /[\p{L}\p{M}\p{N}]+(?:[’'-][\p{L}\p{M}\p{N}]+)*/gu;
const labels = document.querySelector("[data-lookup]").dataset;
const panel = Object.assign(document.createElement("section"), { className: "lookup panel", tabIndex: -1, hidden: true });
panel.setAttribute("role", "dialog");
panel.setAttribute("aria-label", labels.lookupLabel);
const button = Object.assign(document.createElement("button"), { className: "button lookup-button", type: "button", hidden: true, textContent: labels.lookupLabel });
document.body.append(panel, button);
let before = null; // what had the focus
let asked = "";

function chosen() {
  const selection = getSelection();
  const words = selection.toString().trim();
  const node = selection.anchorNode;
  const place = node && (node.nodeType === Node.TEXT_NODE ? node.parentElement : node);
  const inside = place?.closest("[data-lookup]");
  if (!inside || !words || words.length > MOST_LETTERS || place.closest("input, textarea")) return null;
  return { words, language: place.closest("[lang]")?.lang ?? "", inside, box: selection.getRangeAt(0).getBoundingClientRect() };
}

async function open(found, { focus }) {
  asked = found.words;
  before = document.activeElement;
  button.hidden = true;
  const query = new URLSearchParams({ word: found.words, language: found.language });
  const answer = await fetch(`${found.inside.dataset.lookup}?${query}`).catch(() => null);
  if (!answer?.ok || answer.redirected || asked !== found.words) return;
  panel.innerHTML = await answer.text();
  panel.hidden = false;
  place(found.box);
  showVoices(panel);
  if (focus) panel.focus({ preventScroll: true });
}

// Beside the word on a wide screen; on a narrow one the style sheet puts it at the bottom.
function place(box) {
  if (innerWidth < 640) return panel.classList.add("at-bottom");
  panel.classList.remove("at-bottom");
  const below = box.bottom + panel.offsetHeight + 16 < innerHeight;
  panel.style.setProperty("left", `${Math.max(8, Math.min(box.left, innerWidth - panel.offsetWidth - 8))}px`);
  panel.style.setProperty("top", `${Math.max(8, below ? box.bottom + 8 : box.top - panel.offsetHeight - 8)}px`);
}

function close() {
  if (panel.hidden) return;
  const had = panel.contains(document.activeElement);
  panel.hidden = true;
  asked = "";
  if (had) before?.focus?.({ preventScroll: true });
}

document.addEventListener("dblclick", () => {
  const found = chosen();
  if (found) open(found, { focus: false });
});
let timer = 0;
document.addEventListener("selectionchange", () => {
  clearTimeout(timer);
  // after the finger or the mouse has come to rest
  timer = setTimeout(offer, 250);
});
function offer() {
  const found = panel.hidden && chosen();
  button.hidden = !found;
  if (!found) return;
  button.style.setProperty("left", `${Math.max(8, Math.min(found.box.left, innerWidth - button.offsetWidth - 8))}px`);
  button.style.setProperty("top", `${Math.min(found.box.bottom + 8, innerHeight - button.offsetHeight - 72)}px`);
}
offer();
// the button must not take the selection away
button.addEventListener("pointerdown", (event) => event.preventDefault());
button.addEventListener("click", () => {
  const found = chosen();
  if (found) open(found, { focus: true });
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return close();
  if (event.key.toLowerCase() !== "d" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (localStorage.getItem("keys") === "off" || event.target.closest("input, textarea, select, dialog[open]")) return;
  const found = chosen();
  if (!found) return;
  event.preventDefault();
  open(found, { focus: true });
});
document.addEventListener("pointerdown", (event) => {
  if (!panel.contains(event.target) && event.target !== button) close();
});
addEventListener("scroll", () => { button.hidden = true; }, { passive: true, capture: true });

panel.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) close();
});
panel.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const said = form.querySelector("[data-said]");
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } }).catch(() => null);
  const told = answer && !answer.redirected ? await answer.json().catch(() => ({})) : {};
  if (answer?.ok && told.saved) {
    form.querySelector("[data-save]").hidden = true;
    said.textContent = form.dataset.saved;
    underline();
  } else {
    said.textContent = told.detail ?? form.dataset.failed;
  }
});

// --- saved words are underlined, if one wishes; the text itself stays as it is

async function underline() {
  if (localStorage.getItem("underline-words") !== "on" || !("highlights" in CSS)) return;
  const answer = await fetch(labels.lookupSaved).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const saved = new Set((await answer.json()).words.map((word) => word.toLowerCase()));
  const ranges = [];
  for (const root of document.querySelectorAll("[data-lookup]")) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const match of node.data.matchAll(WORD)) {
        if (!saved.has(match[0].toLowerCase())) continue;
        const range = new Range();
        range.setStart(node, match.index);
        range.setEnd(node, match.index + match[0].length);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set("saved-words", new Highlight(...ranges));
}
underline();
