"""The shop's tables, which Django does not manage.

Follows: https://docs.djangoproject.com/en/5.2/howto/legacy-databases/ and
https://docs.djangoproject.com/en/5.2/topics/composite-primary-key/
"""

from uuid import UUID

from bench.peers.domain import four_places, money, new_id, now
from django.db import models


def new_uuid():
    """A new id."""
    return UUID(new_id())


class Group(models.Model):
    id = models.UUIDField(primary_key=True)

    class Meta:
        managed = False
        db_table = "accounts_group"


class User(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=100)
    active = models.BooleanField()
    groups = models.ManyToManyField(Group, through="Membership")

    is_authenticated = True

    class Meta:
        managed = False
        db_table = "accounts_user"


class Membership(models.Model):
    pk = models.CompositePrimaryKey("user_id", "group_id")
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    group = models.ForeignKey(Group, on_delete=models.CASCADE)

    class Meta:
        managed = False
        db_table = "accounts_membership"


class Grant(models.Model):
    id = models.UUIDField(primary_key=True)
    role = models.CharField(max_length=100)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="grants")
    group = models.ForeignKey(Group, null=True, on_delete=models.CASCADE, related_name="grants")

    class Meta:
        managed = False
        db_table = "accounts_grant"


class Token(models.Model):
    id = models.UUIDField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(null=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "accounts_token"


class Product(models.Model):
    id = models.UUIDField(primary_key=True, default=new_uuid)
    version = models.IntegerField(default=1)
    source_id = models.CharField(max_length=100, null=True, unique=True)
    sku = models.CharField(max_length=255, db_index=True)
    title = models.CharField(max_length=500, db_index=True)
    description = models.TextField(default="")
    ean = models.JSONField(default=list)
    supplier = models.CharField(max_length=200, default="", db_index=True)
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    stock = models.IntegerField(null=True)
    attributes = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        managed = False
        db_table = "catalog_product"

    @property
    def price(self):
        """The price as money."""
        return money(self.price_minor, self.currency)


#: What a list of products shows.
SHOWN = "id sku title supplier price_minor currency stock created_at updated_at".split()


class Customer(models.Model):
    id = models.UUIDField(primary_key=True)
    user_id = models.CharField(max_length=64, null=True)

    class Meta:
        managed = False
        db_table = "orders_customer"


class Order(models.Model):
    id = models.UUIDField(primary_key=True, default=new_uuid)
    version = models.IntegerField(default=1)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    state = models.CharField(max_length=16, default="placed")
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    placed_by = models.CharField(max_length=64, null=True)
    paid_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(default=now)

    class Meta:
        managed = False
        db_table = "orders_order"

    @property
    def total(self):
        """The sum of the lines as money."""
        return money(self.total_minor, self.currency)


class OrderLine(models.Model):
    pk = models.CompositePrimaryKey("order_id", "position")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.IntegerField()
    product = models.ForeignKey(Product, null=True, on_delete=models.SET_NULL)
    sku = models.CharField(max_length=255, null=True)
    title = models.CharField(max_length=500)
    quantity = models.IntegerField()
    unit_price_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "orders_order_line"

    @property
    def unit_price(self):
        """What one cost."""
        return money(self.unit_price_minor, self.order.currency)

    @property
    def amount(self):
        """What the line cost."""
        return money(self.amount_minor, self.order.currency)


class HistoryLine(models.Model):
    id = models.UUIDField(primary_key=True)
    stock_code = models.CharField(max_length=40)
    description = models.CharField(max_length=500, null=True)
    quantity = models.IntegerField()
    unit_price_scaled = models.BigIntegerField(db_column="unit_price")
    amount_scaled = models.BigIntegerField(db_column="amount")
    invoiced_at = models.DateTimeField()
    duplicate = models.BooleanField()

    class Meta:
        managed = False
        db_table = "orders_history_line"

    @property
    def unit_price(self):
        """What one cost, exactly."""
        return four_places(self.unit_price_scaled)

    @property
    def amount(self):
        """What the line cost, exactly."""
        return four_places(self.amount_scaled)
