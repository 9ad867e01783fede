"""The application.

Follows: https://flask.palletsprojects.com/en/stable/patterns/appfactories/ ,
https://flask.palletsprojects.com/en/stable/errorhandling/ and
https://flask.palletsprojects.com/en/stable/deploying/gunicorn/
"""

import os
from typing import Any

from bench.peers.flask_sqlalchemy import orders, products
from bench.peers.flask_sqlalchemy.database import db
from flask import Flask, jsonify
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException


def create_app() -> Flask:
    """Make the application."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": 10,
        "connect_args": {"options": "-c timezone=UTC -c plan_cache_mode=force_custom_plan"},
    }
    db.init_app(app)
    app.register_blueprint(products.blueprint)
    app.register_blueprint(orders.blueprint)

    @app.get("/livez")
    def livez() -> Any:
        return jsonify(status="ok")

    @app.errorhandler(ValidationError)
    def invalid(error: ValidationError) -> Any:
        return jsonify(errors=error.normalized_messages()), 422

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Any:
        return jsonify(detail=error.description), error.code

    return app


application = create_app()
