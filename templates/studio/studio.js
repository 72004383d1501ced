// The small live parts of the studio. Every screen works without them, except the first address of a person.

// Whether somebody typed into these fields already: a page can be used before its scripts have come.
export function wasTyped(fields) {
  return [...fields].some((one) =>
    /^(checkbox|radio)$/.test(one.type)
      ? one.checked !== one.defaultChecked
      : /^(text|search|textarea)$/.test(one.type) && one.value !== one.defaultValue,
  );
}

if (document.querySelector(".me")) {
  // Figures of partners leave the screen when the session ends, on every page and without a hand.
  setInterval(async () => {
    const answer = await fetch("/session").catch(() => null);
    if (answer?.status === 401) location.assign("/sign-in?locked=1");
  }, 5000);
}

const here = document.querySelector(".top nav [aria-current]");
if (here) {
  // On a phone the screens stand in one line, of which the current one is to be seen.
  const line = here.parentElement;
  const show = () => (line.scrollLeft = here.offsetLeft - line.offsetLeft - line.clientWidth / 3);
  addEventListener("resize", show);
  show();
}

const join = document.querySelector("[data-join]");
if (join) {
  // The code stands in the fragment, which no server and no log ever sees; it leaves the address at once.
  const code = location.hash.slice(1) || history.state?.code || "";
  join.elements.code.value = code;
  if (location.hash) history.replaceState(null, "", location.pathname);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}

// Cells of a table, in which text of partners stays text.
const cell = (name, ...parts) => {
  const made = document.createElement(name);
  for (const part of parts) made.append(part);
  return made;
};
const isolated = (text) => cell("bdi", text ?? "");
const link = (href, text) => {
  const made = cell("a", isolated(text));
  made.href = href;
  return made;
};
const headed = (...parts) => {
  const made = cell("th", ...parts);
  made.scope = "row";
  return made;
};
const numbered = (text) => {
  const made = cell("td", text);
  made.className = "n";
  return made;
};
const rowOf = {
  partners: (one) => [
    headed(link(one.href, one.name || one.id), " ", cell("small", isolated(one.id))),
    cell("td", isolated(one.email)),
    cell("td", one.level),
    cell("td", isolated(one.country)),
    numbered(one.sums),
  ],
  mails: (one) => [
    headed(link(one.href, one.subject)),
    cell("td", isolated(one.name), " ", cell("small", isolated(one.id))),
    cell("td", one.plan),
  ],
};

// A device makes a passkey, or signs with one: the server checks the form first and says what is to be signed.
for (const button of document.querySelectorAll("[data-device]")) {
  const form = button.form;
  const said = form.querySelector("[data-device-said]");
  button.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    said.textContent = "";
    button.disabled = true;
    try {
      const body = new URLSearchParams(new FormData(form));
      const asked = await (await fetch(form.dataset.begin, { method: "POST", body })).json();
      if (asked.text) {
        said.textContent = asked.text;
      } else if (button.dataset.device === "make") {
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked);
        form.elements.made.value = JSON.stringify(await navigator.credentials.create({ publicKey }));
        form.submit();
      } else {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked);
        form.elements.signed.value = JSON.stringify(await navigator.credentials.get({ publicKey }));
        form.submit();
      }
    } catch (error) {
      said.textContent =
        error.name === "NotAllowedError" ? "The device did not sign. Try again." : `It did not work: ${error.message}`;
    }
    button.disabled = false;
  });
}

for (const form of document.querySelectorAll("[data-slow]")) {
  form.addEventListener("submit", (event) => {
    event.submitter.textContent = form.dataset.slow;
    // Only after the form's values were taken, among them the button's own.
    setTimeout(() => form.querySelectorAll("button").forEach((one) => (one.disabled = true)));
  });
}

const search = document.querySelector("[data-search]");
if (search) {
  const field = search.elements.find;
  const said = document.querySelector("[data-said]");
  let asked = 0;
  const show = (kind, rows) => {
    const panel = document.querySelector(`[data-found="${kind}"]`);
    panel.querySelector("tbody").replaceChildren(...rows.map((one) => cell("tr", ...rowOf[kind](one))));
    panel.hidden = rows.length === 0;
  };
  const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  const find = async () => {
    const mine = ++asked;
    const answer = await fetch(`${search.dataset.search}?find=${encodeURIComponent(field.value)}`);
    if (answer.status === 401) location.assign("/sign-in?locked=1");
    if (!answer.ok) return;
    const found = await answer.json();
    if (mine !== asked) return;
    show("partners", found.rows);
    show("mails", found.mails);
    document.querySelector("[data-more]").textContent = found.more
      ? `… and ${found.more.toLocaleString("en")} more: type more of the name.`
      : "";
    said.textContent = found.asked
      ? `${plural(found.rows.length + found.more, "partner")} and ${plural(found.mails.length, "mail")} found.`
      : "";
  };
  field.addEventListener("input", find);
  if (wasTyped([field])) find();
}

const live = document.querySelector("[data-live]");
if (live) {
  const source = new EventSource(live.dataset.live);
  // Whoever leaves the page is not called back to it: a reload would end the way to the next page.
  addEventListener("beforeunload", () => source.close());
  const first = live.querySelector("[data-word]").textContent;
  source.addEventListener("message", (event) => {
    const now = JSON.parse(event.data);
    const word = live.querySelector("[data-word]");
    word.textContent = now.word;
    word.className = `chip ${now.tone}`;
    const sentence = document.querySelector("[data-sentence]");
    if (sentence.textContent !== now.sentence) sentence.textContent = now.sentence;
    for (const [name, number] of Object.entries(now.counts)) {
      const place = document.querySelector(`[data-count="${name}"]`);
      if (!place) continue;
      place.textContent = number.toLocaleString("en");
      place.parentElement.hidden = number === 0 && name !== "ready" && name !== "accepted";
    }
    // Another step has other buttons; who fills in a form is not disturbed.
    if (first !== now.word && !document.activeElement?.closest("form, details")) location.reload();
  });
}

// The progress of a planning, which goes on without this page; its end shows the plan, or why there is none.
const planning = document.querySelector("[data-planning]");
if (planning) {
  const source = new EventSource(planning.dataset.planning);
  const said = planning.querySelector("[data-job-text]");
  const bar = planning.querySelector("[data-job-bar]");
  source.addEventListener("message", (event) => {
    const now = JSON.parse(event.data);
    if (!now.runs) {
      source.close();
      location.assign(now.to || "/plans");
      return;
    }
    if (said.textContent !== now.text) said.textContent = now.text;
    if (now.total) {
      bar.max = now.total;
      bar.value = now.done;
    }
  });
}

// A screen of drafts follows the words and figures: it is loaded again when they change.
const follows = document.querySelector("[data-follows]");
if (follows) {
  const source = new EventSource(follows.dataset.follows);
  source.addEventListener("message", (event) => {
    if (String(JSON.parse(event.data).number) !== follows.dataset.seen) location.reload();
  });
}

const fresh = document.querySelector("[data-fresh]");
if (fresh) {
  fresh.textContent = "Looking whether it is up to date …";
  const answer = await fetch(fresh.dataset.fresh);
  if (answer.headers.get("Content-Type")?.includes("json")) {
    const found = await answer.json();
    fresh.textContent = found.text ?? "";
    fresh.className = { good: "right", wrong: "wrong" }[found.tone] ?? "soft";
  }
}
