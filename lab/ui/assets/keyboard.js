// What Gradio's parts lack for the keyboard. The first stop of the Tab key leads past head and tabs:
const skip = Object.assign(document.createElement("a"), {href: "#tabs", className: "skip", textContent: "Skip to the content"});
skip.addEventListener("click", (event) => {
  event.preventDefault();
  const shown = [...document.querySelectorAll('[role="tabpanel"]')].find((panel) => panel.offsetParent);
  shown?.setAttribute("tabindex", "-1");
  shown?.focus();
});
document.querySelector(".gradio-container").prepend(skip);
// Escape closes what lies over the page, and the focus goes back to what opened it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector(".overflow-dropdown"), sheet = document.querySelector(".api-docs .backdrop");
  const opener = document.querySelector(sheet ? "footer .show-api" : ".overflow-menu > button");
  if (sheet) sheet.click();
  else if (menu?.checkVisibility()) opener.click();
  else return;
  opener?.focus();
});
// A list of options scrolls, and what scrolls is a stop in Chromium: one that closes under the focus.
const unstop = () => document.querySelectorAll('ul[role="listbox"]:not([tabindex])').forEach((list) => { list.tabIndex = -1; });
new MutationObserver(unstop).observe(document.body, {subtree: true, childList: true});
// In a list of several Space takes a chosen one away as Enter does, and Backspace the last one so that it is heard.
document.addEventListener("keydown", (event) => {
  const field = event.target;
  const last = [...(field.closest(".wrap-inner")?.querySelectorAll(".token > .token-remove") ?? [])].at(-1);
  const gone = event.key === " " && field.matches(".token-remove") ? field
    : event.key === "Backspace" && field.getAttribute("role") === "combobox" && !field.value ? last : null;
  if (!gone) return;
  event.preventDefault();
  event.stopPropagation();
  gone.click();
}, true);
// It looks for options at a key, and so for what was pasted or dropped only at the next one.
document.addEventListener("input", (event) => {
  if (!event.isTrusted || event.target.getAttribute("role") !== "combobox") return;
  event.target.dispatchEvent(new KeyboardEvent("keydown", {key: "Unidentified", bubbles: true}));
});
// A dropdown tells a choice by Enter only as it tells that it was left. Made as the pointer makes it, it is a choice.
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || field.getAttribute("role") !== "combobox") return;
  const option = document.getElementById(field.getAttribute("aria-activedescendant"));
  if (!option) return;
  event.stopPropagation();
  option.dispatchEvent(new MouseEvent("mousedown", {bubbles: true, cancelable: true}));
}, true);
// A slider tells what it was drawn to, and neither what the arrow keys moved it to nor, within its ends, what was typed.
document.addEventListener("change", (event) => {
  const field = event.target, slider = field.closest?.(".block")?.querySelector("input[type=range]");
  if (!slider || !field.matches("input[type=range], input[type=number]")) return;
  if (field !== slider) {
    field.value = Math.min(Math.max(field.valueAsNumber || 0, slider.min), slider.max);
    field.dispatchEvent(new Event("input", {bubbles: true}));
  }
  slider.dispatchEvent(new Event("pointerup", {bubbles: true}));
}, true);
// The tokens of a text are one stop of the Tab key; the arrow keys lead from token to token, and show its figures.
document.addEventListener("keydown", (event) => {
  const token = event.target;
  if (!token.matches?.(".heat > span")) return;
  const all = [...token.parentElement.children], place = all.indexOf(token);
  const next = {ArrowLeft: all[place - 1], ArrowRight: all[place + 1], Home: all[0], End: all.at(-1)}[event.key];
  if (!next) return;
  event.preventDefault();
  token.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});
