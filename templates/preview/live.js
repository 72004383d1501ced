// Added to each page of a preview, never to a build: reloads the page when it changed, and shows faults over it.
// It sets text and attributes only, so it works under the strictest policy of a page.
(() => {
  const own = document.currentScript;
  const opened = location.href;

  const element = (name, text = "", attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const stylesheet = (name) => element("link", "", { rel: "stylesheet", href: `/_live/${name}` });

  const host = element("offerpress-preview");
  const shadow = host.attachShadow({ mode: "open" });
  const overlay = element("section", "", { class: "overlay", role: "alert", hidden: "" });
  const bar = element("nav", "", { class: "bar", "aria-label": "Preview" });
  shadow.append(stylesheet("live.css"), overlay, bar);
  document.head.append(stylesheet("page.css"));
  document.documentElement.append(host);

  const listed = (found) => {
    const list = element("ol");
    for (const one of found) {
      const item = element("li");
      if (one.place) item.append(element("code", one.place), " ");
      if (one.field) item.append(element("b", `${one.field}: `));
      item.append(one.what);
      if (one.remedy) item.append(element("span", one.remedy, { class: "remedy" }));
      list.append(item);
    }
    return list;
  };

  const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

  const showFaults = (faults) => {
    overlay.hidden = faults.length === 0;
    const title = element("h2", counted(faults.length, "fault"));
    const rest = element("p", "You see the last good state.");
    overlay.replaceChildren(...(faults.length ? [title, rest, listed(faults)] : []));
  };

  const showBar = (state) => {
    const parts = [element("strong", "Preview")];
    const mark = state.marks[decodeURI(location.pathname)];
    if (mark) parts.push(element("span", mark, { class: "mark" }));
    if (state.remarks.length) {
      const remarks = element("details");
      remarks.append(element("summary", counted(state.remarks.length, "remark")), listed(state.remarks));
      parts.push(remarks);
    }
    bar.replaceChildren(...parts);
  };

  const markLinks = (marks) => {
    for (const link of document.querySelectorAll("a[href]:not([hreflang])")) {
      const to = new URL(link.href, location.href);
      const mark = to.origin === location.origin ? marks[decodeURI(to.pathname)] : undefined;
      if (mark) link.dataset.previewMark = mark;
      else delete link.dataset.previewMark;
    }
  };

  const reload = () => {
    history.replaceState(history.state, "", opened);
    location.reload();
  };

  const source = new EventSource("/_live/events");
  source.onmessage = (message) => {
    const state = JSON.parse(message.data);
    if (state.edition !== Number(own.dataset.edition)) {
      reload();
      return;
    }
    showFaults(state.faults);
    showBar(state);
    markLinks(state.marks);
    host.dataset.ready = "";
  };
  // A connection that stays open keeps a page out of the back/forward cache, and browsers allow few of them.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && reload());
})();
