// A click or Enter on a row opens what the row names; links in it stay links.
function open(event) {
  const row = event.target.closest("tr[data-id]");
  if (row && !event.target.closest("a")) trigger("click", {row: row.dataset.id});
}
element.addEventListener("click", open);
element.addEventListener("keydown", (event) => { if (event.key === "Enter") open(event); });
