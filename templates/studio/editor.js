// The editor: it checks, keeps and shows what is typed, and saves it. Everything else is a plain form.

import { wasTyped } from "./studio.js";

const form = document.querySelector("[data-text]");
const body = form.querySelector("#body");
const saved = form.querySelector("[data-saved]");
const writes = !body.readOnly;
const preview = document.querySelector("[data-preview]");
const frame = preview?.querySelector("iframe");
const look = { view: preview?.querySelector("[data-view]")?.dataset.view ?? "", on: new Set() };
let typed = 0; // grows with every change
let unsaved = false;

const made = (name, ...parts) => {
  const one = document.createElement(name);
  one.append(...parts);
  return one;
};

// Ask the studio about what the form holds now. An answer that something newer was typed after is of no use.
async function ask(path, more = {}) {
  const asked = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(more)) asked.set(name, value);
  const answer = await fetch(path, { method: "POST", body: asked });
  if (answer.status === 401) saved.textContent = "Your session has ended. Sign in again in another tab, then save here.";
  return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : {};
}

const later = (wait, act) => {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
};

// What is wrong, at its field or line.

const faults = form.querySelector("[data-faults]");
const fieldOf = (name) => {
  for (let path = name; path; path = path.slice(0, Math.max(0, path.lastIndexOf(".")))) {
    const place = form.querySelector(`[data-field="${CSS.escape(path)}"]`);
    if (place) return place;
  }
  return null;
};
const lineAt = (number) => {
  const lines = body.value.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  return [start, start + (lines[number - 1] ?? "").length];
};
const goTo = (fault) => {
  if (fault.line) {
    body.focus();
    body.setSelectionRange(...lineAt(fault.line));
    const height = body.scrollHeight / Math.max(1, body.value.split("\n").length);
    body.scrollTop = Math.max(0, (fault.line - 4) * height);
    return;
  }
  const place = fieldOf(fault.field);
  place?.closest("details")?.setAttribute("open", "");
  (place?.querySelector("input, select, textarea") ?? body).focus();
};

function setField(name, value, wrong) {
  const place = fieldOf(name);
  const many = place?.dataset.many;
  if (many) {
    const old = form.elements[`${many}=${wrong}`];
    if (old) old.checked = false;
    let one = form.elements[`${many}=${value}`];
    if (!one) {
      one = made("input");
      Object.assign(one, { type: "checkbox", name: `${many}=${value}` });
      place.querySelector(".picks").append(made("label", one, ` ${value}`));
    }
    one.checked = true;
    return;
  }
  const [day, clock] = value.split("T");
  const moment = form.elements[`f.${name}.day`];
  if (moment) {
    moment.value = day;
    form.elements[`f.${name}.clock`].value = clock ?? "";
  } else if (form.elements[`f.${name}`]) {
    form.elements[`f.${name}`].value = value;
  }
}

function heal({ field, line, wrong, value, out }) {
  if (out) {
    const hidden = made("input");
    Object.assign(hidden, { type: "hidden", name: `out.${out}`, value: "" });
    form.append(hidden);
  }
  if (line) {
    const [start, end] = lineAt(line);
    const whole = new RegExp(`(?<![\\w-])${wrong.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")}(?![\\w-])`);
    const at = body.value.slice(start, end).search(whole);
    if (at >= 0) put(value, start + at, start + at + wrong.length);
  } else if (field) {
    setField(field, value, wrong);
  }
  changed();
}

function showFaults(found) {
  form.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
  form.querySelectorAll("[data-fault]").forEach((one) => one.remove());
  const rows = found.map((fault) => {
    const go = made("button", fault.line ? `Line ${fault.line}` : fault.field ? "To the field" : "To the text");
    go.type = "button";
    go.addEventListener("click", () => goTo(fault));
    const row = made("li", made("span", `${fault.text}.`));
    if (fault.remedy) row.append(" ", made("span", fault.remedy));
    row.className = fault.severity;
    const acts = made("span", go);
    acts.className = "inline";
    if (fault.cure && writes) {
      const cure = made("button", fault.cure.words);
      cure.type = "button";
      cure.addEventListener("click", () => heal(fault.cure));
      acts.append(" ", cure);
    }
    row.append(acts);
    const place = fault.line ? null : fieldOf(fault.field);
    if (place) {
      const said = made("p", `${fault.text}. ${fault.remedy}`);
      said.dataset.fault = "";
      said.className = fault.severity === "fault" ? "wrong" : "soft";
      place.append(said);
      if (fault.severity === "fault") place.querySelector("input, select, textarea")?.setAttribute("aria-invalid", "true");
    }
    return row;
  });
  faults.querySelector("ul").replaceChildren(...rows);
  faults.querySelector("h2").textContent = found.some((one) => one.severity === "fault") ? "To correct" : "To look at";
  faults.hidden = rows.length === 0;
}

async function check() {
  const mine = typed;
  const found = await ask("/text/check").catch(() => ({}));
  if (mine !== typed) return;
  if (found.faults) showFaults(found.faults);
  else if (found.text) showFaults([{ text: found.text.replace(/\.$/, ""), remedy: "", severity: "fault", field: "", line: 0 }]);
}

// The draft survives a closed tab and a killed studio. It is not a save, and never says so.

const others = form.querySelector("[data-others]");
function nameOthers(names) {
  if (!names) return;
  others.hidden = names.length === 0;
  others.textContent = `${names.join(", ")} ${names.length === 1 ? "has" : "have"} this text open too.`;
}
async function stillOpen() {
  const told = new URLSearchParams({ form_token: form.elements.form_token.value, file: form.elements.file.value });
  const answer = await fetch("/text/open", { method: "POST", body: told }).catch(() => null);
  if (answer?.ok) nameOthers((await answer.json()).others);
}
async function keep() {
  const mine = typed;
  const kept = await ask("/text/draft").catch(() => null);
  if (!kept) {
    saved.textContent = "The studio does not answer. What you typed is only in this page: keep it open.";
    return;
  }
  nameOthers(kept.others);
  if (mine !== typed) return;
  if (kept.said && unsaved) saved.textContent = kept.said;
  if (kept.text) saved.textContent = kept.text;
}

async function save() {
  const button = form.querySelector("[data-save]");
  const mine = typed;
  button.disabled = true;
  saved.textContent = "Saving …";
  const answer = await ask("/text/save/now").catch(() => null);
  button.disabled = false;
  if (answer?.go) {
    unsaved = false;
    location.assign(answer.go);
  } else if (answer?.opened) {
    form.elements.opened.value = answer.opened;
    form.querySelectorAll('[name^="out."]').forEach((one) => one.remove());
    unsaved = mine !== typed;
    saved.textContent = answer.said;
    if (form.querySelector('[name="whole"]')) location.reload();
    if (form.dataset.new) history.replaceState(null, "", location.href);
  } else {
    saved.textContent = answer?.text ?? "It was not saved: the studio does not answer. Keep this page open and try again.";
  }
}

// The preview.

function nameReaders(partners) {
  const options = partners.map(([id, name]) => Object.assign(made("option", name), { value: id }));
  preview.querySelector("datalist").replaceChildren(...options);
}

let shows = 0;
async function show() {
  if (!preview || !preview.offsetParent) return;
  const mine = ++shows;
  const on = Object.fromEntries([...look.on].map((name) => [name, "1"]));
  const campaign = reader ? { form: look.view, partner: reader.value } : {};
  const found = await ask("/text/preview", { view: look.view, ...on, ...campaign }).catch(() => ({}));
  if (mine !== shows) return; // a newer one is on its way
  const said = preview.querySelector("[data-shown]");
  said.textContent = found.text ?? found.said ?? "";
  said.className = found.text ? "wrong" : "soft";
  if (found.readers && !reader.value) {
    nameReaders(found.readers);
    reader.placeholder = found.partner;
  }
  if (!found.frame) return;
  // The frame begins at the heading above the place where somebody writes.
  const above = body.value.slice(0, body.selectionStart).match(/^#{2,6} /gm)?.length ?? 0;
  const heading = document.activeElement === body ? found.headings?.[above - 1] : "";
  frame.src = heading ? `${found.frame}#${encodeURIComponent(heading)}` : found.frame;
}

preview?.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.view) {
    look.view = button.dataset.view;
    preview.querySelectorAll("[data-view]").forEach((one) => one.setAttribute("aria-pressed", one === button));
  } else if (button?.dataset.look) {
    const name = button.dataset.look;
    if (!look.on.delete(name)) look.on.add(name);
    button.setAttribute("aria-pressed", look.on.has(name));
    frame.className = look.on.has("narrow") ? "narrow" : "wide";
  } else {
    return;
  }
  show();
});
const reader = preview?.querySelector("[data-partner]");
reader?.addEventListener("change", show);
reader?.addEventListener("input", async () => {
  const words = reader.value.trim();
  if (words.length < 2) return;
  const answer = await fetch(`/partners/found?find=${encodeURIComponent(words)}`).catch(() => null);
  if (!answer?.ok || reader.value.trim() !== words) return;
  nameReaders((await answer.json()).rows.map((one) => [one.id, one.name]));
});

const soon = [later(350, check), later(900, show), later(1500, keep)];
function changed() {
  typed += 1;
  unsaved = true;
  for (const act of writes ? soon : soon.slice(0, 2)) act();
}

form.addEventListener("input", (event) => {
  if (!event.target.closest("dialog")) changed();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    if (writes) save();
  }
});
addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});

// The toolbar. Text is put in as if it was typed, so that the browser can undo it.

function put(text, start = body.selectionStart, end = body.selectionEnd) {
  body.focus();
  body.setSelectionRange(start, end);
  if (!document.execCommand("insertText", false, text)) {
    body.setRangeText(text, start, end, "end");
    changed();
  }
}
const chosen = () => body.value.slice(body.selectionStart, body.selectionEnd);
const around = (mark, words) => put(`${mark}${chosen() || words}${mark}`);
function block(text) {
  const before = body.value.slice(0, body.selectionStart);
  const gap = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const after = body.value.slice(body.selectionEnd);
  const rest = after.startsWith("\n\n") ? "" : !after || after.startsWith("\n") ? "\n" : "\n\n";
  put(`${gap}${text}${rest}`);
}
function lines(mark) {
  const start = body.value.lastIndexOf("\n", body.selectionStart - 1) + 1;
  const part = body.value.slice(start, body.selectionEnd) || "";
  put(part.split("\n").map((line, n) => `${mark(n)}${line.replace(/^(#+|-|\d+\.) /, "")}`).join("\n"), start, body.selectionEnd);
}

const dialogs = Object.fromEntries([...form.querySelectorAll("dialog")].map((one) => [one.dataset.dialog, one]));
// A dialog gives the focus back, but not the place in the text.
let place = [0, 0];
function openDialog(dialog) {
  place = [body.selectionStart, body.selectionEnd];
  dialog.showModal();
}
function backToText() {
  body.focus();
  body.setSelectionRange(...place);
}
for (const dialog of Object.values(dialogs)) {
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("cancel", () => setTimeout(backToText));
  dialog.querySelector("[data-cancel]").addEventListener("click", backToText);
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    dialog.querySelector("[data-done]").click();
  });
}

const link = { to: form.querySelector("#link-to"), address: form.querySelector("#link-address"), words: form.querySelector("#link-words") };
dialogs.link.querySelector("[data-done]").addEventListener("click", () => {
  const address = link.address.value.trim() || link.to.value;
  dialogs.link.close();
  backToText();
  if (address) put(`[${link.words.value.trim() || link.to.selectedOptions[0]?.textContent || address}](${address})`);
});

const picture = { file: form.querySelector("#picture-file"), alt: form.querySelector("#picture-alt"), plain: form.querySelector("#picture-plain") };
const refused = dialogs.picture.querySelector("[data-refused]");
let waiting = null;
function askForPicture(file) {
  waiting = file ?? null;
  picture.file.value = "";
  picture.file.closest("div").querySelector("label").textContent = waiting ? `File: ${waiting.name}` : "File";
  picture.file.hidden = Boolean(waiting);
  picture.alt.value = "";
  picture.plain.checked = false;
  refused.textContent = "";
  openDialog(dialogs.picture);
  (waiting ? picture.alt : picture.file).focus();
}
dialogs.picture.querySelector("[data-done]").addEventListener("click", async () => {
  const file = waiting ?? picture.file.files[0];
  if (!file) {
    refused.textContent = "Choose a file.";
    return;
  }
  const query = new URLSearchParams({ file: form.elements.file.value, name: file.name, alt: picture.alt.value });
  if (picture.plain.checked) query.set("plain", "1");
  refused.textContent = "Taking it in …";
  const headers = { "X-Form-Token": form.elements.form_token.value, "Content-Type": "application/octet-stream" };
  const answer = await fetch(`/text/picture?${query}`, { method: "POST", headers, body: file }).catch(() => null);
  const found = answer?.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
  if (!found.put) {
    refused.textContent = found.text ?? "The picture did not arrive. Try again.";
    return;
  }
  dialogs.picture.close();
  backToText();
  block(found.put);
});
const pictureIn = (data) => [...(data?.files ?? [])].find((one) => one.type.startsWith("image/"));
body.addEventListener("paste", (event) => {
  const file = writes && pictureIn(event.clipboardData);
  if (!file) return;
  event.preventDefault();
  askForPicture(file);
});
body.addEventListener("dragover", (event) => event.preventDefault());
body.addEventListener("drop", (event) => {
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  if (writes) askForPicture(event.dataTransfer.files[0]);
});

const acts = {
  heading: () => lines(() => "## "),
  bold: () => around("**", "words"),
  italic: () => around("*", "words"),
  list: () => lines(() => "- "),
  numbers: () => lines((n) => `${n + 1}. `),
  table: () => block("| What | How much |\n| --- | ---: |\n| | |"),
  callout: () => block(`> [!NOTE]\n> ${chosen() || "What readers must not miss."}`),
  link: () => {
    link.words.value = chosen();
    link.address.value = link.to.value = "";
    openDialog(dialogs.link);
  },
  picture: () => askForPicture(null),
};
for (const button of form.querySelectorAll("[data-put]")) {
  button.addEventListener("click", () => acts[button.dataset.put]());
}
form.querySelector("[data-figure]")?.addEventListener("change", (event) => {
  const code = event.target.value;
  event.target.value = "";
  if (code.startsWith("{%")) block(code);
  else if (code) put(code);
});
for (const one of form.querySelectorAll("[data-put], [data-figure]")) one.disabled = !writes;
const keys = { b: "bold", i: "italic", k: "link" };
body.addEventListener("keydown", (event) => {
  if (!writes || !(event.ctrlKey || event.metaKey)) return;
  const act = event.altKey && event.key === "2" ? "heading"
    : event.shiftKey ? { Digit8: "list", Digit7: "numbers" }[event.code]
    : keys[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  acts[act]();
});

check();
show();
if (writes) {
  stillOpen();
  setInterval(stillOpen, 30_000);
}
if (wasTyped(form.elements)) changed();
