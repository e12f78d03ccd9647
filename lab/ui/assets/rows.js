// A click or Enter on a row opens what the row names; links and boxes in it stay what they are.
function open(event) {
  const row = event.target.closest("tr[data-id]");
  if (row && !event.target.closest("a, label, input")) trigger("click", {row: row.dataset.id});
}
element.addEventListener("click", open);
element.addEventListener("keydown", (event) => { if (event.key === "Enter") open(event); });
// A box that is ticked tells of itself alone: the others may be of a moment ago.
element.addEventListener("change", (event) => {
  const box = event.target.closest("input[data-box]");
  if (box) trigger("select", {box: box.dataset.box, ticked: box.checked});
});
