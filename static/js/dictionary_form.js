// Recordings and pictures in the form of a word: recorded here or chosen, stored at once, kept when the word is saved.
// Rows come and go while the form is open, so that all listeners are on the document.

(() => {
  const LONGEST = 60_000; // milliseconds of a recording
  const ENDINGS = { "audio/webm": "weba", "audio/ogg": "ogg", "audio/mp4": "m4a" };
  const records = Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);
  let recorder = null;

  const place = (target) => target.closest("[data-stored-input]");
  const say = (box, text) => { box.querySelector("[role=status]").textContent = text; };
  const csrf = () => document.querySelector("input[name=csrfmiddlewaretoken]").value;

  function showButtons() {
    for (const button of document.querySelectorAll("[data-stored-input] [data-record]")) button.hidden = !records;
  }

  async function store(box, file, name) {
    const form = new FormData();
    form.append("file", file, name);
    form.append("title", document.querySelector("#id_lemma")?.value || name);
    const answer = await fetch(box.dataset.address, { method: "POST", body: form, headers: { "X-CSRFToken": csrf() } }).catch(() => null);
    const told = await answer?.json().catch(() => null);
    if (!answer?.ok || !told?.id) return say(box, told?.error ?? box.dataset.failed);
    box.querySelector("input[type=hidden]").value = told.id;
    show(box, file);
    say(box, box.dataset.stored);
  }
  function show(box, file) {
    const isSound = box.dataset.storedInput === "sound";
    const shown = document.createElement(isSound ? "audio" : "img");
    if (isSound) shown.controls = true;
    else shown.alt = "";
    shown.src = URL.createObjectURL(file);
    box.querySelector("[data-shown]").replaceChildren(shown);
    box.querySelector("[data-take-away]").hidden = false;
  }

  async function record(box, button) {
    if (recorder) return recorder.stop();
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
    if (!stream) return say(box, box.dataset.refused);
    const parts = [];
    const label = button.textContent;
    recorder = new MediaRecorder(stream);
    const timer = setTimeout(() => recorder?.stop(), LONGEST);
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", () => {
      clearTimeout(timer);
      const type = recorder.mimeType.split(";")[0];
      recorder = null;
      button.textContent = label;
      for (const track of stream.getTracks()) track.stop();
      store(box, new Blob(parts, { type }), `recording.${ENDINGS[type] ?? "weba"}`);
    });
    button.textContent = button.dataset.stop;
    recorder.start();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-record], [data-take-away]");
    const box = button && place(button);
    if (!box) return;
    if ("record" in button.dataset) return record(box, button);
    box.querySelector("input[type=hidden]").value = "";
    box.querySelector("[data-shown]").replaceChildren();
    button.hidden = true;
    say(box, "");
  });
  document.addEventListener("change", (event) => {
    const box = event.target.type === "file" && place(event.target);
    const file = box && event.target.files[0];
    if (file) store(box, file, file.name);
    if (box) event.target.value = "";
  });
  document.addEventListener("DOMContentLoaded", showButtons);
  new MutationObserver(showButtons).observe(document.documentElement, { childList: true, subtree: true });
})();
