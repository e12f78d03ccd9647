// A report that was asked for: saved as a file, or printed from a frame of its own that runs no script.
function show() {
  const asked = JSON.parse(props.value || "null");
  if (!asked) return;
  if (asked.save) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([asked.html], {type: "text/html"}));
    link.download = asked.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    return;
  }
  document.querySelector("#paper-frame")?.remove();
  const frame = document.createElement("iframe");
  Object.assign(frame, {id: "paper-frame", title: "The report for the printer", srcdoc: asked.html});
  frame.setAttribute("sandbox", "allow-same-origin allow-modals");
  frame.addEventListener("load", () => { frame.dataset.ready = "1"; frame.contentWindow.print(); });
  document.body.append(frame);
}
watch("value", show);
