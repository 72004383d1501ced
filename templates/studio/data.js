// A file is sent as it is; the page goes on to the first step when the server has it whole.

const send = async (zone, file) => {
  const said = zone.querySelector("[data-said]");
  const field = zone.querySelector("input");
  const most = Number(zone.dataset.most);
  said.textContent = "";
  if (file.size > most) {
    said.textContent = `The file is larger than ${most / 1048576} MiB. Nothing was sent.`;
    return;
  }
  zone.setAttribute("aria-busy", "true");
  field.disabled = true;
  try {
    const answer = await fetch(zone.dataset.upload, {
      method: "POST",
      body: file,
      headers: {
        "Content-Type": "application/octet-stream",
        "X-File-Name": encodeURIComponent(file.name),
        "X-Form-Token": zone.dataset.token,
      },
    });
    const found = await answer.json();
    if (found.to) location.assign(found.to);
    else said.textContent = found.text;
  } catch {
    said.textContent = "The file did not arrive whole, so nothing was kept. Try again.";
  }
  zone.removeAttribute("aria-busy");
  field.disabled = false;
  field.value = "";
};

for (const zone of document.querySelectorAll("[data-upload]")) {
  const field = zone.querySelector("input");
  const chosen = () => field.files[0] && send(zone, field.files[0]);
  field.addEventListener("change", chosen);
  chosen(); // who is faster than this script
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files[0]) send(zone, event.dataTransfer.files[0]);
  });
}
// A file that falls beside a zone must not open in the tab.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
