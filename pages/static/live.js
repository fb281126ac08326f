// Keeps the page up to date without being asked: every few seconds the same page is loaded and what is marked with `data-live` replaced.
// Without this script all works, and a reload shows the news.
"use strict";
(() => {
  const EVERY_MS = 5000;
  const status = document.getElementById("live");
  if (!status || !document.querySelector("[data-live]")) return;
  const address = status.dataset.address || location.href.split("#")[0]; // of what a form answered: the page that it stands on
  let off = false;

  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  const label = () => {
    button.textContent = off ? "Go live" : "Stop updating";
    button.setAttribute("aria-pressed", String(off));
  };
  button.addEventListener("click", () => {
    off = !off;
    label();
    if (!off) update();
  });
  label();
  status.after(button);

  const replace = (fresh) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const news = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
      if (!news || news.innerHTML === part.innerHTML) continue;
      const held = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      if (part.contains(document.activeElement) && held === null) continue; // somebody types or chooses here
      if (part.contains(document.getSelection()?.anchorNode ?? null) && !document.getSelection().isCollapsed) continue; // and copies
      part.replaceChildren(...news.childNodes);
      if (held !== null) part.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus();
    }
    const time = fresh.getElementById("live");
    if (time) status.textContent = time.textContent;
  };

  // the answer to a form stands at an address that cannot be loaded again: it names the page it shows
  const source = () => document.querySelector("[data-live-from]")?.dataset.liveFrom ?? location.href.split("#")[0];

  const update = async () => {
    if (off || document.hidden) return;
    try {
      const answer = await fetch(source(), { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!off) replace(fresh);
      status.classList.remove("bad");
    } catch {
      status.textContent = "cannot be updated: reload the page";
      status.classList.add("bad");
    }
  };

  const again = async () => {
    await update();
    setTimeout(again, EVERY_MS);
  };
  setTimeout(again, EVERY_MS);
  document.addEventListener("visibilitychange", update);
})();
