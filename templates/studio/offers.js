// The example, the effect and the faults of an offer while somebody types. The answer is the page as the server makes
// it without any script; the parts marked as live take the place of those on the screen.
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

let timer = 0;
form?.addEventListener("input", () => {
  typed += 1;
  unsaved = true;
  clearTimeout(timer);
  timer = setTimeout(look, 600);
});
form?.addEventListener("submit", (event) => {
  if (event.submitter?.getAttribute("formaction")) {
    event.preventDefault();
    look();
  } else {
    unsaved = false;
  }
});
addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
