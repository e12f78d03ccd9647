// What a reader opened or closed stays so when the card is drawn again.
const chosen = {};
element.addEventListener("click", (event) => {
  const fold = event.target.closest("summary")?.parentElement;
  if (fold?.dataset.fold) chosen[fold.dataset.fold] = !fold.open;
});
watch("value", () => element.querySelectorAll("details[data-fold]").forEach((fold) => {
  if (fold.dataset.fold in chosen) fold.open = chosen[fold.dataset.fold];
}));
// A button that copies the text it names says so; where the browser forbids it, the text beside it is selected.
element.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    button.textContent = "Selected";
  }
});
