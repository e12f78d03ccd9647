// Buttons under a chart: they stand still, say what they did, and work from the keyboard.
const bar = element.querySelector(".acts");
const plot = () => document.querySelector(`#${bar.dataset.chart} .plot`);
const acts = {
  png: () => plot().lab.save("png"),
  svg: () => plot().lab.save("svg"),
  all: () => plot().lab.all(),
  csv: () => trigger("download", {}),
  link: async (button) => {
    const here = new URL(location.href);
    here.searchParams.delete("__theme");
    const text = here.toString().replaceAll("%40", "@").replaceAll("%2C", ",");
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy link"; }, 1500);
    } catch {  // not over plain HTTP: then it is shown, to be copied by hand
      const shown = bar.querySelector("code");
      shown.textContent = text;
      shown.hidden = false;
      getSelection().selectAllChildren(shown);
      button.textContent = "Selected";
    }
  },
};
bar.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button && (plot()?.lab || button.dataset.act === "link")) acts[button.dataset.act](button);
});
