// What every page does beyond HTML: menus close by Escape and by a click elsewhere.

const menus = () => document.querySelectorAll("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Unread messages, live on every page of who has a chat. A room's own page has its own line.
if (document.querySelector("[data-unread]") && !document.querySelector("[data-chat]")) {
  const { Connection, countUnread } = await import("./connection.js");
  countUnread(new Connection());
}
