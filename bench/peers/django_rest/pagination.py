"""Cursors, and the shape of a page.

Follows: https://www.django-rest-framework.org/api-guide/pagination/#cursorpagination
"""

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class ShopPagination(CursorPagination):
    page_size = 50
    max_page_size = 500
    page_size_query_param = "limit"

    def get_page_size(self, request):
        """The framework takes its default for a limit that it cannot read; a client wants to know."""
        given = request.query_params.get("limit", "1")
        if not given.isdigit() or not 1 <= int(given) <= self.max_page_size:
            raise ValidationError({"limit": "must be a number from 1 to 500"})
        return super().get_page_size(request)

    def get_paginated_response(self, data):
        return Response(
            {"items": data, "next": self.get_next_link(), "prev": self.get_previous_link()}
        )


class ByTitle(ShopPagination):
    ordering = ("title", "id")


class ById(ShopPagination):
    ordering = ("id",)
