/** Buy something: log in, fill a basket, check out, and what is refused on the way. */
import {
    accountsTokensCreate, catalogProductsGet, ordersCustomersCreate, ordersCustomersGet, ordersCustomersPatch,
    ordersOrdersCheckout, ordersOrdersGet, ordersOrdersPay, type Problem,
} from "./shop";
import { createClient } from "./shop/client";
import { shown } from "./shown";

export async function checkout(baseUrl: string, user: string, password: string, plenty: string, few: string) {
    const throwOnError = true;
    const { data: minted } = await accountsTokensCreate({
        client: createClient({ baseUrl }), body: { user, password, expires_in: 600 }, throwOnError,
    });
    const client = createClient({ baseUrl, auth: minted.token });
    const { data: customer } = await ordersCustomersCreate({ client, body: { name: "Ann" }, throwOnError });
    const { data: product } = await catalogProductsGet({ client, path: { id: plenty }, throwOnError });
    const basket = (ofFew: number) => ({
        customer_id: shown(customer.id),
        lines: [
            { product_id: plenty, quantity: 2, expected_price: product.price },
            { product_id: few, quantity: ofFew },
        ],
    });

    const refused = await ordersOrdersCheckout({ client, body: basket(1000) });
    const headers = { "Idempotency-Key": `first-${customer.id}` };
    const made = await ordersOrdersCheckout({ client, headers, body: basket(1), throwOnError });
    const again = await ordersOrdersCheckout({ client, headers, body: basket(1), throwOnError });
    const path = { id: shown(made.data.id) };
    const query = { expand: "customer,lines.product" };
    const { data: order } = await ordersOrdersGet({ client, path, query, throwOnError });
    const { data: paid } = await ordersOrdersPay({ client, path, throwOnError });

    const who = { id: shown(customer.id) };
    const before = await ordersCustomersGet({ client, path: who, throwOnError });
    const tag = { "If-Match": before.response.headers.get("ETag") ?? "" };
    const changed = await ordersCustomersPatch({
        client, path: who, headers: tag, body: { name: "Anne" }, throwOnError,
    });
    const stale = await ordersCustomersPatch({ client, path: who, headers: tag, body: { name: "Anna" } });
    return {
        refused: problem(refused),
        status: [made.response.status, again.response.status],
        replayed: again.data.id === made.data.id,
        lines: shown(order.lines).map((line) => [line.quantity, line.amount?.amount]),
        total: order.total,
        expanded: [order.customer?.name, order.lines?.[0]?.product?.sku],
        state: [order.state, paid.state],
        changed: changed.data.name,
        stale: problem(stale),
    };
}

/** Status, code, where. */
function problem({ error, response }: { error?: Problem; response: Response }) {
    return [response.status, shown(error).code, (shown(error).errors ?? []).map((one) => one.pointer)];
}
