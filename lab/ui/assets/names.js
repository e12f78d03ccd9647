// What Gradio's parts do not tell a screen reader: whether a fold is open, and that it can be opened. And the choices of
// one field bear one name, so that arrow keys go from one to the next: each gets its own, at every update another. And a
// button that takes a choice away is called by the choice, not by its number.
let fields = 0;
function name() {
  document.querySelectorAll("fieldset").forEach((field) => {
    for (const choice of field.querySelectorAll("input[type=radio]")) {
      field.dataset.group ||= "choice-" + ++fields;
      if (choice.name !== field.dataset.group) choice.name = field.dataset.group;
    }
  });
  document.querySelectorAll(".token > .token-remove").forEach((button) => {
    const said = "Remove " + button.parentElement.querySelector("span").textContent;
    if (button.title !== said) button.title = said;
  });
  document.querySelectorAll("button.label-wrap").forEach((fold) => {
    const open = String(fold.classList.contains("open"));
    if (fold.getAttribute("aria-expanded") !== open) fold.setAttribute("aria-expanded", open);
  });
}
let waiting = 0;
new MutationObserver(() => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(name); })
  .observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ["class", "name"]});
name();
