// What a reader opened or closed stays so when the card is drawn again.
const chosen = {};
element.addEventListener("click", (event) => {
  const fold = event.target.closest("summary")?.parentElement;
  if (fold?.dataset.fold) chosen[fold.dataset.fold] = !fold.open;
});
watch("value", () => element.querySelectorAll("details[data-fold]").forEach((fold) => {
  if (fold.dataset.fold in chosen) fold.open = chosen[fold.dataset.fold];
}));
