// What a reader opened or closed stays so when the card is drawn again.
const chosen = {};
element.addEventListener("click", (event) => {
  const fold = event.target.closest("summary")?.parentElement;
  if (fold?.dataset.fold) chosen[fold.dataset.fold] = !fold.open;
});
// What names a link of this lab shows it whole: behind whatever address and path the lab is reached at.
const whole = (link) => new URL(link, location.href).href;
function spell() { for (const text of element.querySelectorAll("[data-absolute]")) text.textContent = whole(text.dataset.absolute); }
watch("value", spell);
spell();
watch("value", () => element.querySelectorAll("details[data-fold]").forEach((fold) => {
  if (fold.dataset.fold in chosen) fold.open = chosen[fold.dataset.fold];
}));
// A button that copies the text it names says so; where the browser forbids it, the text beside it is selected.
element.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-absolute]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? whole(button.dataset.copyAbsolute));
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    button.textContent = "Selected";
  }
});
