// A click or Enter on a row opens what the row names; links and boxes in it stay what they are.
function open(event) {
  const row = event.target.closest("tr[data-id]");
  if (row && !event.target.closest("a, label, input")) trigger("click", {row: row.dataset.id});
}
element.addEventListener("click", open);
element.addEventListener("keydown", (event) => { if (event.key === "Enter") open(event); });
// A box that is ticked tells of all boxes.
element.addEventListener("change", (event) => {
  if (!event.target.matches("input[data-box]")) return;
  const boxes = [...element.querySelectorAll("input[data-box]")];
  const ids = (some) => some.map((box) => box.dataset.box);
  trigger("select", {boxes: ids(boxes), ticked: ids(boxes.filter((box) => box.checked))});
});
