"""The database of the application.

Follows: https://flask-sqlalchemy.readthedocs.io/en/stable/quickstart/ (a model class of one's own)
"""

from bench.peers.models import Base
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy(model_class=Base)
