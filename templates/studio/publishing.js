// The progress of a build: asked for every second, and when it is done the page shows what came of it.
const job = document.querySelector("[data-job]");
if (job) {
  const text = job.querySelector("[data-job-text]");
  const bar = job.querySelector("[data-job-bar]");
  const look = async () => {
    const answer = await fetch(job.dataset.job).catch(() => null);
    const state = answer?.ok ? await answer.json() : null;
    if (answer?.status === 401 || state?.runs === false) return location.assign("/publish");
    if (state) {
      if (text.textContent !== state.text) text.textContent = state.text;
      if (state.total) {
        bar.max = state.total;
        bar.value = state.done;
      }
    }
    setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
}
