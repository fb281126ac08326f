// A shop's app: what its sellers have, what they sold, what was shipped. Its page, its webhooks and its feed in one process:
// SHOP_DATABASE_URL, SELLERBEAT_URL and SELLERBEAT_TOKEN are needed; HERE, PORT and WEBHOOK_SECRET may be given.

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";

import pg from "pg";

import { Feed, Sellerbeat, nodeHandler, pgPosition } from "@sellerbeat/client";
import type { InventoryItem, Listing } from "@sellerbeat/client";

const { SHOP_DATABASE_URL, SELLERBEAT_URL = "", SELLERBEAT_TOKEN = "", WEBHOOK_SECRET, PORT = "5000", HERE = `http://localhost:${PORT}` } = process.env;
const TABLES = `
  CREATE TABLE IF NOT EXISTS items (
    seller_id text, id text, title text, available int, out_of_stock_since timestamptz, PRIMARY KEY (seller_id, id));
  CREATE TABLE IF NOT EXISTS sales (
    seller_id text, line_item_id text, order_id text NOT NULL, item_id text, quantity int, sold_at timestamptz, shipped_at timestamptz,
    PRIMARY KEY (seller_id, line_item_id));
  CREATE INDEX IF NOT EXISTS sales_order ON sales (order_id);
  CREATE TABLE IF NOT EXISTS notices (id bigserial PRIMARY KEY, seller_id text NOT NULL, item_id text NOT NULL, text text NOT NULL)`;

export const pool = new pg.Pool({ connectionString: SHOP_DATABASE_URL });
export const position = pgPosition(pool);
export const feed = new Feed<pg.PoolClient>(SELLERBEAT_URL, SELLERBEAT_TOKEN);
const beat = new Sellerbeat(SELLERBEAT_URL, SELLERBEAT_TOKEN);

feed.on(["inventory.created", "inventory.updated"], async ({ seller_id, entity_id, data }, client) => {
  await client.query(
    `INSERT INTO items (seller_id, id, title, available) VALUES ($1, $2, $3, $4) ON CONFLICT (seller_id, id) DO UPDATE
     SET title = $3, available = $4, out_of_stock_since = CASE WHEN $4 > 0 THEN NULL ELSE items.out_of_stock_since END`,
    [seller_id, entity_id, title(data), left(data)],
  );
});

feed.on("inventory.removed", async ({ seller_id, entity_id }, client) => {
  await client.query("DELETE FROM items WHERE seller_id = $1 AND id = $2", [seller_id, entity_id]);
});

feed.on("inventory.out_of_stock", async ({ seller_id, entity_id, occurred_at, data }, client) => {
  await client.query("UPDATE items SET out_of_stock_since = $3 WHERE seller_id = $1 AND id = $2", [seller_id, entity_id, occurred_at]);
  const text = `${title(data) ?? entity_id} is sold out`;
  await client.query("INSERT INTO notices (seller_id, item_id, text) VALUES ($1, $2, $3)", [seller_id, entity_id, text]);
});

feed.on("inventory.sold", async ({ seller_id, entity_id, data }, client) => {
  await client.query(
    "INSERT INTO sales (seller_id, line_item_id, order_id, item_id, quantity, sold_at) VALUES ($1, $2, $3, $4, $5, $6)",
    [seller_id, data.lineItemId, data.orderId, entity_id, data.quantity, data.soldAt],
  );
});

feed.on("fulfillment.created", async ({ seller_id, entity_id, occurred_at }, client) => {
  const [order] = entity_id.split("/");
  await client.query("UPDATE sales SET shipped_at = $3 WHERE seller_id = $1 AND order_id = $2", [seller_id, order, occurred_at]);
});

function left(stock: InventoryItem | Listing): number | null {
  return isListing(stock) ? (stock.available ?? null) : (stock.availability?.shipToLocationAvailability?.quantity ?? null);
}

function title(stock: InventoryItem | Listing): string | null {
  return (isListing(stock) ? stock.title : stock.product?.title) ?? null;
}

function isListing(stock: InventoryItem | Listing): stock is Listing {
  return "itemId" in stock;
}

async function page(seller: string): Promise<string> {
  const rows = async <Row>(statement: string): Promise<Row[]> => (await pool.query(statement, [seller])).rows as Row[];
  const items = await rows<{ name: string; available: number }>("SELECT coalesce(title, id) AS name, available FROM items WHERE seller_id = $1 ORDER BY id");
  const sales = await rows<{ order_id: string; shipped_at: Date | null }>("SELECT order_id, shipped_at FROM sales WHERE seller_id = $1 ORDER BY sold_at");
  const notices = await rows<{ text: string }>("SELECT text FROM notices WHERE seller_id = $1 ORDER BY id");
  return `<!doctype html><meta charset="utf-8"><title>Shop</title>
<form method="post" action="${encodeURIComponent(seller)}/connect"><button>Connect eBay</button></form>
${notices.map(({ text }) => `<p role="alert">${escaped(text)}</p>`).join("")}
<h2>Items</h2><ul>${items.map(({ name, available }) => `<li>${escaped(name)}: ${available}</li>`).join("")}</ul>
<h2>Sales</h2><ul>${sales.map((sale) => `<li>${escaped(sale.order_id)}: ${sale.shipped_at ? "shipped" : "open"}</li>`).join("")}</ul>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, seller = "", act] = /^\/sellers\/([^/?]+)(\/connect)?$/.exec(request.url ?? "") ?? [];
  if (deliver && request.url === "/sellerbeat") await deliver(request, response);
  else if (seller && act && request.method === "POST") {
    const link = await beat.link(decodeURIComponent(seller), { return_to: `${HERE}/sellers/${seller}`, app: "Shop" });
    response.writeHead(303, { location: link.url }).end();
  } else if (seller && !act) response.writeHead(200, { "content-type": "text/html" }).end(await page(decodeURIComponent(seller)));
  else response.writeHead(404).end();
}

const deliver = WEBHOOK_SECRET && nodeHandler(feed.receiver(position), WEBHOOK_SECRET);

export const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

export async function createTables(): Promise<void> {
  await pool.query(TABLES);
  await position.createTables();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await createTables();
  server.listen(Number(PORT));
  process.once("SIGTERM", () => feed.stop());
  await feed.run(position);
  server.close();
  await pool.end();
}
