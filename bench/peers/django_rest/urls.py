"""Where the views are."""

from bench.peers.django_rest import views
from django.urls import path

urlpatterns = [
    path("livez", views.livez),
    path("api/catalog/v1/products", views.ProductList.as_view()),
    path("api/catalog/v1/products/<uuid:pk>", views.ProductDetail.as_view()),
    path("api/orders/v1/orders:checkout", views.Checkout.as_view()),
    path("api/orders/v1/history", views.HistoryList.as_view()),
]
