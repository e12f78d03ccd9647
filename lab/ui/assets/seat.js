() => {  // what this tab is known by: drawn at random, kept as long as the tab is open, and no other tab has it
  const draw = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  let seat = "";
  try {
    seat = sessionStorage.getItem("lab-seat") || "";
    if (!seat) sessionStorage.setItem("lab-seat", seat = draw());
  } catch {}  // a browser that keeps nothing: good until the page is loaded again
  return [seat || draw()];
}
