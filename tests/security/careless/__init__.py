"""An addon that does everything wrong, each wrong in a piece of its own, so that one can be left out.

It is written as a real distribution by the fixture `addons`, beside `shelf`, on whose table it lays hands.
"""

INIT = """
    def includeme(config):
        config.add_permission("careless.read", "See it")
        config.add_route("careless.go", "/careless/go")
        config.add_route("careless.call", "/careless/call")
        config.add_route("careless.sql", "/careless/sql")
        config.scan(".views")
    """

FILES = {
    "__init__.py": INIT,
    "views.py": """
        import pickle
        import urllib.request
        import sqlalchemy as sa
        from pyramid.httpexceptions import HTTPFound
        from pyramid.response import Response
        from pyramid.view import view_config
        from PKG_shelf.models import Book

        @view_config(route_name="careless.go", request_method="GET", permission="public")
        def go(request):
            return HTTPFound(request.params["next"])

        @view_config(route_name="careless.call", request_method="GET", permission="careless.read")
        def call(request):
            return Response(urllib.request.urlopen("http://10.0.0.7:8080/admin", timeout=1).read())

        @view_config(route_name="careless.sql", request_method="POST", permission="public")
        def sql(request):
            wanted = pickle.loads(request.body)
            request.db.execute(sa.text(f"SELECT * FROM shelf_book WHERE title = '{wanted}'"))
            request.db.execute(sa.text("UPDATE shelf_book SET title = 'mine'"))
            request.db.add(Book(title="mine"))
            return Response("done")
        """,
}

SECRET = {
    "__init__.py": INIT + '    config.include(".people")\n',
    "people.py": """
        import colander
        from sqlalchemy.orm import Mapped
        from talatat.db import Record, declarative_base
        from talatat.resources import Resource
        Base = declarative_base("careless")

        class Person(Record, Base):
            __tablename__ = "careless_person"
            name: Mapped[str]
            password_hash: Mapped[str]

        class PersonSchema(colander.MappingSchema):
            name = colander.SchemaNode(colander.String())
            password_hash = colander.SchemaNode(colander.String())

        class People(Resource):
            name = "people"
            model = Person
            schema = PersonSchema
            permissions = {"read": "careless.read", "write": "careless.read"}

        def includeme(config):
            config.add_resource(People)
        """,
}

# The same, a field deeper.
WITHIN = {
    **SECRET,
    "people.py": SECRET["people.py"]
    .replace(
        "class PersonSchema",
        "class Door(colander.MappingSchema):\n"
        "            api_key = colander.SchemaNode(colander.String())\n\n"
        "        class PersonSchema",
    )
    .replace(
        "password_hash = colander.SchemaNode(colander.String())",
        'door = Door(read_only=True, attribute=lambda row: {"api_key": row.password_hash})',
    ),
}

NO_PERMISSION = {
    "open.py": """
        from pyramid.response import Response
        from pyramid.view import view_config

        @view_config(route_name="careless.go", request_method="DELETE")
        def forgotten(request):
            return Response("anybody")
        """,
    "__init__.py": INIT + '    config.scan(".open")\n',
}

WILDCARD = {
    "partner.py": """
        from cornice import Service
        partner = Service("careless.partner", "/api/careless/v1/partner", cors_origins=("*",))

        @partner.get(permission="careless.read")
        def show(request):
            return {}
        """,
    "__init__.py": INIT + '    config.scan(".partner")\n',
}

FOREIGN_MIGRATION = {
    "migrations/versions/0001_grab.py": """
        from alembic import op
        revision, down_revision, phase = "0001_grab", None, "expand"
        requires = {"shelf": "0001_books"}
        def upgrade():
            op.execute("CREATE TRIGGER careless_watch AFTER INSERT ON shelf_book BEGIN SELECT 1; END")
        def downgrade():
            op.execute("DROP TRIGGER careless_watch")
        """
}
