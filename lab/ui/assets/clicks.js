// A click on a button of the card says what the button names.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-drop]");
  if (button) trigger("click", {drop: button.dataset.drop});
});
