// Private lessons: dragging in the calendar, the countdown, drafts of homework, keys. Each works without this file too.

const csrf = () => document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? "";
const post = (url, body) => fetch(url, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": csrf() } });

// --- the calendar: drag an entry to another cell, or its lower edge to another length

const calendar = document.querySelector("[data-calendar]");
if (calendar) {
  const STEP = 15; // minutes to which a drag snaps
  const said = document.querySelector("[data-calendar-said]");
  const five = parseFloat(getComputedStyle(calendar).getPropertyValue("--five"));
  let held = null;

  const failed = (text) => {
    said.textContent = text || calendar.dataset.failed;
    said.classList.remove("visually-hidden");
    said.scrollIntoView({ block: "nearest" });
  };

  const put = async (entry, startsAt, minutes) => {
    const body = new FormData();
    body.set("starts_at", startsAt);
    body.set("minutes", minutes);
    try {
      const answer = await post(entry.dataset.entry, body);
      const told = await answer.json();
      if (!answer.ok) return failed(told.detail);
      said.textContent = `${calendar.dataset.moved} ${told.said}`;
      location.reload();
    } catch {
      failed();
    }
  };

  const cellAt = (event) => document.elementsFromPoint(event.clientX, event.clientY).find((one) => one.dataset?.cell);

  calendar.addEventListener("pointerdown", (event) => {
    const entry = event.target.closest("[data-entry]");
    // fingers scroll: on touch the form behind the entry moves it
    if (!entry || event.button !== 0 || event.pointerType === "touch") return;
    const box = entry.getBoundingClientRect();
    held = { entry, resizes: Boolean(event.target.closest("[data-resize]")), y: event.clientY, grip: event.clientY - box.top, moved: false };
  });

  addEventListener("pointermove", (event) => {
    if (!held || (!held.moved && Math.abs(event.clientY - held.y) < 5 && cellAt(event)?.contains(held.entry))) return;
    held.moved = true;
    held.entry.classList.add("is-held");
    for (const cell of calendar.querySelectorAll(".is-over")) cell.classList.remove("is-over");
    if (!held.resizes) cellAt(event)?.classList.add("is-over");
    event.preventDefault();
  });

  addEventListener("pointercancel", () => {
    held?.entry.classList.remove("is-held");
    held = null;
    for (const cell of calendar.querySelectorAll(".is-over")) cell.classList.remove("is-over");
  });

  addEventListener("pointerup", (event) => {
    if (!held) return;
    const { entry, resizes, y, grip, moved } = held;
    held = null;
    entry.classList.remove("is-held");
    for (const cell of calendar.querySelectorAll(".is-over")) cell.classList.remove("is-over");
    if (!moved) return;
    entry.addEventListener("click", (click) => click.preventDefault(), { once: true });
    const minutes = Number(entry.dataset.minutes);
    if (resizes) {
      const more = Math.round(((event.clientY - y) / five) * 5 / STEP) * STEP;
      if (more) put(entry, entry.dataset.starts, Math.max(STEP, minutes + more));
      return;
    }
    const cell = cellAt(event);
    if (!cell) return;
    const inside = ((event.clientY - grip - cell.getBoundingClientRect().top) / five) * 5;
    const offset = Math.round(inside / STEP) * STEP;
    const [day, hour] = cell.dataset.cell.split("T");
    const minute = Number(hour) * 60 + offset;
    if (minute < 0 || minute >= 24 * 60) return;
    const clock = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
    put(entry, `${day}T${clock}`, minutes);
  });

  calendar.addEventListener("dragstart", (event) => event.preventDefault());
}

// --- free times that are offered after a clash fill the form

for (const button of document.querySelectorAll("[data-free]")) {
  button.addEventListener("click", () => {
    const form = button.closest("form");
    form.elements.day.value = button.dataset.day;
    form.elements.at.value = button.dataset.at;
    form.querySelector("button.button:not([data-free])")?.focus();
  });
}

// --- the countdown to the next lesson

const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const countDown = (mark) => {
  const minutes = Math.round((new Date(mark.dataset.countdown) - Date.now()) / 60_000);
  const [count, unit] = Math.abs(minutes) < 60 ? [minutes, "minute"] : Math.abs(minutes) < 48 * 60 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"];
  mark.textContent = relative.format(count, unit);
  mark.hidden = false;
};
const marks = document.querySelectorAll("[data-countdown]");
for (const mark of marks) countDown(mark);
if (marks.length) setInterval(() => marks.forEach(countDown), 30_000);

// --- the draft of an answer survives a closed tab

const answer = document.querySelector("[data-draft]");
if (answer) {
  const text = answer.elements.text;
  const kept = answer.querySelector("[data-kept]");
  let timer = 0;
  let stored = text.value;
  const keep = () => {
    clearTimeout(timer);
    if (text.value === stored) return;
    const body = new FormData();
    body.set("text", text.value);
    body.set("csrfmiddlewaretoken", csrf());
    stored = text.value;
    fetch(answer.dataset.draft, { method: "POST", body, keepalive: body.get("text").length < 20_000 })
      // a redirect leads to the log-in page: that is no draft kept
      .then((told) => { if (told.ok && !told.redirected) kept.textContent = kept.dataset.kept; else stored = null; })
      .catch(() => { stored = null; });
  };
  text.addEventListener("input", () => {
    kept.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(keep, 1_000);
  });
  // what the form itself sends is no draft any more
  answer.addEventListener("submit", () => {
    clearTimeout(timer);
    stored = text.value;
  });
  addEventListener("pagehide", keep);
}

// --- an answer that is on the teacher's screen cannot be taken back any more

const shown = document.querySelector("[data-opened]");
if (shown) {
  const body = new FormData();
  body.set("attempt", shown.dataset.attempt);
  post(shown.dataset.opened, body).catch(() => {});
}

// --- a plan that is not saved yet is saved before another button of the page leads away from it

const plan = document.querySelector("[data-plan]");
if (plan) {
  let saved = new URLSearchParams(new FormData(plan)).toString();
  plan.addEventListener("submit", () => { saved = null; });
  document.addEventListener("submit", async (event) => {
    const now = new URLSearchParams(new FormData(plan)).toString();
    if (event.target === plan || saved === null || now === saved) return;
    event.preventDefault();
    const { target, submitter } = event;
    const told = await post(plan.action, new FormData(plan)).catch(() => null);
    // what is refused is shown by the form of the plan itself
    if (!told?.ok) return plan.requestSubmit();
    saved = now;
    target.requestSubmit(submitter);
  });
  addEventListener("beforeunload", (event) => {
    if (saved !== null && new URLSearchParams(new FormData(plan)).toString() !== saved) event.preventDefault();
  });
}

// --- J and K: the next and the previous answer

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem("keys") === "off") return;
  // the place of the key and not its letter: on a Russian keyboard J is О
  const link = document.querySelector(`[data-key="${CSS.escape(event.code)}"]`);
  if (link) location.href = link.href;
});

// --- a mark can be undone for ten seconds

const toast = document.querySelector("[data-toast]");
if (toast) {
  setTimeout(() => toast.remove(), 10_000);
  history.replaceState(null, "", location.pathname + location.hash);
}

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
