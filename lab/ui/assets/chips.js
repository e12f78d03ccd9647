// A long list of choices is two screens of a phone: there it shows the chosen one, and the others behind a button.
const LONG = 8;
function shorten(field) {
  const many = field.querySelectorAll("label").length;
  if (many < LONG || field.querySelector(":scope > .more")) return;
  const button = Object.assign(document.createElement("button"), {type: "button", className: "more"});
  const unfold = (open) => {
    field.toggleAttribute("data-open", open);
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Show the chosen one only" : "Show all " + many + " to choose from";
  };
  button.addEventListener("click", () => unfold(!field.hasAttribute("data-open")));
  // A choice made by pointing folds the list; one made by arrow keys does not: the next key goes on from there.
  field.addEventListener("click", (event) => { if (event.detail && event.target.closest("label")) unfold(false); });
  field.append(button);
  unfold(false);
}
const lists = () => document.querySelectorAll("fieldset.chips").forEach(shorten);
new MutationObserver(lists).observe(document.body, {subtree: true, childList: true});
lists();
