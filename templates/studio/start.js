// The logo is sent as text with the form; the browser's own time zone is proposed.

const form = document.querySelector("[data-slow]");
form.querySelector("[data-logo]").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  form.elements.logo.value = file ? await file.text() : "";
});
const zone = form.elements.timezone;
const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone.value === "UTC" && [...zone.options].some((one) => one.value === mine)) zone.value = mine;
