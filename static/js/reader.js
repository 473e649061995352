// The reader: remembers the place, tells when a recording has been played, and listens to keys.
// Without this file a lesson is read, marked done and left just the same.

const outline = document.querySelector("[data-outline]");
const wide = window.matchMedia("(min-width: 64rem)");
const unfold = () => { if (outline) outline.open = wide.matches; };
unfold();
wide.addEventListener("change", unfold);
outline?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: "nearest" });

const reading = document.querySelector("[data-reading]");
const body = document.querySelector("[data-body]");

function tell(address, fields) {
  const form = new FormData(reading);
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return fetch(address, { method: "POST", body: form, keepalive: true, credentials: "same-origin" });
}

if (reading && body) keepPlace();

function keepPlace() {
  const key = `place:${location.pathname}`;
  const seen = new Set();
  let told = null;
  let timer = 0;

  const topmost = () => [...body.querySelectorAll(".block")].find((block) => seen.has(block));
  const say = () => {
    const block = topmost()?.dataset.id ?? "";
    if (block === told) return;
    told = block;
    tell(reading.dataset.position, { block }).catch(() => { told = null; });
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? seen.add(entry.target) : seen.delete(entry.target);
    clearTimeout(timer);
    timer = setTimeout(say, 1500);
    const block = topmost();
    if (block && window.scrollY > 200) sessionStorage.setItem(key, block.dataset.id);
  });
  for (const block of body.querySelectorAll(".block")) watcher.observe(block);

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
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (key === "j") document.querySelector("[data-previous]")?.click();
  else if (key === "k") document.querySelector("[data-next]")?.click();
  else if (key === "d") document.querySelector("[data-done] button")?.click();
  else if (event.key === "?") dialog?.showModal();
});

// “Discuss in chat” takes along the place that one is at.
document.querySelector("[data-discuss]")?.addEventListener("click", (event) => {
  const place = [...document.querySelectorAll("[data-body] > .block")].find((block) => block.getBoundingClientRect().bottom > 90);
  if (!place?.dataset.id) return;
  const address = new URL(event.currentTarget.href);
  address.searchParams.set("block", place.dataset.id);
  event.currentTarget.href = address;
});
