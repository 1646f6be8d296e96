// Copies a value, and says when new mail is there. The page works without it.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const word = button.firstChild;
    word.textContent = "Copied";
    setTimeout(() => { word.textContent = "Copy"; }, 1500);
  });
}

const fresh = document.querySelector("[data-newest]");
if (fresh) {
  setInterval(async () => {
    try {
      const answer = await fetch("/newest", { cache: "no-store" });
      const { newest } = await answer.json();
      fresh.hidden = !newest || newest === fresh.dataset.newest;
    } catch {
      // The sandbox was stopped; the list stays readable.
    }
  }, 2000);
}
