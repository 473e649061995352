// Sounds of words: a recording or synthetic speech of the server, else the browser's own voice.

export const speaks = "speechSynthesis" in window;

// Shows the buttons that this browser can answer.
export function showVoices(root) {
  const isHeard = (button) => Boolean(button.href) || speaks;
  for (const button of root.querySelectorAll("[data-say]")) button.hidden = !isHeard(button);
  // what cannot be heard is shown
  for (const words of root.querySelectorAll("[data-unheard]")) {
    const button = words.closest("[data-card]")?.querySelector("[data-say]");
    words.hidden = button ? isHeard(button) : speaks;
  }
}

let playing = null;
// With an address the button is a link to the sound, which works without this script too.
export function say(button) {
  playing?.pause();
  if (speaks) speechSynthesis.cancel();
  if (!button.href) return speakHere(button);
  playing = new Audio(button.href);
  // without a network, or where the sound is gone
  playing.play().catch((error) => { if (error.name !== "AbortError") speakHere(button); });
}
function speakHere(button) {
  if (!speaks) return;
  const words = new SpeechSynthesisUtterance(button.dataset.say);
  words.lang = button.dataset.language;
  speechSynthesis.speak(words);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-say]");
  if (!button) return;
  event.preventDefault();
  say(button);
});
showVoices(document);
