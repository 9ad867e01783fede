"""Schemas: colander declares them, this room reads bodies by them and tells them as JSON Schema.

types       UUID, Timestamp, Decimal, Money, OpenMap, AnyJSON: values as all APIs word them
urls        Url: what may be called later
derive      a schema from a mapped class
reading     schemas compiled to strict readers of JSON documents
faults      colander's errors as `errors` of a problem, with JSON pointers
body        the bytes of a request to a document: 400, 413, 415
document    JSON Schema 2020-12 from colander
"""

from talatat.schema.derive import schema_of
from talatat.schema.document import json_schema
from talatat.schema.faults import Fault, fault, faults_of
from talatat.schema.reading import INVALID, compile_reader
from talatat.schema.types import UUID, AnyJSON, Decimal, JSONType, Money, OpenMap, Timestamp
from talatat.schema.urls import Url

__all__ = [
    "INVALID",
    "UUID",
    "AnyJSON",
    "Decimal",
    "Fault",
    "JSONType",
    "Money",
    "OpenMap",
    "Timestamp",
    "Url",
    "compile_reader",
    "fault",
    "faults_of",
    "json_schema",
    "schema_of",
]
