// A ballot. Its buttons, and keys while the focus is in it, say what is chosen: once for each time that it is drawn.
const keys = {
  1: "first", 2: "second", 3: "both_good", 4: "both_bad", s: "skip", u: "undo", n: "next", enter: "next",
};
let waiting = false, there = false;
function act(name) {
  const button = element.querySelector(`button[data-do="${name}"]`);
  if (!button || waiting) return;
  waiting = true;
  trigger("click", {do: name, turn: Number(element.querySelector("[data-turn]").dataset.turn)});
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (button) act(button.dataset.do);
});
element.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Enter" && event.target.closest("button, summary, a")) return;
  const name = keys[event.key.toLowerCase()];
  if (name && element.querySelector(`button[data-do="${name}"]`)) { event.preventDefault(); act(name); }
});
// Each ballot takes the focus from the one before it, and the first one from whatever began the vote.
watch("value", () => {
  const ballot = element.querySelector("[data-turn]");
  if (ballot && (waiting || !there)) ballot.focus({preventScroll: there});
  waiting = false;
  there = Boolean(ballot);
});
