"""What comes in and what goes out.

Follows: https://www.django-rest-framework.org/api-guide/serializers/
"""

from bench.peers.django_rest.models import HistoryLine, Order, OrderLine, Product
from bench.peers.domain import minor_of
from rest_framework import serializers


class MoneySerializer(serializers.Serializer):
    amount = serializers.CharField()
    currency = serializers.ChoiceField(["EUR"])

    def validate_amount(self, value):
        """Refuse what is no amount."""
        try:
            minor_of(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None
        return value


class ProductSerializer(serializers.ModelSerializer):
    price = serializers.ReadOnlyField()

    class Meta:
        model = Product
        fields = "id sku title supplier price stock created_at updated_at".split()
        read_only_fields = "id sku title supplier created_at updated_at".split()


class StockSerializer(serializers.Serializer):
    stock = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class WantedSerializer(serializers.Serializer):
    product_id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    expected_price = MoneySerializer(required=False, allow_null=True)


class CheckoutSerializer(serializers.Serializer):
    customer_id = serializers.UUIDField()
    lines = WantedSerializer(many=True, allow_empty=False, max_length=1000)


class LineSerializer(serializers.ModelSerializer):
    product_id = serializers.UUIDField()
    unit_price = serializers.ReadOnlyField()
    amount = serializers.ReadOnlyField()

    class Meta:
        model = OrderLine
        fields = "product_id sku title quantity unit_price amount".split()


class OrderSerializer(serializers.ModelSerializer):
    customer_id = serializers.UUIDField()
    lines = LineSerializer(many=True, source="new_lines")
    total = serializers.ReadOnlyField()

    class Meta:
        model = Order
        fields = (
            "id customer_id state lines total paid_at shipped_at cancelled_at created_at".split()
        )


class HistorySerializer(serializers.ModelSerializer):
    unit_price = serializers.ReadOnlyField()
    amount = serializers.ReadOnlyField()

    class Meta:
        model = HistoryLine
        fields = (
            "id stock_code description quantity unit_price amount invoiced_at duplicate".split()
        )
