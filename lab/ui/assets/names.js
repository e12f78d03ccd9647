// What Gradio's parts do not tell a screen reader: whether a fold is open, and that it can be opened.
function name() {
  document.querySelectorAll("button.label-wrap").forEach((fold) => {
    const open = String(fold.classList.contains("open"));
    if (fold.getAttribute("aria-expanded") !== open) fold.setAttribute("aria-expanded", open);
  });
}
let waiting = 0;
new MutationObserver(() => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(name); })
  .observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ["class"]});
name();
