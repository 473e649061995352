// Suggestions of the dictionary while one types. Without this script the form searches when it is sent.

const form = document.querySelector("[data-dictionary]");
const results = document.querySelector("[data-results]");
if (form && results) {
  let timer;
  let asked = new URLSearchParams(new FormData(form)).toString();

  const ask = async () => {
    const query = new URLSearchParams(new FormData(form)).toString();
    if (query === asked) return;
    asked = query;
    const answer = await fetch(`${form.dataset.dictionary}?${query}`).catch(() => null);
    // an answer that comes after a newer question is dropped; a redirect leads to the log-in page
    if (!answer?.ok || answer.redirected || query !== asked) return;
    results.innerHTML = await answer.text();
    history.replaceState(null, "", `?${query}`);
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
}
