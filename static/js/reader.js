// The reader: remembers the place, tells when a recording has been played, and listens to keys.
// Without this file a lesson is read, marked done and left just the same.

const outline = document.querySelector("[data-outline]");
const wide = window.matchMedia("(min-width: 64rem)");
const unfold = () => { if (outline) outline.open = wide.matches; };
unfold();
wide.addEventListener("change", unfold);
showCurrent();

// The current lesson stands in the middle of a long outline. Set by number: scrolling into view would move the place
// from which Tab goes on.
function showCurrent() {
  const column = outline?.closest(".reader-outline");
  const current = outline?.querySelector('[aria-current="page"]');
  if (!column || !current || column.scrollHeight <= column.clientHeight) return;
  column.scrollTop = current.getBoundingClientRect().top - column.getBoundingClientRect().top - column.clientHeight / 2;
}

const reading = document.querySelector("[data-reading]");
const body = document.querySelector("[data-body]");

function tell(address, fields) {
  const form = new FormData(reading);
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return fetch(address, { method: "POST", body: form, keepalive: true, credentials: "same-origin" });
}

if (reading && body) keepPlace();

// The lesson is told as the one last read; a place in it only when the reader has moved away from where it opened.
function keepPlace() {
  const MOVED = 120; // px
  const seen = new Set();
  let told = null;
  let timer = 0;
  let opened = null;
  let hasMoved = false;

  const topmost = () => [...body.querySelectorAll(".block")].find((block) => seen.has(block));
  const say = () => {
    const block = hasMoved ? topmost()?.dataset.id ?? "" : "";
    if (block === told) return;
    told = block;
    tell(reading.dataset.position, { block }).catch(() => { told = null; });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(say, 1500);
  };
  setTimeout(() => { opened = window.scrollY; }, 600); // after the browser has gone to the place in the address
  addEventListener("scroll", () => {
    if (opened === null || hasMoved || Math.abs(window.scrollY - opened) < MOVED) return;
    hasMoved = true;
    soon();
  }, { passive: true });
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? seen.add(entry.target) : seen.delete(entry.target);
    soon();
  });
  for (const block of body.querySelectorAll(".block")) watcher.observe(block);
  markStop();

  for (const player of body.querySelectorAll("[data-block]")) {
    let reported = false;
    player.addEventListener("timeupdate", async () => {
      if (reported || !player.duration || player.currentTime / player.duration < 0.9) return;
      reported = true;
      try {
        const answer = await tell(reading.dataset.played, { block: player.dataset.block });
        if (answer.ok && (await answer.json()).done && !document.querySelector('[name="done"][value="0"]')) location.reload();
      } catch { reported = false; }
    });
  }
}

// Who came by “Continue” sees where that was.
function markStop() {
  const here = location.pathname + location.hash;
  if (!location.hash.startsWith("#b-") || sessionStorage.getItem("continue") !== here) return;
  sessionStorage.removeItem("continue");
  const block = document.getElementById(location.hash.slice(1));
  if (!block) return;
  const mark = document.createElement("p");
  mark.className = "stopped-here";
  mark.textContent = reading.dataset.stoppedWords;
  block.before(mark);
}

// A video elsewhere is asked for only when someone starts it.
document.addEventListener("click", (event) => {
  const start = event.target.closest("[data-player]");
  if (!start || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const frame = document.createElement("iframe");
  frame.src = start.dataset.player;
  frame.title = start.dataset.title;
  frame.allow = "autoplay; fullscreen; picture-in-picture";
  frame.referrerPolicy = "strict-origin-when-cross-origin";
  start.replaceWith(frame);
  frame.focus();
});

const dialog = document.querySelector("[data-keys-dialog]");
const keysButton = document.querySelector("[data-keys]");
if (keysButton && dialog) {
  keysButton.hidden = false;
  keysButton.addEventListener("click", () => dialog.showModal());
  const off = dialog.querySelector("[data-keys-off]");
  off.checked = localStorage.getItem("keys") === "off";
  off.addEventListener("change", () => localStorage.setItem("keys", off.checked ? "off" : "on"));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (event.key !== "?" && localStorage.getItem("keys") === "off") return;
  if (key === "j") document.querySelector("[data-next]")?.click();
  else if (key === "k") document.querySelector("[data-previous]")?.click();
  else if (key === "d" && getSelection().isCollapsed) markDoneHere(); // with a selected word, D looks it up
  else if (event.key === "?") dialog?.showModal();
});

// The key D marks the lesson done, or not done, and one stays in it.
function markDoneHere() {
  const form = document.querySelector("[data-done]");
  if (!form) return;
  const stay = Object.assign(document.createElement("input"), { type: "hidden", name: "stay", value: "1" });
  form.append(stay);
  form.querySelector("button").click();
  setTimeout(() => stay.remove()); // the form is on its way; back on this page, its button leads on again
}

// Without HTTPS a browser lets nobody write to the clipboard: then there is no button.
for (const button of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  button.hidden = false;
  const words = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.closest("figure").querySelector("code").textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}

// A picture opens large over the page; without this file its link leads to the picture itself.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-enlarge]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const large = document.createElement("dialog");
  const image = new Image();
  image.src = link.href;
  image.alt = link.querySelector("img").alt;
  large.className = "enlarged";
  large.setAttribute("aria-label", image.alt || document.title);
  large.append(image);
  large.addEventListener("click", () => large.close());
  large.addEventListener("close", () => { large.remove(); link.focus(); });
  document.body.append(large);
  large.showModal();
});

// “Discuss in chat” takes along the place that one is at.
document.querySelector("[data-discuss]")?.addEventListener("click", (event) => {
  const place = [...document.querySelectorAll("[data-body] > .block")].find((block) => block.getBoundingClientRect().bottom > 90);
  if (!place?.dataset.id) return;
  const address = new URL(event.currentTarget.href);
  address.searchParams.set("block", place.dataset.id);
  event.currentTarget.href = address;
});
