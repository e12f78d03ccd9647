// The address always leads back to what is on the screen, and the page's own links are followed without loading it anew.
// To open a tab or follow a link is a step that the browser's Back undoes; to choose something in a tab is none.
let followed = false, going = null;  // going: the tab that Back leads to, until it is there
function show() {
  if (!props.value) return;
  document.documentElement.dataset.view = props.value;  // "arrived", for whoever waits for it
  const query = new URLSearchParams(props.value), here = new URLSearchParams(location.search);
  if (here.has("__theme")) query.set("__theme", here.get("__theme"));
  if (going !== null && going !== query.get("tab")) return;  // the answer to something that was asked before it
  const link = "?" + query.toString().replaceAll("%40", "@").replaceAll("%2C", ",");
  const begun = history.state?.lab !== undefined, moved = followed || history.state?.lab !== query.get("tab");
  const step = begun && moved && link !== location.search && !query.has("lecture");
  history[step ? "pushState" : "replaceState"]({lab: query.get("tab")}, "", link);
  [followed, going] = [false, null];
}
function follow(event) {
  if (event.target.closest?.('[role="tab"]')) going = null;
  const link = event.target.closest?.('.lab-card a[href^="?"]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  [followed, going] = [true, null];
  trigger("click", {query: link.getAttribute("href").slice(1), back: false});
}
function back() {
  [followed, going] = [false, history.state?.lab ?? null];
  trigger("click", {query: location.search.slice(1), back: true});
}
watch("value", show);
document.addEventListener("click", follow);
window.addEventListener("popstate", back);
