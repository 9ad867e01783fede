"""The views.

Follows: https://www.django-rest-framework.org/api-guide/generic-views/ ,
https://www.django-rest-framework.org/api-guide/filtering/#filtering-against-query-parameters and
https://docs.djangoproject.com/en/5.2/ref/models/querysets/#select-for-update
"""

from collections import Counter

from bench.peers.django_rest.models import SHOWN, Customer, HistoryLine, Order, OrderLine, Product
from bench.peers.django_rest.pagination import ById, ByTitle
from bench.peers.django_rest.security import may, needs
from bench.peers.django_rest.serializers import (
    CheckoutSerializer,
    HistorySerializer,
    OrderSerializer,
    ProductSerializer,
    StockSerializer,
)
from bench.peers.domain import minor_of, now
from django.db import transaction
from rest_framework import generics, status, views
from rest_framework.decorators import api_view
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = "The basket is not what the shop has"


class PreconditionFailed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = "The product has changed since"


@api_view(["GET"])
def livez(request):
    """That the process answers."""
    return Response({"status": "ok"})


class ProductList(generics.ListAPIView):
    serializer_class = ProductSerializer
    pagination_class = ByTitle

    def get_queryset(self):
        asked = self.request.query_params
        missing = {"title[contains]", "supplier"} - asked.keys()
        if missing or asked.get("sort", "title") != "title":
            raise ValidationError(dict.fromkeys(missing, "is missing") or {"sort": "title only"})
        return Product.objects.only(*SHOWN).filter(
            title__contains=asked["title[contains]"], supplier=asked["supplier"]
        )


class ProductDetail(generics.RetrieveAPIView):
    serializer_class = ProductSerializer
    queryset = Product.objects.only(*SHOWN, "version")

    def get_permissions(self):
        return [needs("catalog.write")()] if self.request.method == "PATCH" else []

    def retrieve(self, request, *args, **kwargs):
        return self.answer(self.get_object())

    def patch(self, request, *args, **kwargs):
        """Change a product that is as it was read."""
        product = self.get_object()
        if request.headers.get("If-Match") != f'"{product.version}"':
            raise PreconditionFailed
        body = StockSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = Product.objects.filter(pk=product.pk, version=product.version)
        product.stock, product.updated_at = body.validated_data["stock"], now()
        product.version += 1
        if not changed.update(
            stock=product.stock, version=product.version, updated_at=product.updated_at
        ):
            raise PreconditionFailed
        return self.answer(product)

    def answer(self, product):
        """A product with its ETag."""
        serializer = self.get_serializer(product)
        return Response(serializer.data, headers={"ETag": f'"{product.version}"'})


class Checkout(views.APIView):
    permission_classes = [needs("orders.checkout")]

    def post(self, request):
        """Place an order: all lines or none."""
        body = CheckoutSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            order = place(request, body.validated_data)
        return Response(
            OrderSerializer(order).data,
            status.HTTP_201_CREATED,
            headers={"Location": f"/api/orders/v1/orders/{order.pk}"},
        )


def place(request, basket):
    """The order, written in the transaction at hand."""
    me = str(request.user.id)
    customer = Customer.objects.filter(pk=basket["customer_id"]).first()
    if customer is None or not (customer.user_id in (None, me) or may(request, "orders.read_all")):
        raise ValidationError({"customer_id": "There is no such customer"})
    lines = basket["lines"]
    wanted = {line["product_id"] for line in lines}
    found = (
        Product.objects.select_for_update()
        .only("id", "sku", "title", "price_minor", "currency", "stock", "version")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    products = {product.pk: product for product in found}
    if len(products) < len(wanted):
        raise ValidationError({"lines": "There is no such product"})
    take(lines, products)
    amounts = [line["quantity"] * products[line["product_id"]].price_minor for line in lines]
    order = Order.objects.create(
        customer=customer,
        currency=products[lines[0]["product_id"]].currency,
        placed_by=me,
        total_minor=sum(amounts),
    )
    order.new_lines = OrderLine.objects.bulk_create(
        line_of(order, at, line, products[line["product_id"]]) for at, line in enumerate(lines)
    )
    return order


def take(lines, products):
    """Take the stock; 409 where stock or prices are not as the buyer thinks."""
    taken = Counter()
    for line in lines:
        product = products[line["product_id"]]
        taken[product.pk] += line["quantity"]
        if product.stock is not None and taken[product.pk] > product.stock:
            raise Conflict("There is not enough left")
        expected = line.get("expected_price")
        if expected is not None and minor_of(expected["amount"]) != product.price_minor:
            raise Conflict("A price has changed")
    if len({product.currency for product in products.values()}) > 1:
        raise ValidationError({"lines": "An order has one currency"})
    for product in products.values():
        if product.stock is not None:
            product.stock -= taken[product.pk]
            product.version += 1
    Product.objects.bulk_update(products.values(), ["stock", "version"])


def line_of(order, position, line, product):
    """A line of an order."""
    return OrderLine(
        order=order,
        position=position,
        product=product,
        sku=product.sku,
        title=product.title,
        quantity=line["quantity"],
        unit_price_minor=product.price_minor,
        amount_minor=line["quantity"] * product.price_minor,
    )


class HistoryList(generics.ListAPIView):
    serializer_class = HistorySerializer
    pagination_class = ById
    permission_classes = [needs("orders.read_all")]
    queryset = HistoryLine.objects.all()
