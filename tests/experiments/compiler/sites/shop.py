"""A classic shop: pages of the server, forms, tables; and what differs from visit to visit: a token, a clock."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.experiments.compiler.sites.serving import Asked, Reply, Served, gone, page, redirect

MATERIALS = ("Oak", "Pine", "Steel", "Wool")
THINGS = ("Table", "Lamp", "Rug", "Chair", "Shelf", "Desk")
PRODUCTS = [
    {
        "id": number,
        "name": f"{material} {thing}",
        "category": ("Living room", "Office")[(number // 2) % 2],
        "price": 20 + (number * 37) % 181,
        "stock": (number * 7) % 23,
        "weight": f"{1 + (number * 3) % 17} kg",
    }
    for number, (material, thing) in enumerate(itertools.product(MATERIALS, THINGS), start=1)
]
PER_PAGE = 8
TABS = """
for (const tab of document.querySelectorAll("[role=tab]")) tab.onclick = () => {
  for (const other of document.querySelectorAll("[role=tab]")) other.setAttribute("aria-selected", other === tab);
  for (const panel of document.querySelectorAll("[role=tabpanel]"))
    panel.hidden = panel.id !== tab.getAttribute("aria-controls");
};
const menu = document.querySelector("[aria-haspopup]");
menu.onclick = () => {
  const open = menu.getAttribute("aria-expanded") !== "true";
  menu.setAttribute("aria-expanded", open);
  document.getElementById("menu").hidden = !open;
};
"""


def _shop_frame(site: Served, title: str, body: str, *, head: str = "", script: str = "") -> Reply:
    token = f"{next(site.numbers):x}{time.time_ns():x}"
    top = (
        '<header><nav><a href="/">Home</a> <a href="/products">Products</a> <a href="/stock">Stock</a>'
        ' <a href="/contact">Contact</a> <a href="/logout">Log out</a>'
        ' <button aria-haspopup="menu" aria-expanded="false">More</button>'
        '<div id="menu" role="menu" hidden><a role="menuitem" href="/about">About us</a>'
        ' <a role="menuitem" href="/delivery">Delivery</a></div></nav>'
        '<form action="/search" role="search"><input name="q" type="search" aria-label="Search products">'
        "<button>Search</button></form></header>"
    )
    foot = f"<footer>Rendered at {time.strftime('%H:%M:%S')} in {time.time_ns() % 97} ms, request {token}</footer>"
    return page(f"{title} - Shop", f"{top}<main><h1>{title}</h1>{body}</main>{foot}", head=head, script=TABS + script)


def _product_table(products: list[dict[str, Any]], query: dict[str, str]) -> str:
    def header(name: str) -> str:
        down = query.get("sort") == name and query.get("order") != "desc"
        rest = "&".join(f"{k}={v}" for k, v in query.items() if k not in ("sort", "order", "page"))
        link = f"?sort={name}&order={'desc' if down else 'asc'}" + (f"&{rest}" if rest else "")
        return f'<th><a href="{link}">{name.title()}</a></th>'

    heads = "".join(map(header, ("name", "category", "price", "stock")))
    rows = "".join(
        f'<tr><td><a href="/product/{p["id"]}">{p["name"]}</a></td><td>{p["category"]}</td>'
        f"<td>${p['price']}.00</td><td>{p['stock']}</td></tr>"
        for p in products
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _shop_products(site: Served, query: dict[str, str]) -> Reply:
    found = [p for p in PRODUCTS if query.get("category", "") in ("", p["category"])]
    if query.get("max", "").isdigit():
        found = [p for p in found if p["price"] <= int(query["max"])]
    if query.get("instock"):
        found = [p for p in found if p["stock"] > 0]
    if query.get("sort") in ("name", "category", "price", "stock"):
        found = sorted(found, key=lambda p: p[query["sort"]], reverse=query.get("order") == "desc")
    number = int(query.get("page", "1")) if query.get("page", "1").isdigit() else 1
    pages = max(1, -(-len(found) // PER_PAGE))
    rest = "&".join(f"{k}={v}" for k, v in query.items() if k != "page" and v)
    links = " ".join(
        f'<a href="?page={n}{"&" + rest if rest else ""}"{" aria-current=page" if n == number else ""}>{n}</a>'
        for n in range(1, pages + 1)
    )
    options = "".join(
        f'<option value="{c}"{" selected" if query.get("category") == c else ""}>{c or "All"}</option>'
        for c in ("", "Living room", "Office")
    )
    filters = (
        f'<form action="/products"><label>Category <select name="category">{options}</select></label>'
        '<label>Highest price <input name="max" type="number" min="0" max="500"'
        f' value="{query.get("max", "")}"></label>'
        f'<label><input type="checkbox" name="instock" value="1"{" checked" if query.get("instock") else ""}> In stock'
        "</label><button>Filter</button></form>"
    )
    shown = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    body = f'{filters}<p>{len(found)} products</p>{_product_table(shown, query)}<nav aria-label="Pages">{links}</nav>'
    return _shop_frame(site, "Products", body)


def _shop_product(site: Served, product: dict[str, Any]) -> Reply:
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product["name"],
        "sku": f"SKU-{product['id']:03}",
        "offers": {"@type": "Offer", "price": f"{product['price']}.00", "priceCurrency": "USD"},
    }
    body = (
        f"<dl><dt>Price</dt><dd>${product['price']}.00</dd><dt>Category</dt><dd>{product['category']}</dd>"
        f"<dt>In stock</dt><dd>{product['stock']}</dd></dl>"
        '<div role="tablist"><button role="tab" aria-selected="true" aria-controls="about">Description</button>'
        '<button role="tab" aria-selected="false" aria-controls="measures">Measurements</button></div>'
        f'<div role="tabpanel" id="about">A {product["name"].lower()} for many years.</div>'
        f'<div role="tabpanel" id="measures" hidden>It weighs {product["weight"]}.</div>'
        f"<details><summary>Care instructions</summary><p>Wipe it with a dry cloth, {product['id']} times a year."
        "</p></details>"
        f'<form action="/basket" method="post"><input type="hidden" name="product" value="{product["id"]}">'
        '<label>Quantity <input name="quantity" type="number" value="1" min="1" max="9"></label>'
        "<button>Add to basket</button></form>"
        f'<form action="/product/{product["id"]}/delete" method="post"><button>Delete product</button></form>'
    )
    head = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    return _shop_frame(site, product["name"], body, head=head)


CONTACT = """
<form action="/contact" method="post">
<label>Name <input name="name" required maxlength="40"></label>
<label>E-mail <input name="email" type="email" required></label>
<label>Topic <select name="topic"><option value="">Choose</option><option value="order">An order</option>
<option value="return">A return</option></select></label>
<fieldset><legend>Reply by</legend><label><input type="radio" name="by" value="email" checked> E-mail</label>
<label><input type="radio" name="by" value="phone"> Phone</label></fieldset>
<label>Date of order <input name="date" type="date" min="2023-01-01" max="2024-12-31"></label>
<label><input type="checkbox" name="copy" value="yes"> Send me a copy</label>
<label>Message <textarea name="message" required></textarea></label>
<input type="hidden" name="csrf_token" value="{token}"><button>Send message</button></form>
"""
STOCK = """
for (const button of document.querySelectorAll("th button")) button.onclick = () => {
  const head = button.closest("th"), column = head.cellIndex, body = document.querySelector("tbody");
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of document.querySelectorAll("th")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = (row) => row.cells[column].textContent;
  const rows = Array.from(body.rows).sort((a, b) => key(a).localeCompare(key(b), "en", { numeric: true }));
  if (down) rows.reverse();
  body.replaceChildren(...rows);
};
document.getElementById("help").onclick = () => document.querySelector("dialog").showModal();
document.getElementById("close").onclick = () => document.querySelector("dialog").close();
document.getElementById("news").onclick = () => { if (confirm("Read the news?")) document.title = "News"; };
"""


def _shop_stock(site: Served) -> Reply:
    rows = "".join(f"<tr><td>{p['name']}</td><td>{p['stock']}</td></tr>" for p in PRODUCTS[:6])
    body = (
        '<button id="help">Help</button> <button id="news">News</button>'
        '<dialog aria-label="Help"><p>Stock is counted every evening.</p><button id="close">Close</button></dialog>'
        "<table><thead><tr><th><button>Product</button></th><th><button>Amount</button></th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    return _shop_frame(site, "Stock", body, script=STOCK)


def shop(site: Served, asked: Asked) -> Reply:
    """A classic shop: products in pages, search, filters, details, tabs, a contact form, a basket."""
    parts = urlsplit(asked.path)
    query = dict(parse_qsl(parts.query))
    if asked.method == "POST":
        return _shop_post(site, parts.path, asked)
    pages = {
        "/": "<p>Welcome. We sell furniture.</p>",
        "/about": "<h2>History</h2><p>Founded in 1951 in Lund.</p>",
        "/delivery": "<dl><dt>Sweden</dt><dd>2 days</dd><dt>Norway</dt><dd>4 days</dd></dl>",
        "/thanks": "<p>Thank you, we will answer soon.</p>",
        "/logout": "<p>You are logged out.</p>",
    }
    titles = {"/": "Welcome", "/about": "About us", "/delivery": "Delivery", "/thanks": "Thanks", "/logout": "Bye"}
    if parts.path in pages:
        return _shop_frame(site, titles[parts.path], pages[parts.path])
    if parts.path == "/products":
        return _shop_products(site, query)
    if parts.path == "/search":
        found = [p for p in PRODUCTS if query.get("q", "").lower() in p["name"].lower()]
        return _shop_frame(
            site, f"Results for {query.get('q', '')}", _product_table(found[:10], {}) if found else "None."
        )
    if parts.path == "/stock":
        return _shop_stock(site)
    if parts.path == "/contact":
        return _shop_frame(site, "Contact", CONTACT.format(token=f"{time.time_ns():x}"))
    if parts.path == "/basket":
        items = "".join(f"<li>{item}</li>" for item in site.data.get("basket", []))
        return _shop_frame(site, "Basket", f"<ul>{items}</ul>")
    number = parts.path.removeprefix("/product/")
    if number.isdigit() and 1 <= int(number) <= len(PRODUCTS):
        return _shop_product(site, PRODUCTS[int(number) - 1])
    return gone()


def _shop_post(site: Served, path: str, asked: Asked) -> Reply:
    fields = {key: values[-1] for key, values in parse_qs(asked.body).items()}
    if path == "/contact":
        site.data.setdefault("messages", []).append(fields)
        return redirect("/thanks")
    if path == "/basket":
        name = PRODUCTS[int(fields["product"]) - 1]["name"]
        site.data.setdefault("basket", []).append(f"{fields.get('quantity', '1')} x {name}")
        return redirect("/basket")
    return gone()
