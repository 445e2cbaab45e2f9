// Talks to the studio's server, and tells the person what came of it.

export async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return (await fetched(path, options)).json();
}

async function fetched(path, options = {}) {
  const answer = await fetch(path, options);
  if (answer.ok) return answer;
  const data = await answer.json().catch(() => ({}));
  throw new Error(data.error ?? `The studio refused (${answer.status}).`);
}

// Have the browser keep what the studio answers as a file, under the name that it gives.
export async function download(path) {
  const answer = await fetched(path);
  const [, name] = answer.headers.get("content-disposition").match(/filename="(.*)"/);
  const address = URL.createObjectURL(await answer.blob());
  make("a", "", { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

export function tell(text, bad = false) {
  const news = document.getElementById("news");
  news.textContent = text;
  news.classList.toggle("bad", bad);
}

export const trying = (work) => async (event) => {
  event?.preventDefault?.();
  try {
    await work(event);
  } catch (error) {
    tell(error.message, true);
  }
};

export const counted = (number, what, several = `${what}s`) => `${number} ${number === 1 ? what : several}`;

export function make(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
