// The address always leads back to what is on the screen, and the page's own links are followed without loading it anew.
function show() {
  if (!props.value) return;
  document.documentElement.dataset.view = props.value;  // "arrived", for whoever waits for it
  const query = new URLSearchParams(props.value), theme = new URLSearchParams(location.search).get("__theme");
  if (theme) query.set("__theme", theme);
  history.replaceState(null, "", "?" + query.toString().replaceAll("%40", "@").replaceAll("%2C", ","));
}
function follow(event) {
  const link = event.target.closest?.('.lab-card a[href^="?"]');
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  trigger("click", {query: link.getAttribute("href").slice(1)});
}
watch("value", show);
document.addEventListener("click", follow);
