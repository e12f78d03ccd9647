// The first stop of the Tab key: past head and tabs into what the open tab shows.
const skip = Object.assign(document.createElement("a"), {href: "#tabs", className: "skip", textContent: "Skip to the content"});
skip.addEventListener("click", (event) => {
  event.preventDefault();
  const shown = [...document.querySelectorAll('[role="tabpanel"]')].find((panel) => panel.offsetParent);
  shown?.setAttribute("tabindex", "-1");
  shown?.focus();
});
document.querySelector(".gradio-container").prepend(skip);
