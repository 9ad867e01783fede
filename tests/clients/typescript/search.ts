/** Find something: text, filters, order, pages of 20, and by a tree of conditions. */
import { catalogProductsList, catalogProductsSearch } from "./shop";
import { createClient } from "./shop/client";
import { shown } from "./shown";

export async function search(baseUrl: string) {
    const client = createClient({ baseUrl });
    const query = { q: "lamp", "price[gte]": "20.00 EUR", supplier: "Brass & Sons", sort: "-price", limit: 20 };
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
        const { data } = await catalogProductsList({ client, query: { ...query, cursor }, throwOnError: true });
        pages.push(data.items.map((product) => shown(product.price).amount));
        cursor = (data.next && new URL(data.next).searchParams.get("cursor")) || undefined;
    } while (cursor);
    const refused = await catalogProductsList({ client, query: { ...query, sort: "colour" } });
    const { data: tree } = await catalogProductsSearch({
        client,
        body: {
            where: {
                and: [
                    { field: "attributes.material", op: "in", value: ["brass", "bronze"] },
                    { not: { field: "stock", op: "lt", value: 1000 } },
                ],
            },
            sort: "price",
            limit: 2,
        },
        throwOnError: true,
    });
    return {
        pages,
        tree: [tree.items.map((product) => product.sku), tree.next_cursor !== null],
        refused: [refused.response.status, refused.error?.code, refused.error?.errors?.[0]?.parameter],
    };
}
