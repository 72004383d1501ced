// The example, the effect and the faults of an offer while somebody types. The answer is the page as the server makes
// it without any script; the parts marked as live take the place of those on the screen.
import { wasTyped } from "./studio.js";

const form = document.querySelector("[data-offer]");
const effect = document.querySelector('[data-looked="effect"]');
let typed = 0;
let unsaved = false;

const looked = () =>
  new Promise((resolve) => {
    const asked = new XMLHttpRequest();
    asked.responseType = "document";
    asked.addEventListener("loadend", () => resolve(asked.status === 200 ? asked.response : null));
    asked.open("POST", "/offer/look");
    asked.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    asked.send(new URLSearchParams(new FormData(form)).toString());
  });

async function look() {
  const mine = typed;
  effect.setAttribute("aria-busy", "true");
  const page = await looked();
  if (mine !== typed) return;
  effect.removeAttribute("aria-busy");
  for (const part of page?.querySelectorAll("[data-looked]") ?? []) {
    const place = document.querySelector(`[data-looked="${part.dataset.looked}"]`);
    const open = [...place.querySelectorAll("details")].map((one) => one.open);
    place.replaceChildren(...[...part.childNodes].map((one) => document.importNode(one, true)));
    place.querySelectorAll("details").forEach((one, n) => (one.open = open[n] ?? false));
  }
}

// The draft survives a closed tab and a killed studio, as that of a text does. It is not a save, and never says so.
const saved = form?.querySelector("[data-saved]");
async function keep() {
  const mine = typed;
  const answer = await fetch("/offer/draft", { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
  const kept = answer?.headers.get("Content-Type")?.includes("json") ? await answer.json() : null;
  if (mine !== typed || !unsaved) return;
  if (kept) saved.textContent = kept.text ?? kept.said ?? "";
  else saved.textContent = "The studio does not answer. What you typed is only in this page: keep it open.";
}

let timer = 0;
let keeping = 0;
function changed() {
  typed += 1;
  unsaved = true;
  clearTimeout(timer);
  timer = setTimeout(look, 600);
  clearTimeout(keeping);
  if (form.querySelector("button.main")) keeping = setTimeout(keep, 1500);
}
form?.addEventListener("input", changed);
if (form && wasTyped(form.elements)) changed();
form?.addEventListener("submit", (event) => {
  if (event.submitter?.getAttribute("formaction")) {
    event.preventDefault();
    look();
  } else {
    unsaved = false;
    clearTimeout(keeping);
  }
});
addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
