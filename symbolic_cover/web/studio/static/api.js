// Requests to the server; errors are shown on the page and thrown.
const problem = document.getElementById("problem");

export function complain(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

export async function ask(address, body, method = body === undefined ? "GET" : "POST") {
  const options = { method };
  if (body instanceof Blob) options.body = body;
  else if (body !== undefined) Object.assign(options, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  let reply;
  try {
    reply = await fetch(address, options);
  } catch {
    complain("symbolic-cover serve does not answer. Is it still running?");
    throw new Error("no answer");
  }
  const said = reply.status === 204 ? null : await reply.json().catch(() => null);
  if (!reply.ok) {
    const error = new Error(said?.detail ?? `The server said ${reply.status}.`);
    error.status = reply.status;
    complain(error.message);
    throw error;
  }
  complain("");
  return said;
}
