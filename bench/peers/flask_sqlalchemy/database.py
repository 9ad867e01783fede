"""The database of the application.

Follows: https://flask-sqlalchemy.readthedocs.io/en/stable/quickstart/
"""

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
