// The address always leads back to what is on the screen.
function show() {
  if (!props.value) return;
  const query = new URLSearchParams(props.value), theme = new URLSearchParams(location.search).get("__theme");
  if (theme) query.set("__theme", theme);
  history.replaceState(null, "", "?" + query.toString().replaceAll("%40", "@").replaceAll("%2C", ","));
}
watch("value", show);
