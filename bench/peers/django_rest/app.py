"""The WSGI application.

Follows: https://docs.djangoproject.com/en/5.2/howto/deployment/wsgi/gunicorn/
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers.django_rest.settings")
application = get_wsgi_application()
