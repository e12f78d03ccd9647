// The boxes of the table follow the card: a table that comes to the same text again is not drawn anew, and would keep what
// was ticked in it meanwhile.
watch("value", () => {
  const chosen = new Set(Array.from(element.querySelectorAll("button[data-drop]"), (chip) => chip.dataset.drop));
  document.querySelectorAll("input[data-box]").forEach((box) => { box.checked = chosen.has(box.dataset.box); });
});
