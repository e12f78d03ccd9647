// A file that the value holds is saved by the browser at once.
watch("value", () => {
  if (!props.value) return;
  const file = JSON.parse(props.value), link = document.createElement("a");
  link.href = file.held;
  link.download = file.name;
  link.click();
});
