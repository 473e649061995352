// A teacher's pages: choose all rows of a table, and drag students between groups. Both work without this file.

const all = document.querySelector("[data-choose-all]");
if (all) {
  const boxes = () => document.querySelectorAll('[data-choose-many] tbody input[name="enrollment"]');
  all.hidden = false;
  all.addEventListener("change", () => boxes().forEach((box) => (box.checked = all.checked)));
}

const board = document.querySelector("[data-board]");
if (board) {
  const said = board.querySelector("[data-said]");
  const say = (text) => (said.textContent = text);
  let held = null;

  const put = async (card, list, home, next) => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", board.elements.csrfmiddlewaretoken.value);
    body.set("enrollment", card.dataset.card);
    body.set("group", list.closest("[data-column]").dataset.column);
    try {
      const answer = await fetch(board.action, { method: "POST", body, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status === 409 ? await answer.text() : said.dataset.failed);
      say(said.dataset.moved);
    } catch (error) {
      home.insertBefore(card, next); // where it was
      said.classList.remove("visually-hidden");
      say(error instanceof TypeError ? said.dataset.failed : error.message);
    }
  };

  for (const card of board.querySelectorAll("[data-card]")) {
    card.draggable = true;
    card.addEventListener("dragstart", () => (held = card));
    card.addEventListener("dragend", () => (held = null));
  }
  for (const list of board.querySelectorAll("[data-drop]")) {
    list.addEventListener("dragover", (event) => {
      if (!held) return;
      event.preventDefault();
      list.classList.add("is-over");
    });
    list.addEventListener("dragleave", () => list.classList.remove("is-over"));
    list.addEventListener("drop", (event) => {
      event.preventDefault();
      list.classList.remove("is-over");
      if (!held || held.parentElement === list) return;
      const home = held.parentElement;
      const next = held.nextElementSibling;
      list.append(held);
      put(held, list, home, next);
    });
  }
}
